"""Failing schedules of earlier runs, in pytest's cache: the next run tries them first."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ..explore import Token, TokenError
from ._given import REMEMBERED, Given

#: A schedule is forgotten when it has passed so many times in a row.
PASSES = 3
#: So many are remembered for each test, the last ones.
MOST = 5
_VERSION = 1


class _Remembered(NamedTuple):
    token: str
    passes: int


class Memory:
    """What is remembered, by node id.

    `trouble` says what is wrong with the cache, if anything is; then there is nothing to remember.
    """

    def __init__(self, config: pytest.Config, *, forget: bool) -> None:
        self.trouble: str | None = None
        self._cache = getattr(config, "cache", None)
        self._failures: dict[str, list[_Remembered]] = {}
        self._changed = forget
        if self._cache is not None and not forget:
            self._read(Path(self._cache._cachedir) / "d" / "interleave" / "failures.json")

    def given(self, nodeid: str) -> list[Given]:
        """The schedules to be tried first for a test, the last failure first."""
        found: list[Given] = []
        for remembered in self._failures.get(nodeid, ()):
            try:
                token = Token.parse(remembered.token)
                token.require_this_python()
            except TokenError:
                # Of another version, of Python or of this plugin: it may be used there again.
                continue
            found.append(Given(token, REMEMBERED))
        return found

    def take_in(self, rows: Iterable[dict[str, Any]]) -> None:
        """What came of the tests of a run."""
        for row in rows:
            known = self._failures.get(row["nodeid"], [])
            kept = [after for one in known if (after := _after(one, row.get("_remembered") or {})) is not None]
            token = row.get("_to_remember")
            if token is not None:
                kept = [_Remembered(token, 0), *(one for one in kept if one.token != token)][:MOST]
            if kept != known:
                self._changed = True
                self._failures[row["nodeid"]] = kept

    def write(self) -> None:
        """Keep it for the next run, if anything has changed."""
        if self._cache is None or not self._changed:
            return
        failures = {
            nodeid: [{"token": one.token, "passes": one.passes} for one in kept]
            for nodeid, kept in self._failures.items()
            if kept
        }
        text = json.dumps({"version": _VERSION, "failures": failures}, indent=1)
        try:
            path: Path = self._cache.mkdir("interleave") / "failures.json"
            # Whole or not at all: another run may read or write it at the same time.
            temporary = path.with_name(f"{path.name}.{os.getpid()}")
            temporary.write_text(text, "utf-8")
            temporary.replace(path)
        except OSError as error:
            self.trouble = f"the failing schedules cannot be remembered for the next run: {error}"

    def _read(self, path: Path) -> None:
        try:
            read = json.loads(path.read_text("utf-8"))
            if read["version"] != _VERSION:
                return
            self._failures = {
                str(nodeid): [_Remembered(str(one["token"]), int(one["passes"])) for one in kept]
                for nodeid, kept in read["failures"].items()
            }
        except FileNotFoundError:
            pass
        except OSError as error:
            self.trouble = f"the failing schedules of earlier runs cannot be read: {error}"
        except (ValueError, TypeError, KeyError, AttributeError):
            self._changed = True
            self.trouble = f"the failing schedules of earlier runs are forgotten: {path} is not as it was written"


def _after(one: _Remembered, tried: dict[str, bool]) -> _Remembered | None:
    """What is to be remembered of a schedule after a run in which some were tried."""
    found = tried.get(one.token)
    if found is None:
        return one
    if found:
        return one._replace(passes=0)
    return one._replace(passes=one.passes + 1) if one.passes + 1 < PASSES else None
