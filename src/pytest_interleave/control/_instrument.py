"""Chooses how accesses become scheduling points: `sys.monitoring` where there is one, else a trace function.

From 3.12 on, monitoring costs nothing at instructions of no interest, leaves the trace function to coverage tools
and debuggers, and may read a frame's variables safely. On 3.11 a trace function with opcode events is all there is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType
from typing import Any, Protocol

from . import _current
from ._accesses import FileFacts, accesses_of, facts_of_file
from ._operations import Operation
from ._tasks import Task


class Engine(Protocol):
    """Turns the accesses of code in scope into scheduling points."""

    #: To be called in each controlled thread before its code, where the engine needs that.
    trace: Callable[[Task], None] | None

    def on(self) -> None:
        """From now on."""

    def off(self) -> None:
        """No longer; code runs at full speed."""


class Tables:
    """The accesses of each code object, worked out when it first runs."""

    def __init__(self) -> None:
        self._facts: dict[str, FileFacts | None] = {}
        #: By `id` of the code object, because hashing one reads all of it; the codes are kept alive beside.
        self.by_id: dict[int, dict[int, Operation]] = {}
        self.codes: list[CodeType] = []

    def add(self, code: CodeType, namespace: dict[str, Any]) -> dict[int, Operation]:
        """Work out the accesses of `code`."""
        filename = code.co_filename
        if filename not in self._facts:
            self._facts[filename] = facts_of_file(filename)
        table = accesses_of(code, namespace, self._facts[filename])
        self.by_id[id(code)] = table
        self.codes.append(code)
        return table

    def in_scope(self, code: CodeType) -> bool:
        """Whether the code is in scope and has accesses at all."""
        return _current.scope.holds_code(code) and bool(code.co_flags & 0x1)


_engines: list[Engine] = []


def engine() -> Engine:
    """The engine of this interpreter, made once."""
    if not _engines:
        tables = Tables()
        if sys.version_info >= (3, 12):
            from ._monitoring import MonitoringEngine

            _engines.append(MonitoringEngine(tables))
        else:
            from ._settrace import TraceEngine

            _engines.append(TraceEngine(tables))
    return _engines[0]
