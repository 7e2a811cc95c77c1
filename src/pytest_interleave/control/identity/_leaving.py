"""Steps where code in scope that C code has called returns: until then, the C code is in the middle of something.

Examples are `items.sort(key=f)`, the factory of a `defaultdict`, a function in a `functools.lru_cache`, and a
generator. While code in scope runs in there, other threads can find the list empty, the item missing, the value not
kept yet, the generator busy. So each place where such code returns or yields is a step. It touches what the instruction
touches within which the code was called. Which code that is becomes known when it is handed over; no other code pays
for it.
"""

from __future__ import annotations

import dis
import functools
import gc
import types
import weakref
from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Any

from ..interpreter._frames import is_called_directly
from ..interpreter._opcodes import is_generator_code, leaves
from ..scope._or_none import OrNone
from ..steps._expected import expect_code
from ..steps._kinds import RETURN, YIELD
from ..steps._operations import Operation
from ..steps._touches import NOTHING, OPAQUE, READS, WRITES, Touches
from ._generators import running_generator
from ._object_names import name_of
from ._types import class_holding, identities, is_class

#: The addresses of the types of the objects that `expect` can inspect.
CALLED_BACK = identities((types.FunctionType, types.MethodType, types.GeneratorType, functools.partial, map, filter))
_HOLDERS = identities((map, filter, functools.partial))


def expect(value: Any) -> None:
    """Announce that code out of scope may call or resume `value` within the instruction that is about to be run."""
    kind = type(value)
    if kind is types.MethodType:
        value = value.__func__
        kind = type(value)
    if kind is types.FunctionType:
        expect_code(value.__code__)
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
        caller = frame.f_back
        if caller is not None and id(caller.f_code) in tables and not is_called_directly(frame, caller):
            within = tables[id(caller.f_code)]
            if caller.f_lasti in within:
                found += within[caller.f_lasti].touch(caller) or NOTHING
        return found or None

    steps = {}
    for instruction in dis.get_instructions(code):
        if leaves(instruction):
            kind = YIELD if instruction.opname == "YIELD_VALUE" else RETURN
            step = steps[instruction.offset] = Operation(kind, None, known, instruction.offset, mutates=False)
            step.touch = touch
    return steps
