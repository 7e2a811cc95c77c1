"""What a thread has for itself: where each of its functions is, and what their variables and value stacks hold.

Two looks at a thread that find the same, with nothing changed in between that others can see, mean that it is where
it was: left alone, it repeats the same steps for ever. Nothing of the program is called or kept alive for a look:
numbers and texts count by their value, other objects by their identity, iterators by what is left of them. If it
cannot be said what an object holds, there is no state, and the thread counts as one that gets somewhere.
"""

from __future__ import annotations

import collections
import dis
import gc
import itertools
import types
import weakref
from collections.abc import Iterator
from enum import Enum
from operator import length_hint
from types import CodeType, FrameType
from typing import Any

from ...identity._types import class_holding, identities
from ...interpreter._frames import UNMARKED, layout, object_at, slot_word
from ...interpreter._stack_depths import stack_depths, variables_of
from ...scope._places import is_ours

#: More frames than these are not looked at; such a thread has no state.
_MOST_FRAMES = 200
#: At most this many items of a container are compared at each of its ends.
_MOST_ITEMS = 128
_DEEPEST = 4
#: Bytes of an instruction with its caches, at most.
_LONGEST_INSTRUCTION = 24

# All by their addresses: a metaclass may define what a hash is, and what equality.
_SCALARS = identities((int, float, complex, bool, str, bytes, type(None), type(...), type(NotImplemented)))
_ITERATORS: tuple[Any, ...] = (
    iter([]), reversed([]), iter(()), iter(range(0)), iter(range(2**70)), iter(""), iter("\xff"), iter(b""),
    iter(bytearray()), iter({}), iter({}.values()), iter({}.items()), reversed({}), reversed({}.values()),
    reversed({}.items()), iter(set()), iter(collections.deque()), reversed(collections.deque()), reversed(""),
)  # fmt: skip
_ITERATORS_WITH_LENGTH = frozenset(id(type(iterator)) for iterator in _ITERATORS)
#: They go through other iterators, which the garbage collector knows.
_ITERATORS_THROUGH_OTHERS = identities((enumerate, zip, map, filter))
_SEQUENCES = identities((list, collections.deque))
_MAPPINGS = identities((dict, collections.OrderedDict, collections.defaultdict))
_SETS = identities((set, frozenset))
_BOUND = identities((types.BuiltinMethodType, types.MethodWrapperType))
_VIEWS = identities((type({}.keys()), type({}.values()), type({}.items())))
_COROUTINES = identities((types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType))

#: What a frame's slot holds, as far as it can be compared.
Mark = tuple[Any, ...]
#: By frame, from the innermost outwards: its code, its instruction, its marks.
State = tuple[tuple[CodeType, int, tuple[Mark, ...]], ...]


class Change(Enum):
    """What two looks at a thread in the same place differ in."""

    NOTHING = 0
    #: In numbers only, as a loop that counts its rounds.
    NUMBERS = 1
    ANYTHING = 2


class _UnknownError(Exception):
    """It cannot be said what an object holds."""


def user_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame, from `frame` outwards, that is not of this package."""
    while frame is not None and is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def same_place(frame: FrameType, state: State) -> bool:
    """Whether the innermost frame is at the instruction at which the state was looked at."""
    code, lasti, _ = state[0]
    return frame.f_code is code and frame.f_lasti == lasti


def state_from(frame: FrameType, until: CodeType, *, calls: bool) -> State | None:
    """The state of the thread of `frame`, from there outwards up to a frame that runs `until`, not included.

    `calls` says whether the innermost frame is in a call already, rather than about to run its instruction. None if
    the state cannot be said.
    """
    if layout is None:
        return None
    found: list[tuple[CodeType, int, tuple[Mark, ...]]] = []
    inner = not calls
    current: FrameType | None = frame
    try:
        while current is not None and current.f_code is not until:
            if len(found) >= _MOST_FRAMES:
                return None
            code = current.f_code
            if not is_ours(code.co_filename):
                found.append((code, current.f_lasti, _marks(current, inner=inner)))
                inner = False
            current = current.f_back
    except _UnknownError:
        return None
    return tuple(found)


def change_between(before: State, after: State) -> Change:
    """What differs."""
    if before == after:
        return Change.NOTHING
    return Change.NUMBERS if _differ_in_numbers(before, after) else Change.ANYTHING


def _differ_in_numbers(before: Any, after: Any) -> bool:
    """Whether two marks, or tuples of them, are the same but for numbers of the program's."""
    if type(before) is not tuple or type(after) is not tuple or len(before) != len(after):
        return bool(before == after)
    if _is_number(before):
        return _is_number(after)
    return all(map(_differ_in_numbers, before, after))


def numbers_that_differ(before: Any, after: Any, at: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], bool]]:
    """Where two states differ in a number, and whether it is nearer to zero in the second."""
    if type(before) is not tuple or type(after) is not tuple:
        return
    if _is_number(before) and _is_number(after):
        if before != after:
            yield at, abs(after[1]) < abs(before[1])
        return
    for position, (one, other) in enumerate(zip(before, after, strict=False)):
        if one is not other:
            yield from numbers_that_differ(one, other, (*at, position))


def mark_of(thing: Any) -> Mark | None:
    """A value, as far as it can be compared with a later one; None if that cannot be done."""
    try:
        return _mark(thing, 0)
    except _UnknownError:
        return None


def is_number(mark: Mark | None) -> bool:
    """Whether a mark is that of a number."""
    return mark is not None and _is_number(mark)


def _is_number(mark: Mark) -> bool:
    return len(mark) == 2 and (mark[0] is int or mark[0] is float)


def _marks(frame: FrameType, *, inner: bool) -> tuple[Mark, ...]:
    code = frame.f_code
    depth = _depth(code, frame.f_lasti, inner=inner)
    if depth is None:
        raise _UnknownError
    return tuple(_mark_of_word(slot_word(frame, slot)) for slot in range(variables_of(code) + depth))


def _mark_of_word(word: int) -> Mark:
    if word & 3 == 3:
        # From 3.14 on the interpreter keeps small numbers of its own there.
        return ("number of the interpreter", word)
    address = word & UNMARKED
    return _mark(object_at(address), 0) if address else ()


def _depth(code: CodeType, lasti: int, *, inner: bool) -> int | None:
    """How many objects of the value stack are surely there.

    The innermost frame is about to run its instruction. In the others a call runs, which has taken its operands and
    has not put its result there yet.
    """
    known = _depths.get(id(code))
    if known is None:
        known = _depths[id(code)] = (code, *_depths_of(code))
    if inner:
        return known[1].get(lasti)
    # Up to 3.12, a call that was specialized leaves the position at its last cache entry.
    positions = range(lasti, max(lasti - _LONGEST_INSTRUCTION, -1), -2)
    at = next((offset for offset in positions if offset in known[2]), None)
    return None if at is None else known[2][at]


#: By address of a code object, which is kept with it: depths before each instruction, and during it.
_depths: dict[int, tuple[CodeType, dict[int, int], dict[int, int]]] = {}


def _depths_of(code: CodeType) -> tuple[dict[int, int], dict[int, int]]:
    before = stack_depths(code)
    during: dict[int, int] = {}
    instructions = list(dis.get_instructions(code))
    for instruction, following in itertools.pairwise(instructions):
        own, after = before.get(instruction.offset), before.get(following.offset)
        if own is not None and after is not None:
            # It has taken one operand at least, but for a few; and its result is not there yet.
            during[instruction.offset] = max(0, min(own, after) - 1)
    return before, during


def _mark(thing: Any, depth: int) -> Mark:
    kind = type(thing)
    address = id(kind)
    if address in _SCALARS:
        return (kind, thing)
    if depth > _DEEPEST:
        raise _UnknownError
    if kind is tuple:
        return (kind, len(thing), *(_mark(item, depth + 1) for item in thing[:_MOST_ITEMS]))
    if kind is types.CellType:
        try:
            return (kind, _mark(thing.cell_contents, depth + 1))
        except ValueError:
            return (kind,)
    if kind is bytearray:
        return (kind, id(thing), bytes(thing))
    if address in _SEQUENCES or address in _MAPPINGS or address in _SETS:
        return (kind, id(thing), len(thing), *_items(thing, address))
    if address in _ITERATORS_WITH_LENGTH:
        return (kind, id(thing), length_hint(thing))
    if address in _ITERATORS_THROUGH_OTHERS:
        return (kind, id(thing), *_inner_iterators(thing, depth))
    if address in _COROUTINES and not _runs(thing):
        raise _UnknownError
    if address not in _COROUTINES and _is_iterator(kind):
        # How far it is, only it knows.
        raise _UnknownError
    return _mark_of_made(thing, kind, address, depth) or (address, *_identity(thing))


def _mark_of_made(thing: Any, kind: type, address: int, depth: int) -> Mark | None:
    """Of objects that are often made for a single use: what they are made of. None for others."""
    if kind is types.MethodType:
        return (kind, id(thing.__func__), *_identity(thing.__self__))
    if address in _BOUND:
        return (kind, thing.__name__, *_identity(thing.__self__))
    if kind is types.FunctionType:
        return (kind, id(thing.__code__), *(_mark(cell, depth + 1) for cell in thing.__closure__ or ()))
    if kind is slice or kind is range:
        return (kind, *(_mark(limit, depth + 1) for limit in (thing.start, thing.stop, thing.step)))
    if address in _VIEWS:
        return (kind, *(_mark(seen, depth + 1) for seen in gc.get_referents(thing)))
    return None


def _identity(thing: Any) -> Mark:
    """What nothing else has that is made later, where it can be referred to weakly: by then, it may be gone."""
    try:
        # There is but one such reference to an object, and as long as that is kept, no other one is at its address.
        return (id(thing), weakref.ref(thing))
    except TypeError:
        return (id(thing),)


def _is_iterator(kind: type) -> bool:
    return class_holding(kind, "__next__") is not None


def _runs(thing: Any) -> bool:
    """Whether a generator runs now: then what it holds is in a frame of its own."""
    return any(getattr(thing, name, False) for name in ("gi_running", "cr_running", "ag_running"))


def _items(thing: Any, kind: int) -> tuple[Mark, ...]:
    """What is in a container, or, if it is large, at its ends."""
    length = len(thing)
    large = length > 2 * _MOST_ITEMS
    if kind in _MAPPINGS:
        return () if large else tuple(_shallow(item) for pair in list(dict.items(thing)) for item in pair)
    if kind in _SETS:
        return () if large else tuple(_shallow(item) for item in list(thing))
    if not large:
        return tuple(_shallow(item) for item in list(thing))
    return tuple(_shallow(thing[at]) for at in (*range(_MOST_ITEMS), *range(-_MOST_ITEMS, 0)))


def _shallow(item: Any) -> Any:
    return (type(item), item) if id(type(item)) in _SCALARS else id(item)


def _inner_iterators(outer: Any, depth: int) -> list[Mark]:
    found: list[Mark] = []
    for inner in gc.get_referents(outer):
        if type(inner) is tuple:
            # Of `zip` and `map`: their iterators, and what they gave last.
            found.extend(_mark(each, depth + 1) for each in inner if _is_iterator(type(each)))
        elif _is_iterator(type(inner)):
            found.append(_mark(inner, depth + 1))
    return found
