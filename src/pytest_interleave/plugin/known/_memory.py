"""Failing schedules of earlier runs, in pytest's cache: the next run tries them first."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ..settings._options import options_of
from ._known_schedules import REMEMBERED, KnownSchedule

#: A schedule is forgotten when it has passed this many times in a row.
PASSES = 3
#: At most this many schedules are remembered for each test: the last ones that failed.
MOST = 5
_VERSION = 1


class _Remembered(NamedTuple):
    token: str
    passes: int


class Memory:
    """The failing schedules of earlier runs, by node id.

    `trouble` says what is wrong with the cache, if anything is; then no schedules are known.
    """

    def __init__(self, config: pytest.Config, *, forget: bool) -> None:
        self.trouble: str | None = None
        self._cache = getattr(config, "cache", None)
        self._forget = forget
        self._damaged = False
        self._failures = self._read()

    def schedules_of(self, nodeid: str) -> list[KnownSchedule]:
        """Return the schedules to be tried first for a test, the last failure first."""
        from ...explore import Token, TokenError

        found: list[KnownSchedule] = []
        for remembered in self._failures.get(nodeid, ()):
            try:
                token = Token.parse(remembered.token)
                token.require_this_python()
            except TokenError:
                # Of another version, of Python or of this plugin: it may be used there again.
                continue
            found.append(KnownSchedule(token, REMEMBERED))
        return found

    def keep(self, rows: Iterable[dict[str, Any]]) -> None:
        """Save the failing schedules of this run for the next one; forget those that have passed often enough."""
        if self._cache is None:
            return
        # Read again: another run may have written in the meantime.
        failures = self._read()
        changed = self._forget or self._damaged
        for row in rows:
            known = failures.get(row["nodeid"], [])
            kept = [after for one in known if (after := _after(one, row.get("_remembered") or {})) is not None]
            token = row.get("_to_remember")
            if token is not None:
                kept = [_Remembered(token, 0), *(one for one in kept if one.token != token)][:MOST]
            if kept != known:
                changed = True
                failures[row["nodeid"]] = kept
        if changed:
            self._write(failures)

    def _write(self, failures: dict[str, list[_Remembered]]) -> None:
        assert self._cache is not None
        written = {
            nodeid: [{"token": one.token, "passes": one.passes} for one in kept]
            for nodeid, kept in failures.items()
            if kept
        }
        text = json.dumps({"version": _VERSION, "failures": written}, indent=1)
        temporary: Path | None = None
        try:
            path: Path = self._cache.mkdir("interleave") / "failures.json"
            # Either all of it or nothing: another run may read or write it at the same time.
            temporary = path.with_name(f"{path.name}.{os.getpid()}")
            temporary.write_text(text, "utf-8")
            temporary.replace(path)
        except OSError as error:
            self.trouble = f"cannot save failing schedules: {error}. The next run will not try them first."
            if temporary is not None:
                with contextlib.suppress(OSError):
                    temporary.unlink()

    def _read(self) -> dict[str, list[_Remembered]]:
        if self._cache is None or self._forget:
            return {}
        path = Path(self._cache._cachedir) / "d" / "interleave" / "failures.json"
        try:
            read = json.loads(path.read_text("utf-8"))
            if read["version"] != _VERSION:
                return {}
            return {
                str(nodeid): [_Remembered(str(one["token"]), int(one["passes"])) for one in kept]
                for nodeid, kept in read["failures"].items()
            }
        except FileNotFoundError:
            pass
        except OSError as error:
            self.trouble = f"cannot read saved schedules: {error}. This run does not try them first."
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            self._damaged = True
            self.trouble = f"ignoring saved schedules: {path} is corrupt"
        return {}


_memory_key = pytest.StashKey[Memory]()


def memory_of(config: pytest.Config) -> Memory:
    """Return the failing schedules of earlier runs; the first call reads them."""
    memory = config.stash.get(_memory_key, None)
    if memory is None:
        memory = config.stash[_memory_key] = Memory(config, forget=options_of(config).forget)
    return memory


def memory_trouble(config: pytest.Config) -> str | None:
    """Return what is wrong with the failing schedules of earlier runs; None if nothing is, or nothing was read."""
    memory = config.stash.get(_memory_key, None)
    return None if memory is None else memory.trouble


def _after(one: _Remembered, tried: dict[str, bool]) -> _Remembered | None:
    """Return what is saved of a schedule after a run, `tried` being what was found; None if it is forgotten."""
    found = tried.get(one.token)
    if found is None:
        return one
    if found:
        return one._replace(passes=0)
    return one._replace(passes=one.passes + 1) if one.passes + 1 < PASSES else None
