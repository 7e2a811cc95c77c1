"""The accesses of all code that has run in scope, kept for both engines."""

from __future__ import annotations

from types import CodeType
from typing import Any

from . import _current
from ._accesses import accesses_of
from ._file_facts import FileFacts, facts_of_file
from ._operations import Operation


class AccessTables:
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
