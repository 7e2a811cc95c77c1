"""The accesses of all code that has run in scope, for both engines."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import CodeType
from typing import Any

from ..code._arithmetic import Reader
from ..code._calls_of_given import interesting
from ..code._file_facts import NO_FACTS, FileFacts, facts_of_file
from ..code._text_facts import TextFacts
from ..identity._kept import KeptByMethod, KeptObjects, is_method_of_kept
from ..identity._leaving import leaving_steps, leaving_steps_out_of_scope, may_be_called_within
from ..interpreter._frames import layout
from ..interpreter._opcodes import is_function_code
from ..scope import _current_scope
from ..scope._frozen import file_of
from ..scope._in_no_file import is_in_no_file, is_made_by_dataclasses
from ..scope._or_none import OrNone
from ..scope._places import is_ours
from ..steps._expected import listeners
from ..steps._operations import Operation
from ._accesses import accesses_of
from ._announced import AnnouncedCall, Arming, announced_calls
from ._assertions import unless_pytest_asks
from ._granted import Granted, running

#: An assumption about code, with `minds_start`, `begin` and `give_up`.
Assumption = Granted | KeptObjects | KeptByMethod | Arming


class AccessTables:
    """The accesses of each code object, determined when it first runs."""

    def __init__(self) -> None:
        #: The facts of each file by its name, with what the file system said of the file.
        self._facts: dict[str, tuple[tuple[float, int] | None, FileFacts | None]] = {}
        self._text_facts = TextFacts()
        #: By `id` of the code object, because hashing one reads all of it. `codes` keeps the code objects alive.
        self.by_id: dict[int, dict[int, Operation]] = {}
        self.codes: list[CodeType] = []
        #: The same for code that is not in scope: where it returns to C code.
        self.out_of_scope: dict[int, dict[int, Operation]] = {}
        #: The calls of what the standard library was given, by the `id` of the code that makes them, and that code.
        self.callers: dict[int, dict[int, AnnouncedCall]] = {}
        self.codes_of_callers: list[CodeType] = []
        #: The code of the standard library that makes no such calls.
        self._without_calls: list[CodeType] = []
        #: Whether there may be such calls that are of interest in this test.
        self.arming = Arming()
        #: Whether functions of the standard library have begun that were not searched for such calls.
        self.has_passed_over = False
        #: Some code is made again in each execution: the first code object stands for all equal ones.
        self._first_alike: dict[tuple[str, CodeType], CodeType] = {}
        #: Code that is kept no longer than a test.
        self._passing: list[CodeType] = []
        #: Code that is run within one instruction of other code, by `id`.
        self._expected: dict[int, CodeType] = {}
        #: Called with code whose accesses have changed.
        self.changed: Callable[[CodeType], None] = _ignore
        #: The assumptions about code that let accesses be left alone, by `id`.
        self.assumptions: OrNone[int, tuple[Assumption, ...]] = OrNone()
        listeners.append(self._expect)

    def add(self, code: CodeType, namespace: dict[str, Any]) -> dict[int, Operation]:
        """Determine the accesses of `code`, which runs with the globals `namespace`."""
        filename = code.co_filename
        known = self._first_alike.setdefault((filename, code), code)
        in_no_file = is_in_no_file[filename]
        facts = self._text_facts.of(known, namespace) if in_no_file else self._facts_of(file_of[filename])
        if in_no_file or known is not code:
            self._passing.append(code)
        table, unforeseen = accesses_of(known, namespace, facts)
        self.by_id[id(code)] = table
        if filename in _current_scope.scope.parts:
            for operation in table.values():
                operation.touch = unless_pytest_asks(operation.touch)
        if layout is not None:
            assumptions = self._assumptions(code, known, table, namespace, facts, unforeseen)
            if assumptions:
                self.assumptions[id(code)] = assumptions
                if sum(each is code for each in running()) > 1:
                    # An earlier call began while it was not watched.
                    self.give_up(code)
        if id(code) in self._expected or may_be_called_within(code):
            table.update(leaving_steps(code, known, self.by_id))
        self.codes.append(code)
        return table

    def _assumptions(
        self,
        code: CodeType,
        known: CodeType,
        table: dict[int, Operation],
        namespace: dict[str, Any],
        facts: FileFacts | None,
        unforeseen: frozenset[int],
    ) -> tuple[Assumption, ...]:
        def changed(code: CodeType) -> None:
            self.changed(code)

        found: list[Assumption] = []
        if facts is not None:
            kept = KeptObjects(code, table, changed, namespace, facts, unforeseen)
            if kept.exist:
                found.append(kept)
            if is_method_of_kept(code):
                found.append(KeptByMethod(code, table, changed))
        if self._hands_over(code, facts):
            found.append(self.arming)
        if unforeseen:
            reader = Reader(known, unforeseen & table.keys(), namespace, (facts or NO_FACTS).assigned_globals)
            granted = Granted(code, table, reader, changed)
            granted.apply()
            if granted.holds:
                found.append(granted)
        return tuple(found)

    def _hands_over(self, code: CodeType, facts: FileFacts | None) -> bool:
        """Whether functions written in C may have been handed over when `code`, which is in scope, has run."""
        if code.co_filename in _current_scope.scope.parts:
            return False
        return not is_made_by_dataclasses(code) if facts is None else facts.handed_over.by(code)

    def begin(self) -> None:
        """Prepare for a test: the beginnings of calls that are running now were not watched."""
        self.arming.armed = False
        if self.assumptions:
            for code in running():
                self.give_up(code)

    def give_up(self, code: CodeType) -> bool:
        """Drop all assumptions about `code`, if a call of it started unwatched; return whether there were any."""
        assumptions = self.assumptions.get(id(code), ())
        for assumption in assumptions:
            assumption.give_up()
        return bool(assumptions)

    def add_out_of_scope(self, code: CodeType) -> bool:
        """Determine the steps of `code`, which is not in scope; return whether it has any."""
        if not may_be_called_within(code) or is_ours(code.co_filename):
            return False
        self._add_steps(code)
        return True

    def calls_in(self, code: CodeType, namespace: dict[str, Any]) -> dict[int, AnnouncedCall]:
        """Return the calls in `code`, which is not in scope, of what it was given; none if there is no need to know."""
        known = self.callers.get(id(code))
        if not self.arming.armed:
            self.has_passed_over = self.has_passed_over or (known is None and interesting[code.co_filename])
            return {}
        if known is None:
            if not interesting[code.co_filename]:
                return {}
            known = self.callers[id(code)] = announced_calls(code, namespace)
            (self.codes_of_callers if known else self._without_calls).append(code)
        return known

    def _add_steps(self, code: CodeType) -> None:
        self.out_of_scope[id(code)] = leaving_steps_out_of_scope(code, self.by_id)
        self.codes.append(code)
        if is_in_no_file[code.co_filename]:
            self._passing.append(code)

    def _expect(self, code: CodeType) -> None:
        if id(code) in self._expected or may_be_called_within(code):
            return
        if not _current_scope.scope.may_hold[code.co_filename]:
            if id(code) not in self.out_of_scope and not is_ours(code.co_filename):
                self._add_steps(code)
                self.changed(code)
            return
        self._expected[id(code)] = code
        table = self.by_id.get(id(code))
        if table is not None:
            table.update(leaving_steps(code, self._first_alike[code.co_filename, code], self.by_id))
            self.changed(code)

    def _facts_of(self, path: str) -> FileFacts | None:
        try:
            status = os.stat(path)
        except OSError:
            signature = None
        else:
            signature = status.st_mtime, status.st_size
        known = self._facts.get(path)
        if known is None or known[0] != signature:
            known = self._facts[path] = signature, facts_of_file(path)
        return known[1]

    def in_scope(self, code: CodeType, namespace: dict[str, Any]) -> bool:
        """Whether the code is in scope and its accesses are of interest."""
        return _may_run_again(code, namespace) and _current_scope.scope.holds_code(code, namespace)

    def forget(self) -> bool:
        """Forget, after a test, the code that it has made, which may be any amount; return whether there was any."""
        if not self._passing:
            return False
        for code in self._passing:
            self.by_id.pop(id(code), None)
            self.out_of_scope.pop(id(code), None)
            self._expected.pop(id(code), None)
            self.assumptions.pop(id(code), None)
            if is_in_no_file[code.co_filename]:
                self._first_alike.pop((code.co_filename, code), None)
        self._passing.clear()
        self.codes = [code for code in self.codes if id(code) in self.by_id or id(code) in self.out_of_scope]
        return True


def _ignore(_code: CodeType) -> None:
    """Do nothing: no engine is interested yet."""


def _may_run_again(code: CodeType, namespace: dict[str, Any]) -> bool:
    """Whether threads may run the code at the same time: not if it belongs to a module that is being imported."""
    if is_function_code(code) or "<locals>" in code.co_qualname or is_in_no_file[code.co_filename]:
        return True
    specification = dict.get(namespace, "__spec__")
    return specification is None or (
        type(specification) is ModuleSpec and specification.name != dict.get(namespace, "__name__")
    )
