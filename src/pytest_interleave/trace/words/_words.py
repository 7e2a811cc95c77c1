"""The words for the steps of an execution: which thread does what to what, with which value."""

from __future__ import annotations

import re
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from ...control import Operation, Outcome, Place, Recorder, Step, Touches, is_ours
from ...control.execution import awaited, described, short_name
from ...control.identity import LruCache, called_expression, short_text, shows_key, touched_expression, type_named
from ...control.interpreter import items_set, opname_at
from ...control.primitives import SimpleQueue
from ...control.steps import OPAQUE, WRITES, External, kinds, shown_touch
from ...detect import name_of_access, name_with_article
from ..causes._checks import is_check, is_checked_by_caller, looks_up
from ..causes._iterations import call_under_way
from ..causes._names import distinguished
from ..causes._sources import receiver_at
from ._evidence import Evidence
from ._library import LibraryCalls
from ._refusals import refusals

#: Methods of a queue that say whether `get()` or `put()` would wait.
ASKING = ("empty", "full", "qsize")
#: Methods of a `SimpleQueue`, one of which a step on it is in.
_OF_SIMPLE_QUEUES = ("empty", "qsize", "get", "get_nowait", "put", "put_nowait")


#: Mappings with a `setdefault` that is written in C.
_ATOMIC = (dict, OrderedDict, defaultdict)
#: Calls during which a container is in a state in which it was neither before nor is after that.
_HALFWAY = frozenset("extend() heapify() heappop() heappush() heappushpop() heapreplace() sort() update()".split())


#: Functions of the standard library that work on their first argument.
_OF_FIRST = frozenset(
    "fsum heapify heappop heappush heappushpop heapreplace insort insort_left insort_right prod shuffle sum".split()
)


class Words:
    """The words for one execution; values and numbers of objects are those that `recorder` has."""

    def __init__(self, outcome: Outcome, recorder: Recorder | None) -> None:
        self._log: Sequence[Step] = outcome.log
        self._recorder = recorder
        self._names = distinguished(outcome.threads)
        self._primitives = described(outcome.log)
        self._library = LibraryCalls(outcome.log)
        #: The calls of `acquire()` that returned False, by their positions in the log.
        self.refusals = refusals(outcome.log)

    def thread(self, position: int) -> str:
        """Return the name of the thread that did a step."""
        return self._names[self._log[position][0].index]

    def primitive(self, position: int) -> str:
        """Return the short name of the primitive that a step used: "Lock #1"."""
        target = self._log[position][1].target
        if self._library.is_inner(target):
            # Its locks and conditions are its own affair.
            return self._receiver(position, self._methods(position)) or self._library.owner_at(position) or "Queue"
        if type(target) is SimpleQueue:
            return self._receiver(position, _OF_SIMPLE_QUEUES) or "SimpleQueue"
        name = self._primitives.get(id(target)) or self._primitives.get(id(awaited(target)), "")
        return short_name(name)

    def _receiver(self, position: int, methods: Iterable[str]) -> str:
        """Return the expression that one of `methods` is called on where a step is shown; empty if it is not known."""
        place = self._log[position][1].where()
        return next(filter(None, (receiver_at(place, method) for method in methods)), "")

    def is_queue(self, position: int) -> bool:
        """Whether the primitive that a step used is a queue, or a part of a queue or a future."""
        target = self._log[position][1].target
        return self._library.is_inner(target) or type(target) is SimpleQueue

    def method(self, position: int) -> str:
        """Return the method of a queue, a future or a pool that a step is in: "get"; empty if it is in none."""
        return self._library.method_at(position)

    def method_of(self, operation: Operation) -> str:
        """Return the method that an operation is in which a thread still waits to do; empty if it is in none."""
        return self._library.method_of(operation)

    def starts_task(self, position: int) -> bool:
        """Whether a step is that of a pool's thread which starts a task, unless its future is canceled."""
        return self.method(position) == "set_running_or_notify_cancel"

    def is_of_pool(self, position: int) -> bool:
        """Whether the primitive that a step used is a part of a pool: its order is that of the pool's own work."""
        return self._library.is_of_pool(self._log[position][1].target)

    def what(self, position: int) -> str:
        """Return the name of what a step accesses: "Account.balance"; with the object's number if there are several."""
        _, operation, touches = self._log[position]
        name = numbered(name_of_access(operation, touches), position, self._recorder)
        if name.startswith(("a ", "an ")) and touches:
            thing, part, _ = touches[shown_touch(touches)]
            return self._as_written(operation, thing, part) or name
        return name

    def _as_written(self, operation: Operation, thing: Any, part: Any) -> str:
        """Return a name for what has no other one: "os.environ['HOME']", "a StringIO"; empty if there is none."""
        kind = type_named(thing)
        opname = opname_at(operation.code, operation.lasti)
        is_called = opname.startswith("CALL")
        if kind is None:
            # As the call of a weak reference.
            called = called_expression(operation) if is_called else ""
            return f"{called}()" if called else ""
        # What a `with` statement enters, for example, is not what that changes.
        text = touched_expression(operation, kind) if is_called or "SUBSCR" in opname or "_OP" in opname else ""
        if is_called and not re.search(rf"\b{re.escape(text)}\.", operation.where().text):
            # It may be an argument, which need not be what the function changes.
            text = text if called_expression(operation).rpartition(".")[2] in _OF_FIRST else ""
        if not text:
            return name_with_article(kind)
        return f"{text}[{short_text(part)}]" if part is not None and shows_key(part) and not is_called else text

    def value(self, position: int) -> str:
        """Return the value that a step read, or the old and the new one; empty if it is not known."""
        return "" if self._recorder is None else self._recorder.text_at(position)

    def calls(self, position: int) -> tuple[Place, ...]:
        """Return the places of the calls that a step is in, from its own place outwards, if they are known."""
        known = () if self._recorder is None else self._recorder.calls_at(position)
        written = tuple(place for place in known if not place.is_generated)
        return written or known or (self._log[position][1].where(),)

    def is_check(self, position: int) -> bool:
        """Whether a condition tests what a step reads: one of its own function, or of a caller."""
        return is_check(self._log[position][1]) or is_checked_by_caller(self.calls(position))

    def found_nothing(self, position: int) -> bool:
        """Whether a step has looked for something that was not there."""
        operation = self._log[position][1]
        if isinstance(operation, External):
            return operation.doing.finds_nothing
        return self._recorder is not None and self._recorder.finds_nothing(position)

    def atomic_call(self, check: int, act: int) -> str:
        """Return which single call does what a check and an act do, as the end of advice; empty if there is none."""
        (_, checking, _), (_, operation, touches) = self._log[check], self._log[act]
        kind = type_named(touches[shown_touch(touches)][0]) if touches else None
        if kind not in _ATOMIC or operation.kind != kinds.WRITE or not self.found_nothing(check):
            return ""
        # A function that changes the item elsewhere, as one that counts, does not only set what is not there.
        looks = opname_at(checking.code, checking.lasti) == "CONTAINS_OP" and checking.code is operation.code
        sets = opname_at(operation.code, operation.lasti) == "STORE_SUBSCR" and items_set(operation.code) == 1
        return ", or use an atomic call such as dict.setdefault()" if looks and sets else ""

    def evidence(self, position: int, variable: str = "") -> Evidence:
        """Return a step as evidence; `variable` is what is accessed, if that need not be named again."""
        operation = self._log[position][1]
        did = self._accessed(position, variable) if operation.is_access else self._used(position)
        place = operation.where()
        return Evidence(position, f"{self.thread(position)} {did}", str(place), place.text)

    def _used(self, position: int) -> str:
        operation = self._log[position][1]
        name = self.primitive(position)
        if self.starts_task(position):
            return "starts a task"
        if self._library.is_inner(operation.target):
            methods = self._methods(position)
            called = next((method for method in methods if self._receiver(position, (method,))), methods[0])
            return f"calls {name}.{called}()"
        refusal = self.refusals.get(position)
        if refusal is not None and not refusal.waited:
            return f"tries to acquire {name}, fails"
        if operation.expired_at is not None and (operation.kind == kinds.WAIT or refusal is not None):
            return f"waits for {name}, timed out"
        if operation.kind == kinds.TRY_ACQUIRE:
            return f"acquires {name}"
        if operation.kind == kinds.WOKEN and operation.expired_at is not None:
            return f"times out waiting for {name}"
        verb = kinds.TABLE[operation.kind].present or f"{operation.kind}s"
        return f"{verb} {name}".rstrip()

    def call_around(self, position: int) -> str:
        """Return the call of C code that continues where code that it has called returns: "items.sort()"."""
        begin = call_under_way(self._log, position)
        operation = self._log[position if begin is None else begin][1]
        if begin is not None and opname_at(operation.code, operation.lasti) == "CONTAINS_OP":
            return "the search"
        name = "" if begin is None else called_expression(operation) or call_of(operation).strip(".()")
        return f"{name}()" if name else "the call"

    def is_halfway(self, position: int) -> bool:
        """Whether other threads can see what a call has not finished, where code that it has called returns."""
        return self.call_around(position).rpartition(".")[2] in _HALFWAY

    def _methods(self, position: int) -> tuple[str, str]:
        """Return the methods of a queue or a future one of which the source calls at a step on its inner lock."""
        method = self._library.method_at(position) or "get"
        return method, f"{method}_nowait"

    def _accessed(self, position: int, variable: str) -> str:
        _, operation, touches = self._log[position]
        if isinstance(operation, External):
            return in_third_person(str(operation.doing))
        part = touches[-1][1] if touches else None
        value, what = self.value(position), self.what(position)
        same = what == variable
        is_cached = bool(touches) and type_named((touches or ())[-1][0]) is LruCache
        if operation.kind == kinds.YIELD:
            return "resumes the generator"
        if operation.kind == kinds.RETURN:
            return "finishes its call" if is_cached else f"continues {self.call_around(position)}"
        if is_cached:
            # What the cache holds is not known.
            function = called_expression(operation) or operation.name.strip(".()[]")
            return f"calls {function}()" if function else "calls it"
        call = call_of(operation)
        if call:
            is_item = what.endswith("]") and not same
            is_receiver = part is None and (is_item or what.replace(".", "").isidentifier())
            called = f"{what if is_receiver else ''}{call}"
            called = called if operation.is_where_it_shows else called.removeprefix(".")
            of = f" on {what}" if is_item and not is_receiver else ""
            if looks_up(operation) and self.found_nothing(position):
                return f"calls {called}{of}, finds nothing"
            return f"calls {called}{of}{called_with(value, part, writes=operation.kind != kinds.READ)}"
        function = function_called(operation, touches)
        if function:
            # The value of the object whose method is called, or of an argument.
            owner = "" if self._recorder is None else self._recorder.owner_at(position)
            on = value or ("" if same or function.startswith(f"{what}.") else owner if " #" in owner else what)
            return f"calls {function}(){f' on {on}' if on else ''}"
        if opname_at(operation.code, operation.lasti) == "CONTAINS_OP" and part is not None:
            found = ", not found" if self.found_nothing(position) else ", found" if value else ""
            return f"checks{f' {what}' if not same else '' if found else ' it'}{found}"
        if operation.kind == kinds.WRITE and value and " -> " not in value:
            # What is written is not known.
            return f"writes {'it' if same else what} (was {value})"
        if operation.kind == kinds.WRITE and value.startswith("? -> "):
            new = value.removeprefix("? -> ")
            return f"writes {new}" if same else f"writes {what} (new value: {new})"
        if operation.kind == kinds.WRITE and value.startswith("unset -> "):
            new = value.removeprefix("unset -> ")
            return f"sets {new} (was unset)" if same else f"sets {what} to {new}"
        if operation.name == "next" and part != "next":
            verb = "calls next() on"
        elif operation.kind == kinds.READ and any(how & WRITES for _, _, how in touches or ()):
            verb = "updates"
        else:
            verb = kinds.TABLE[operation.kind].present or kinds.TABLE[kinds.READ].present
        if operation.kind in (kinds.READ, kinds.DELETE) and self.found_nothing(position):
            return f"{'finds' if operation.kind == kinds.READ else 'deletes'} nothing{'' if same else f' in {what}'}"
        if same:
            return f"{verb} {value or 'it'}"
        return f"{verb} {what} ({value})" if value else f"{verb} {what}"


#: The verbs with which steps on files begin.
_VERBS = frozenset(
    """
    access append call change chmod create get link list lock open read remove rename replace set stat truncate write
    """.split()
)


_OTHER_VERBS = {"close": "closes", "copy": "copies", "commit": "commits", "rollback": "rolls back"}


def in_third_person(text: str) -> str:
    """Return what a thread does, in a sentence: "writes data.json" for "write data.json"."""
    verb, space, rest = text.partition(" ")
    if verb in _OTHER_VERBS:
        return f"{_OTHER_VERBS[verb]}{space}{rest}"
    if verb in _VERBS:
        return f"{verb}s{space}{rest}"
    return f"runs {text}"


def call_of(operation: Operation) -> str:
    """Return the call of a method that an access is, as in the source: ".append()"; empty if it is none."""
    # A call that a thread makes for the program is in this plugin's code: `Thread(target=items.append)`.
    is_known = operation.is_where_it_shows or is_ours(operation.code.co_filename)
    return operation.name if operation.name.startswith(".") and is_known else ""


def function_called(operation: Operation, touches: Touches | None) -> str:
    """Return the name, as in the source, of a function that cannot be inspected; empty if a step calls none."""
    if not touches or operation.name != "[]" or not opname_at(operation.code, operation.lasti).startswith("CALL"):
        return ""
    cannot_see = any(how & (OPAQUE | WRITES) for _, _, how in touches)
    return called_expression(operation) if cannot_see else ""


def called_with(value: str, part: object, *, writes: bool) -> str:
    """Return what a method is called on, if `value` is known: the container, or the item that it concerns."""
    if not value:
        return ""
    if part is None:
        return f" on {value}"
    return f" (was {value})" if writes else f": {value}"


def numbered(name: str, position: int, recorder: Recorder | None) -> str:
    """Return "Account #1.balance" for "Account.balance" if the execution has used several objects of that class."""
    owner = "" if recorder is None else recorder.owner_at(position)
    kind, _, number = owner.rpartition(" #")
    if not number or recorder is None or not recorder.has_several(kind) or not name.startswith(f"{kind}."):
        return name
    return owner + name.removeprefix(kind)
