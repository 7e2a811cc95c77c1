"""Steps where code in scope that C code has called returns: until then, the C code is in the middle of something.

Examples are `items.sort(key=f)`, comparing items that have a `__lt__`, the factory of a `defaultdict`, a function in a
`functools.lru_cache`, and a generator. While code in scope runs in there, other threads can find the list empty, the
item missing, the value not kept yet, the generator busy. So each place where such code returns or yields is a step. It
touches what the instruction touches within which the code was called. Which code that is, is known from its name if it
is a special method, and otherwise when it is handed over; no other code pays for it.

Code out of scope has such steps, too, and no others, if C code calls it in the middle of an instruction in scope. The
`__lt__` of paths that are sorted is an example.
"""

from __future__ import annotations

import dis
import functools
import gc
import types
import weakref
from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ..interpreter._frames import UNMARKED, frames, is_alive, is_called_directly, words_from, words_in
from ..interpreter._opcodes import CALLS, is_generator_code, leaves, opname_at
from ..interpreter._stack_depths import stack_depths, variables_of
from ..scope._or_none import OrNone
from ..scope._places import is_ours
from ..scope._real import get_ident
from ..steps._expected import expect_code
from ..steps._kinds import RETURN, YIELD
from ..steps._operations import Operation
from ..steps._touches import NOTHING, OPAQUE, READS, UNKNOWN, WRITES, Touches
from ._generators import running_generator
from ._object_names import name_of
from ._types import class_holding, identities, is_class
from ._written import python_function

#: Finds what an operation in a frame touches.
_Touch = Callable[[FrameType], Touches | None]

#: Types of objects that have the functions that they call.
_HOLDERS = identities((map, filter, functools.partial, type(functools.cmp_to_key(max))))
#: The addresses of the types of the objects that `expect` can inspect.
CALLED_BACK = _HOLDERS | identities((types.FunctionType, types.MethodType, types.GeneratorType))


def expect(value: Any) -> None:
    """Announce that code out of scope may call or resume `value` within the instruction that is about to be run."""
    kind = type(value)
    function = python_function(value)
    if function is not None:
        expect_code(function.__code__)
    elif kind is types.GeneratorType:
        expect_code(value.gi_code)
    elif id(kind) in _HOLDERS:
        for inner in gc.get_referents(value):
            if id(type(inner)) in CALLED_BACK:
                expect(inner)
    elif is_class(kind):
        maker = class_holding(value, "__init__")
        if maker is not None and type(maker[1]) is types.FunctionType:
            expect_code(maker[1].__code__)


#: Special methods that are called when no operation on another object is under way, or that stand for an attribute.
_OTHERS = frozenset(
    """
    __init__ __new__ __missing__ __post_init__ __init_subclass__ __set_name__ __class_getitem__ __prepare__ __del__
    __enter__ __exit__ __aenter__ __aexit__ __aiter__ __anext__ __await__
    __getattribute__ __getattr__ __setattr__ __delattr__ __get__ __set__ __delete__
    """.split()
)


def may_be_called_within(code: CodeType) -> bool:
    """Whether C code may call `code` without having got it: as the special method of an object, such as `__lt__`."""
    name = code.co_name
    return name[:2] == "__" == name[-2:] and name not in _OTHERS


#: The caches that a function is in, by address of its code.
_caches: OrNone[int, weakref.WeakSet[Any]] = OrNone()


def cache(function: Any) -> Touches | None:
    """Return what calling a function in a `functools.lru_cache` touches; None if the function is not written in Python.

    The cache is written when that function returns.
    """
    wrapped = function.__wrapped__
    if type(wrapped) is not types.FunctionType:
        return None
    code = wrapped.__code__
    _caches.setdefault(id(code), weakref.WeakSet()).add(function)
    expect_code(code)
    return ((name_of(function), None, READS | OPAQUE),)


#: The calls that threads make for the program, as in `Thread(target=items.sort)`, by the thread's identifier: what the
#: call touches, and the address and the code of the frame that makes it. No code in scope makes these calls.
calls_by_threads: OrNone[int, tuple[_Touch, int, CodeType]] = OrNone()


def _makes_call(frame: FrameType, known: tuple[_Touch, int, CodeType]) -> bool:
    """Whether a frame makes the call that its thread makes for the program."""
    # The address alone may be that of a frame that has ended.
    return known[1] == id(frame) and known[2] is frame.f_code


#: Special methods that functions written in C call for what they are given, as well as for what that contains.
_ON_ELEMENTS = frozenset("__add__ __eq__ __ge__ __gt__ __hash__ __le__ __lt__ __ne__ __next__ __radd__".split())


def _operands(frame: FrameType, lasti: int) -> list[int]:
    """Return the addresses of what lies on the stack of a frame before the instruction at a byte offset."""
    depth = stack_depths(frame.f_code).get(lasti, 0)
    variables = variables_of(frame.f_code)
    return [word & UNMARKED for word in words_in(frame)[variables : variables + depth]]


def leaving_steps_out_of_scope(code: CodeType, tables: Mapping[int, Mapping[int, Operation]]) -> dict[int, Operation]:
    """Return the steps where `code`, which is not in scope, returns to C code that code in scope has called."""
    on_elements = code.co_name in _ON_ELEMENTS
    own = words_from(0)

    def touch(frame: FrameType) -> Touches | None:
        caller = frame.f_back
        if caller is None or is_called_directly(frame, caller):
            return None
        table = tables.get(id(caller.f_code))
        if table is None:
            return _touched_by_thread(caller) or None
        operation = table.get(caller.f_lasti)
        if operation is None or operation.kind == RETURN:
            return None
        if not (on_elements and opname_at(caller.f_code, caller.f_lasti) in CALLS):
            # A method of the operand itself is the operation: `key in weak_dictionary`.
            first = own[frames[id(frame) >> 3] >> 3] & UNMARKED
            if first in _operands(caller, caller.f_lasti):
                return None
        return _touches_of(operation.touch, caller) or None

    return _steps(code, code, touch)


#: At most this many frames of the standard library are between a call that a thread makes for the program and the
#: thread's own code.
_FRAMES_OF_LIBRARY = 3


def _touched_by_thread(frame: FrameType | None) -> Touches:
    """Return what the call touches that a thread makes for the program in `frame`, or in a caller of that."""
    known = calls_by_threads[get_ident()]
    for _ in range(_FRAMES_OF_LIBRARY):
        if frame is None or known is None:
            break
        if _makes_call(frame, known):
            return _touches_of(known[0], frame)
        if is_ours(frame.f_code.co_filename):
            # This plugin also uses the standard library.
            break
        frame = frame.f_back
    return NOTHING


def _under_way(frame: FrameType, tables: Mapping[int, Mapping[int, Operation]]) -> Touches:
    """Return what the instruction touches within which C code has called a function, perhaps through a library."""
    known = calls_by_threads[get_ident()]
    caller = frame.f_back
    direct = True
    while caller is not None:
        linked = is_called_directly(frame, caller)
        direct = direct and linked
        callee, frame, caller = frame, caller, caller.f_back
        table = tables.get(id(frame.f_code))
        if table is not None:
            lasti = _instruction_at(frame.f_code, frame.f_lasti) if linked else frame.f_lasti
            operation = None if direct else table.get(lasti)
            if operation is None:
                return NOTHING
            if linked and not _has_operands(frame, lasti, callee):
                # The function that it calls may have deleted the arguments since.
                return _noted.get((id(frame), lasti), UNKNOWN)
            return _touches_of(operation.touch, frame)
        if known is not None and _makes_call(frame, known):
            return NOTHING if direct else _touches_of(known[0], frame)
        if is_ours(frame.f_code.co_filename):
            # This plugin also uses the standard library.
            return NOTHING
    return NOTHING


#: By the address of a frame and the offset of an instruction: what the latest call there touched of which the arguments
#: may be gone, because it is one of a function written in Python.
_noted: dict[tuple[int, int], Touches] = {}


def note_call(frame: FrameType, touches: Touches) -> None:
    """Note what the call touches that `frame` is about to make of a function written in Python, out of scope."""
    _noted[id(frame), frame.f_lasti] = touches


def _instruction_at(code: CodeType, lasti: int) -> int:
    """Return the byte offset of an instruction; until 3.12, a frame in the middle of a call is at the end of that."""
    while lasti > 0 and not opname_at(code, lasti):
        lasti -= 2
    return lasti


def _has_operands(frame: FrameType, lasti: int, callee: FrameType) -> bool:
    """Whether an instruction that calls `callee` without C code in between still has its operands on the stack.

    Those of a call, for example, are variables of the callee then, which may delete them.
    """
    opname = opname_at(frame.f_code, lasti)
    if opname in _KEEPING_OPERANDS:
        return True
    if opname in CALLS:
        return False
    kept = {word & UNMARKED for word in words_in(callee)[: variables_of(callee.f_code)]}
    return all(operand in kept for operand in _operands(frame, lasti)[-_MOST_OPERANDS:])


#: Instructions that leave their iterator on the stack.
_KEEPING_OPERANDS = frozenset(("FOR_ITER", "SEND"))
#: An instruction that is no call has at most this many operands.
_MOST_OPERANDS = 3


class _Latest(NamedTuple):
    """What was under way at the latest step, in which frame, what lay in the frame, and what it touches."""

    touch: _Touch
    frame: int
    lasti: int
    words: list[int]
    touches: Touches


_latest: list[_Latest] = []


def forget_calls() -> None:
    """Forget what is under way, at the end of an execution: otherwise it would keep the program's objects alive."""
    _latest.clear()
    _noted.clear()
    calls_by_threads.clear()


def _touches_of(touch: _Touch, frame: FrameType) -> Touches:
    """Return what an operation that is under way touches.

    That can take long, for example if it inspects all that is compared in a sort. So it is kept while the operation has
    the same operands.
    """
    if not all(map(is_alive, filter(None, _operands(frame, _instruction_at(frame.f_code, frame.f_lasti))))):
        # The operation is done. Code is run because an operand is freed: by its `__del__`, for example.
        return NOTHING
    words = words_in(frame)
    if _latest:
        known = _latest[0]
        if (known.touch, known.frame, known.lasti, known.words) == (touch, id(frame), frame.f_lasti, words):
            return known.touches
    touches = touch(frame) or NOTHING
    _latest[:] = [_Latest(touch, id(frame), frame.f_lasti, words, touches)]
    return touches


def leaving_steps(
    code: CodeType, known: CodeType, tables: Mapping[int, Mapping[int, Operation]]
) -> dict[int, Operation]:
    """Return the steps where `code` returns or yields, by byte offset.

    `known` stands for `code` in these steps; `tables` has the accesses of its callers.
    """

    def touch(frame: FrameType) -> Touches | None:
        name = running_generator(frame) if is_generator_code(code) else None
        found = NOTHING if name is None else ((name, None, WRITES),)
        for function in list(_caches[id(frame.f_code)] or ()):
            found += ((name_of(function), None, WRITES | OPAQUE),)
        return (found + _under_way(frame, tables)) or None

    return _steps(code, known, touch)


def _steps(code: CodeType, known: CodeType, touch: _Touch) -> dict[int, Operation]:
    steps = {}
    for instruction in dis.get_instructions(code):
        if leaves(instruction):
            kind = YIELD if instruction.opname == "YIELD_VALUE" else RETURN
            step = steps[instruction.offset] = Operation(kind, None, known, instruction.offset, mutates=False)
            step.touch = touch
    return steps
