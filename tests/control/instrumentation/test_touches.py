"""What accesses touch: the object and the part, found without running any code of the program."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import gc
import operator
import pickle
import sys
import threading
import types
import weakref

import pytest

from pytest_interleave.control import conflicts, touches_of
from pytest_interleave.control.calls._nested import compared
from pytest_interleave.control.identity._object_names import names
from pytest_interleave.control.instrumentation import _monitoring, _operands, _settrace
from pytest_interleave.control.steps._touches import CUT, FOREIGN, HIDDEN, OPAQUE, READS, UNKNOWN, WRITES
from tests.driving import execute, require_good_end

R, W = READS, WRITES
SETTING = 0


class Base:
    total = 0


class Box(Base):
    def __init__(self):
        self.value = 0
        self.items = [1, 2]
        self.table = {"a": 0}

    @property
    def doubled(self):
        return self.value * 2

    def update(self, value):
        self.value = value


class Slots:
    __slots__ = ("x",)


class Explosive:
    """Any access that Python would notify it of fails."""

    def __getattribute__(self, name):
        raise AssertionError(f"code of the program was run: __getattribute__({name!r})")

    def __getattr__(self, name):
        raise AssertionError("code of the program was run")

    def __eq__(self, other):
        raise AssertionError("code of the program was run")

    def __hash__(self):
        raise AssertionError("code of the program was run")

    def __bool__(self):
        raise AssertionError("code of the program was run")


def touched_in(function, *arguments):
    """What the accesses that stand in `function` touch, by the objects given: (position, part, how) for each touch."""
    objects = [*arguments, globals(), Base, Box]
    found = []

    def body():
        for thing in arguments:
            keep.append(thing)
        known = {}
        function(*arguments)
        for thing in objects:
            known[names.get(id(thing), id(thing))] = thing
        for inner in arguments:
            attributes = object.__getattribute__(inner, "__dict__") if isinstance(inner, Box) else {}
            for name, value in attributes.items():
                if isinstance(value, (list, dict)):
                    known[names.get(id(value), id(value))] = name
        found.append(known)

    keep = []
    outcome = execute(body)
    require_good_end(outcome)
    known = found[0]
    told = []
    for _, operation, touches in outcome.log:
        if operation.code is function.__code__:
            for key, part, how in touches_of(operation, touches):
                thing = known.get(key, "?")
                if not isinstance(thing, str):
                    thing = next(
                        (f"argument {at}" for at, given in enumerate(arguments) if given is thing),
                        {id(globals()): "globals", id(Base): "Base", id(Box): "Box"}.get(id(thing), "?"),
                    )
                told.append((thing, part, how))
    return told


def test_attributes():
    def function(box):
        box.value = box.value + 1
        del box.value

    assert touched_in(function, Box()) == [
        ("argument 0", "value", R),
        ("argument 0", "value", W),
        ("argument 0", "value", W),
    ]


def test_an_attribute_of_the_class_is_the_class_s_until_the_instance_has_its_own():
    def function(box):
        box.total
        Base.total += 0
        box.total = 5
        box.total

    assert touched_in(function, Box()) == [
        # An assignment of such an attribute to one of the others changes what is read.
        ("argument 0", "total", R),
        ("Box", "total", R),
        ("Base", "total", R),
        ("Base", "total", R),
        ("Base", "total", W),
        ("argument 0", "total", W),
        ("argument 0", "total", R),
    ]


def test_slots():
    def function(slots):
        slots.x = 1
        slots.x

    assert touched_in(function, Slots()) == [("argument 0", "x", W), ("argument 0", "x", R)]


def test_a_property_touches_what_it_touches_itself():
    def function(box):
        box.doubled

    assert touched_in(function, Box()) == []


def test_globals_and_module_attributes_are_the_same():
    import sys

    module = sys.modules[__name__]

    def function(module):
        global SETTING
        SETTING = 1
        SETTING
        module.SETTING = 2

    assert touched_in(function, module) == [
        ("globals", "SETTING", W),
        ("globals", "SETTING", R),
        ("globals", "SETTING", W),
    ]


def test_cells_are_distinguished():
    def make():
        n = 0

        def step():
            nonlocal n
            n += 1

        return step

    keys = set()
    for step in (make(), make()):
        outcome = execute(step)
        keys.update(key for _, operation, touches in outcome.log for key, _, _ in touches if operation.name == "n")
        keys.add(step)
    assert len(keys) == 4


def test_items_by_key():
    def function(table):
        table["a"] = 1
        table["a"]
        table["new"] = 1
        "b" in table
        table.get("a")
        del table["a"]
        table.update(x=1)
        len(table)

    assert touched_in(function, {"a": 0}) == [
        ("argument 0", "a", W),
        ("argument 0", "a", R),
        # A new key changes how many there are, and their order.
        ("argument 0", None, W),
        ("argument 0", "new", W),
        ("argument 0", "b", R),
        ("argument 0", "a", R),
        ("argument 0", None, W),
        ("argument 0", "a", W),
        ("argument 0", None, W),
        ("argument 0", None, R),
    ]


def test_items_by_index():
    def function(items):
        items[0] = items[-1]
        items[1:]
        items.append(3)

    assert touched_in(function, [1, 2]) == [
        ("argument 0", 1, R),
        ("argument 0", 0, W),
        ("argument 0", None, R),
        ("argument 0", None, W),
    ]


def test_containers_in_attributes():
    def function(box):
        box.items.append(1)
        box.table["a"] += 1

    touched = touched_in(function, Box())
    assert ("items", None, W) in touched
    assert touched[-2:] == [("table", "a", R), ("table", "a", W)]


def test_an_ordered_dict_is_touched_as_a_dict_is():
    def function(table):
        table["a"]
        table["a"] = 1
        table["b"] = 2
        len(table)
        "a" in table
        del table["a"]

    touched = touched_in(function, collections.OrderedDict(a=0))
    assert touched == touched_in(function, {"a": 0})
    assert touched[:2] == [("argument 0", "a", R), ("argument 0", "a", W)]


def test_loops_over_containers_views_and_wrappers():
    def function(items, table):
        for _ in items:
            break
        for _ in table.values():
            break
        for _, _ in enumerate(items):
            break
        for _, _ in zip(items, table.items(), strict=False):
            break

    touched = touched_in(function, [1], {"a": 1})
    assert {touch for touch in touched if touch[0] != "?"} == {("argument 0", None, R), ("argument 1", None, R)}
    assert touched.count(("argument 0", None, R)) >= 4


def test_what_an_iterator_gave_last_is_nothing_that_it_goes_through():
    def function(table):
        for _, _ in table.items():
            pass
        for _, _ in enumerate(table.values()):
            pass
        for _, _ in zip(table, table.values(), strict=True):
            pass

    touched = touched_in(function, {"a": [1], "b": [2], "c": [3]})
    assert {touch for touch in touched if touch[2] == R} == {("argument 0", None, R)}


def test_the_iterator_of_a_loop_is_private():
    def function(items):
        for _ in items:
            pass

    assert set(touched_in(function, [1, 2])) == {("argument 0", None, R)}


def test_a_shared_iterator_is_changed_by_each_step():
    iterator = iter([1, 2, 3])

    def function(iterator):
        for _ in iterator:
            break
        next(iterator)

    assert touched_in(function, iterator).count(("argument 0", None, W)) >= 2


def test_the_truth_of_a_container_is_a_read():
    def function(box, items):
        if box.items:
            box.items.clear()
        while items:
            items.pop()

    touched = touched_in(function, Box(), [1])
    assert touched[:2] == [("argument 0", "items", R), ("items", None, R)]
    # Twice true or false, and once changed.
    assert touched[-3:] == [("argument 1", None, R), ("argument 1", None, W), ("argument 1", None, R)]


def test_in_place_operators_and_unpacking():
    def function(items, more):
        items += more
        [*items]
        _, *_ = more

    touched = touched_in(function, [1], [2])
    assert touched == [
        ("argument 1", None, R),
        ("argument 0", None, W),
        ("argument 0", None, R),
        ("argument 1", None, R),
    ]


def test_comparisons_and_texts_read_what_is_in_containers():
    def compare(items, rows):
        rows == [[1], 2]

    def write(items, rows):
        f"{(1, rows)}"

    def look_for(items, rows):
        items in [[1], 2]

    def look_for_a_number(items, rows):
        1 in rows

    rows = [[1], "text"]
    inner = rows[0]
    for function in (compare, write):
        touched = touched_in(function, inner, rows)
        assert {("argument 0", None, R), ("argument 1", None, R)} <= set(touched), function.__name__
    assert ("argument 0", None, R) in touched_in(look_for, inner, rows)
    assert touched_in(look_for_a_number, inner, rows) == [("argument 1", None, R)]


def test_operators_with_numbers_are_no_steps():
    def function(number):
        number * 2
        number == 3
        number += number
        f"{number * number}"

    assert touched_in(function, 4) == []


def test_multiplying_and_slices_read_what_they_copy():
    def function(items, mine):
        items * 2
        mine[:] = items
        mine[::2] = items

    assert touched_in(function, [1], [1]) == [
        ("argument 0", None, R),
        ("argument 0", None, R),
        ("argument 1", None, W),
        ("argument 0", None, R),
        ("argument 1", None, W),
    ]


def test_iterators_of_dictionaries_begin_with_a_look():
    def function(table, items):
        iter(table)
        enumerate(table)
        reversed(items)
        iter(items)

    assert touched_in(function, {}, []) == [
        ("argument 0", None, R),
        ("argument 0", None, R),
        ("argument 1", None, R),
    ]


def test_only_a_part_is_inspected():
    few, many = [[number] for number in range(20)], [[number] for number in range(200)]
    assert not any(how & CUT for _, _, how in compared(few, [[0]]))
    found = compared(many, [[0]])
    assert any(how & CUT for _, _, how in found)
    assert len(found) < 100
    # Much that has no contents is no problem.
    numbers = list(range(10_000))
    assert [how for _, _, how in compared(numbers, numbers[1:])] == [R, R]
    deep = [[[[[[[]]]]]]]
    assert any(how & CUT for _, _, how in compared(deep, [[]]))
    endless = []
    endless.append(endless)
    assert not any(how & CUT for _, _, how in compared(endless, [[]]))


def test_no_code_of_the_program_runs_to_inspect_containers():
    rows = [Explosive(), [Explosive()]]
    assert compared(rows, [Explosive()])


def test_the_dictionary_of_an_object_stands_for_its_attributes():
    def function(box):
        box.__dict__["value"] = 1
        vars(box)["value"]

    assert touched_in(function, Box()) == [
        ("argument 0", None, R),
        ("argument 0", "value", W),
        ("argument 0", None, R),
        ("argument 0", "value", R),
    ]


def test_built_in_functions():
    def function(box, items):
        setattr(box, "value", 1)
        getattr(box, "value", None)
        sorted(items)
        operator.setitem(items, 0, 1)

    assert touched_in(function, Box(), [1]) == [
        ("argument 0", "value", W),
        ("argument 0", "value", R),
        ("argument 1", None, R),
        ("argument 1", 0, W),
    ]


def test_calls_of_all_forms():
    def function(pile):
        pile.append(1)
        pile.append(*[1])
        pile.extend(iterable) if (iterable := [2]) else None
        collections.deque.append(pile, 1)

    touched = touched_in(function, collections.deque())
    assert [touch for touch in touched if touch[2] == W] == [("argument 0", None, W)] * 4


def test_what_is_seen_within_a_method_is_not_seen_twice():
    def function(box):
        box.update(1)

    assert touched_in(function, Box()) == []


def test_calls_into_libraries_are_taken_for_changes_of_the_object():
    def function(known):
        known.add(function)
        len(known)

    # What is referred to weakly may die unseen.
    assert touched_in(function, weakref.WeakSet()) == [
        ("argument 0", None, W | OPAQUE | HIDDEN),
        ("argument 0", None, R | OPAQUE | HIDDEN),
    ]


def test_what_never_changes_is_not_touched():
    def function(pair, text):
        pair[0]
        text.count("a")
        len(pair)

    assert touched_in(function, (1, 2), "aa") == []


def test_values_of_threads_of_their_own_are_not_touched():
    def function(local):
        local.x = 1
        local.x

    assert touched_in(function, threading.local()) == []


def test_no_code_of_the_program_is_run():
    thing = Explosive()

    def function(things, table, thing):
        things[0] = thing
        things[0]
        table.get(1)
        object.__setattr__(thing, "x", 1)
        things.append(thing)

    require_good_end(execute(lambda: function([None], {1: 2}, thing)))


def test_an_address_that_is_used_again_is_another_object():
    def make():
        # In a variable of its own, it would not be inspected.
        for box in (Box(),):
            box.value = 1

    outcome = execute(lambda: (make(), make(), make()))
    require_good_end(outcome)
    written = [
        touches[0][0]
        for _, operation, touches in outcome.log
        if operation.code is make.__code__ and touches is not None
    ]
    assert len(set(written)) == 3


def test_nothing_is_kept_alive():
    freed = []

    def body():
        box = Box()
        weakref.finalize(box, freed.append, True)
        box.value = 1
        del box
        freed.append("end")

    require_good_end(execute(body))
    assert freed == [True, "end"]
    gc.collect()


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (((1, "a", R),), ((1, "a", R),), False),
        (((1, "a", W),), ((1, "a", R),), True),
        (((1, "a", W),), ((1, "b", W),), False),
        (((1, None, W),), ((1, "b", R),), True),
        (((1, None, R),), ((1, "b", R),), False),
        (((2, None, W),), ((1, None, W),), False),
        (((2, None, W), (1, 0, R)), ((1, 0, W | OPAQUE),), True),
        ((), ((1, None, W),), False),
    ],
)
def test_conflicts(first, second, expected):
    assert conflicts(first, second) is conflicts(second, first) is expected


def in_generator(box):
    def generate():
        for _ in range(2):
            got = yield box.value
            if got:
                box.value = got

    generator = generate()
    next(generator)
    generator.send(5)


def in_coroutine(box):
    class Context:
        async def __aenter__(self):
            return box

        async def __aexit__(self, *_):
            box.value = 2

        def __aiter__(self):
            return self

        async def __anext__(self):
            if box.value > 3:
                raise StopAsyncIteration
            box.value += 1
            return box

    async def numbers():
        yield box.value

    async def main():
        async with Context() as inner:
            inner.value = 1
            async for found in Context():
                found.value += 0
        return [number + box.value async for number in numbers() if box.value]

    coroutine = main()
    with contextlib.suppress(StopIteration):
        coroutine.send(None)


def in_handlers(box):
    for number in range(3):
        try:
            try:
                if number:
                    raise ExceptionGroup("both", [KeyError(number), ValueError(box.value)])
            except* KeyError as group:
                box.value = len(group.exceptions)
            finally:
                box.value += 1
        except ExceptionGroup as error:
            box.value = [box.value, *[box.value for _ in error.exceptions]][0]
        else:
            box.value += 0


def in_comprehensions(box):
    _ = [(box.value, {key: [box.value] for key in "ab"}) for _ in (1, 2) if box.value >= 0]
    _ = {box.value for _ in range(2)}, sum(box.value for _ in range(2))
    _ = (lambda: [lambda: box.value])()[0]()


def in_match(box):
    for thing in ([1, box], {"a": box, "b": 1}, box):
        match thing:
            case [1, inner]:
                inner.value = 1
            case {"a": inner, **rest}:
                inner.value = len(rest)
            case _ as inner if inner.value:
                inner.value = 3


def in_expressions(box):
    options = {"flush": False}
    boxes = [box]
    boxes[0].value = (first := boxes[-1]).value + first.value if 0 <= box.value <= 10 < 20 else f"{box.value!r:>{5}}"
    box.value, box.value = 1, print(*(box.value,), sep="", end="", **options) or 2
    del boxes[0].value
    boxes[0].value = boxes[0:1][0] is box and not box == 3 or None


@pytest.mark.parametrize(
    "function", [in_generator, in_coroutine, in_handlers, in_comprehensions, in_match, in_expressions]
)
def test_the_owner_is_found_wherever_the_access_stands(function):
    box = Box()
    known = []

    def body():
        function(box)
        known.append(names[id(box)])

    outcome = execute(body)
    require_good_end(outcome)
    found = [
        touches
        for _, operation, touches in outcome.log
        if operation.name == "value" and operation.code.co_filename == __file__ and operation.code is not body.__code__
    ]
    assert len(found) >= 3
    assert all([key for key, _, _ in touches] == known for touches in found), found


def test_a_comprehension_asks_for_its_iterator_once():
    """From 3.13.1 on there is another instruction that does so, for an iterator, which stays the same."""
    items = [1, 2]

    def in_a_list():
        return [item for item in items]  # noqa: C416

    def in_a_dictionary():
        return {item: 1 for item in items}  # noqa: C420

    def in_a_generator():
        return any(item > 2 for item in items)

    def in_a_closure():
        return [lambda: item for item in items]

    def of_its_own():
        return sum(number for number in range(4))

    for function in (in_a_list, in_a_dictionary, in_a_generator, in_a_closure, of_its_own):
        outcome = execute(function)
        require_good_end(outcome)
        kinds = [operation.kind for _, operation, _ in outcome.log]
        assert kinds.count("iterate") == (0 if function is of_its_own else 4), function


@dataclasses.dataclass
class Record:
    value: int = 0


def test_what_stands_beside_a_number_may_be_an_array(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))

    def calculates(array):
        # As with arrays, any operator goes for it.
        array % 1  # noqa: B018

    assert touched_in(calculates, bytearray(b"%d")) == [("argument 0", None, R)]


def test_methods_of_functions_in_c():
    def function(items):
        add = types.MethodType(list.append, items)
        add(1)

    assert touched_in(function, []) == [("argument 0", None, R), ("argument 0", None, W)]


def test_arrays_are_not_referred_to_weakly():
    """One that is cannot be resized."""

    class ndarray:  # noqa: N801
        value = 0

    array, references = ndarray(), []

    def body():
        array.value += 1
        references.append(weakref.getweakrefcount(array))

    require_good_end(execute(body))
    assert references == [0]


def test_an_object_that_cannot_be_inspected_is_no_error_of_the_program(monkeypatch):
    def fail(*_):
        raise ValueError("at fault")

    def body():
        sorted(items)

    items = []
    monkeypatch.setattr(_operands, "foreseen_call", lambda *_: fail)
    for engine in (_monitoring, _settrace):
        monkeypatch.setattr(engine, "STRICT", False)
    outcome = execute(body)
    require_good_end(outcome)
    assert [touches for _, operation, touches in outcome.log if operation.name == "sorted"] == [UNKNOWN]


def test_fields_of_a_format_are_followed():
    def function(box):
        "{0.value} {0.table[a]} {other.doubled}".format(box, other=box)  # noqa: UP032

    assert touched_in(function, Box()) == [
        ("argument 0", "value", R),
        ("argument 0", "table", R),
        ("table", "a", R),
        ("Box", "doubled", R),
    ]


def test_functions_that_are_called_for_each_element_or_with_what_is_unpacked():
    def function(box):
        list(map(setattr, [box], ["value"], [1]))
        sorted([box], key=operator.attrgetter("value"))
        getattr(*[box, "value"])

    assert [touch for touch in touched_in(function, Box()) if touch[0] == "argument 0"] == [
        ("argument 0", "value", W),
        ("argument 0", "value", R),
        ("argument 0", "value", R),
    ]


def test_functions_that_read_everything_touch_all_that_can_be_reached():
    def function(box, things):
        pickle.dumps(things)
        dir(box)

    box = Box()
    touched = touched_in(function, box, [(box,)])
    assert ("argument 1", None, R | OPAQUE) in touched
    assert touched.count(("argument 0", None, R | OPAQUE)) == 2


def test_a_generated_init_that_is_called_by_its_name_changes_the_object():
    def function(record):
        record.__init__(1)
        Record.__init__(record, 2)

    assert touched_in(function, Record()) == [("argument 0", None, W | OPAQUE | FOREIGN)] * 2


def test_unseen_reads_of_others_are_marked():
    def function(box):
        Base.__len__ = lambda _self: 0
        del Base.__len__
        Base.total = 1
        box.__class__ = Box
        box.__dict__ = {**box.__dict__}

    touched = touched_in(function, Box())
    marked = [(thing, part) for thing, part, how in touched if how & HIDDEN]
    assert marked == [("Base", "__len__"), ("Base", "__len__"), ("argument 0", "__class__")]
    assert ("argument 0", None, W) in touched
