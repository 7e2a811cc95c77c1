"""The private state of a thread: where each of its functions is, and what their variables and value stacks hold.

If a thread is inspected twice with the same result, and nothing that others can see has changed in between, it is where
it was: left alone, it repeats the same steps forever. An inspection calls nothing of the program and keeps nothing
alive: numbers and texts count by their value, other objects by their identity, iterators by what is left of them. If it
cannot be said what an object holds, there is no state, and the thread counts as one that makes progress.
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

#: At most this many frames are inspected; a thread with more has no state.
_MOST_FRAMES = 200
#: At most this many items are compared at each end of a sequence; the rest are skipped. Of a mapping or a set with more
#: than twice as many, only the length is compared.
_MOST_ITEMS = 128
_DEEPEST = 4
#: An instruction with its caches has at most this many bytes.
_LONGEST_INSTRUCTION = 24

# All types are compared by their addresses: a metaclass may define its own hash and equality.
_SCALARS = identities((int, float, complex, bool, str, bytes, type(None), type(...), type(NotImplemented)))
_ITERATORS: tuple[Any, ...] = (
    iter([]), reversed([]), iter(()), iter(range(0)), iter(range(2**70)), iter(""), iter("\xff"), iter(b""),
    iter(bytearray()), iter({}), iter({}.values()), iter({}.items()), reversed({}), reversed({}.values()),
    reversed({}.items()), iter(set()), iter(collections.deque()), reversed(collections.deque()), reversed(""),
)  # fmt: skip
_ITERATORS_WITH_LENGTH = frozenset(id(type(iterator)) for iterator in _ITERATORS)
#: These go through other iterators, which the garbage collector knows.
_ITERATORS_THROUGH_OTHERS = identities((enumerate, zip, map, filter))
_SEQUENCES = identities((list, collections.deque))
_MAPPINGS = identities((dict, collections.OrderedDict, collections.defaultdict))
_SETS = identities((set, frozenset))
_BOUND = identities((types.BuiltinMethodType, types.MethodWrapperType))
_VIEWS = identities((type({}.keys()), type({}.values()), type({}.items())))
_COROUTINES = identities((types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType))

#: A description of what a frame's slot holds, to be compared with a later one.
Mark = tuple[Any, ...]
#: For each frame, from the innermost outwards: its code, its instruction, its marks.
State = tuple[tuple[CodeType, int, tuple[Mark, ...]], ...]


class Change(Enum):
    """The difference between two states of a thread in the same place."""

    NOTHING = 0
    #: Numbers only, as in a loop that counts its rounds.
    NUMBERS = 1
    ANYTHING = 2


class _UnknownError(Exception):
    """Raised if it cannot be said what an object holds."""


def user_frame(frame: FrameType | None) -> FrameType | None:
    """Return the innermost frame, from `frame` outwards, that is not of this package; None if there is none."""
    while frame is not None and is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def same_place(frame: FrameType, state: State) -> bool:
    """Whether `frame` is at the instruction at which the innermost frame of a state was."""
    code, lasti, _ = state[0]
    return frame.f_code is code and frame.f_lasti == lasti


def state_from(frame: FrameType, until: CodeType, *, calls: bool) -> State | None:
    """Return the state of a thread, from `frame` outwards up to a frame that runs `until`, not included.

    `calls` says whether the innermost frame is already in a call, rather than about to run its instruction. The answer
    is None if the state cannot be determined.
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
    """Return the difference between two states."""
    if before == after:
        return Change.NOTHING
    return Change.NUMBERS if _differ_in_numbers(before, after) else Change.ANYTHING


def _differ_in_numbers(before: Any, after: Any) -> bool:
    """Whether two marks, or tuples of them, are the same except for numbers of the program."""
    if type(before) is not tuple or type(after) is not tuple or len(before) != len(after):
        return bool(before == after)
    if _is_number(before):
        return _is_number(after)
    return all(map(_differ_in_numbers, before, after))


def numbers_that_differ(before: Any, after: Any, at: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], bool]]:
    """Yield where two states differ in a number, and whether it is nearer to zero in the second."""
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
    """Return the mark of a value, to be compared with a later one; None if it cannot be compared."""
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
        # From Python 3.14 on, the interpreter keeps small numbers of its own there.
        return ("number of the interpreter", word)
    address = word & UNMARKED
    return _mark(object_at(address), 0) if address else ()


def _depth(code: CodeType, lasti: int, *, inner: bool) -> int | None:
    """Return the number of objects that are certainly on the value stack; None if that is unknown.

    The innermost frame is about to run its instruction. In the others a call runs, which has taken its operands and has
    not put its result there yet.
    """
    known = _depths.get(id(code))
    if known is None:
        known = _depths[id(code)] = (code, *_depths_of(code))
    if inner:
        return known[1].get(lasti)
    # Up to Python 3.12, a call that was specialized leaves the position at its last cache entry.
    positions = range(lasti, max(lasti - _LONGEST_INSTRUCTION, -1), -2)
    at = next((offset for offset in positions if offset in known[2]), None)
    return None if at is None else known[2][at]


#: Depths before each instruction, and during it, by the address of a code object, which is kept with them.
_depths: dict[int, tuple[CodeType, dict[int, int], dict[int, int]]] = {}


def _depths_of(code: CodeType) -> tuple[dict[int, int], dict[int, int]]:
    before = stack_depths(code)
    during: dict[int, int] = {}
    instructions = list(dis.get_instructions(code))
    for instruction, following in itertools.pairwise(instructions):
        own, after = before.get(instruction.offset), before.get(following.offset)
        if own is not None and after is not None:
            # With few exceptions, it has taken at least one operand; and its result is not there yet.
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
        # Only the iterator itself knows how far it is.
        raise _UnknownError
    return _mark_of_made(thing, kind, address, depth) or (address, *_identity(thing))


def _mark_of_made(thing: Any, kind: type, address: int, depth: int) -> Mark | None:
    """Return, for an object that is often made for a single use, a mark of what it is made of; None for others."""
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
    """Return a mark that no object made later has, if weak references to `thing` are possible.

    By then, `thing` may have been freed. Without weak references, the mark is only its address.
    """
    try:
        # An object has only one such reference. As long as that is kept, no other reference is at its address.
        return (id(thing), weakref.ref(thing))
    except TypeError:
        return (id(thing),)


def _is_iterator(kind: type) -> bool:
    return class_holding(kind, "__next__") is not None


def _runs(thing: Any) -> bool:
    """Whether a generator or coroutine runs now: then what it holds is in a frame of its own."""
    return any(getattr(thing, name, False) for name in ("gi_running", "cr_running", "ag_running"))


def _items(thing: Any, kind: int) -> tuple[Mark, ...]:
    """Return marks of the items of a container; if it is large, of those at its ends, or none."""
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
            # For `zip` and `map`: their iterators, and the values that they returned last.
            found.extend(_mark(each, depth + 1) for each in inner if _is_iterator(type(each)))
        elif _is_iterator(type(inner)):
            found.append(_mark(inner, depth + 1))
    return found
