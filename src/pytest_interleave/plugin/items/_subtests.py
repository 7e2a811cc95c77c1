"""Makes a failing subtest a failure of its test; otherwise each schedule would report all of its subtests."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from ...control import Unwind
from ._workers import quiet_types


def with_gathered_subtests(body: Callable[[], object], fixture: Any) -> Callable[[], None]:
    """Return a function that runs `body`, and raises at its end what subtests of `fixture` have raised."""

    def run() -> None:
        __tracebackhide__ = True
        failed: list[BaseException] = []
        fixture.test = _gatherer(failed)
        try:
            body()
        except (Unwind, KeyboardInterrupt, pytest.exit.Exception):
            raise
        except BaseException as error:
            failed.append(error)
        raise_together(failed)

    return run


def _gatherer(failed: list[BaseException]) -> Callable[..., Any]:
    @contextlib.contextmanager
    def test(msg: str | None = None, **kwargs: Any) -> Iterator[None]:
        __tracebackhide__ = True
        try:
            yield
        except (Unwind, KeyboardInterrupt, pytest.exit.Exception):
            raise
        except quiet_types():
            # It ends the subtest, not the test.
            pass
        except BaseException as error:
            parts = [] if msg is None else [f"[{msg}]"]
            if kwargs:
                parts.append(f"({', '.join(f'{name}={value!r}' for name, value in kwargs.items())})")
            note_failure(failed, error, " ".join(parts) or "(<subtest>)")

    return test


def note_failure(failed: list[BaseException], error: BaseException, subtest: str) -> None:
    """Add what a subtest raised to what has `failed`."""
    error.add_note(f"in subtest {subtest}")
    failed.append(error)


def raise_together(raised: Sequence[BaseException]) -> None:
    """Raise the failures, as a group if there are several; a skip only if nothing failed."""
    __tracebackhide__ = True
    failed = [error for error in raised if not isinstance(error, quiet_types())] or raised[:1]
    if len(failed) == 1:
        raise failed[0]
    if failed:
        raise BaseExceptionGroup(f"{len(failed)} failures in one test", failed)
