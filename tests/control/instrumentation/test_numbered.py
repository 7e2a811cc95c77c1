"""Objects of one type have numbers, in the order in which a report shows them."""

from __future__ import annotations

import gc
import threading

from pytest_interleave.control.instrumentation._numbered import Numbered


class Account:
    pass


class Other:
    pass


class Slotted:
    __slots__ = ()


class Ends(Slotted):
    __slots__ = ()

    def __del__(self):
        pass


class Text(str):
    pass


class Odd:
    """No code of the program is run."""

    def __eq__(self, other):
        raise AssertionError

    __hash__ = __repr__ = __bool__ = __eq__  # type: ignore[assignment]


def test_objects_of_a_type_are_numbered_in_the_order_in_which_they_are_shown():
    numbered = Numbered()
    first, second, other = Account(), Account(), Other()
    names = [numbered.name(value) for value in (first, other, second)]
    assert [numbered.shown(name) for name in reversed(names)] == ["Account #1", "Other #1", "Account #2"]
    # From then on they keep their numbers.
    assert [numbered.shown(name) for name in names] == ["Account #2", "Other #1", "Account #1"]


def test_an_object_has_one_name():
    numbered = Numbered()
    first, second = Account(), Account()
    assert numbered.name(first) == numbered.name(first) != numbered.name(second)


def test_those_that_are_shown_first_have_the_first_numbers():
    numbered = Numbered()
    kept = [Account() for _ in range(3)]
    names = [numbered.name(value) for value in kept]
    assert numbered.shown(names[0]) == "Account #1"
    numbered.show_first([f"set {names[2]} -> {names[1]}", "without a name"])
    assert [numbered.shown(name) for name in names] == ["Account #3", "Account #2", "Account #1"]


def test_texts_with_several_names():
    numbered = Numbered()
    kept = [Account(), Account()]
    one, two = (numbered.name(value) for value in kept)
    assert numbered.shown(f"[{one}, {two}, {one}]") == "[Account #1, Account #2, Account #1]"
    assert numbered.shown("Account #7") == "Account #7"


def test_an_object_at_the_address_of_one_that_has_died_is_another_one():
    numbered = Numbered()
    texts = set()
    for _ in range(100):
        texts.add(numbered.name(Account()))
        gc.collect(0)
    assert len(texts) == 100
    assert {numbered.shown(text) for text in texts} == {f"Account #{number}" for number in range(1, 101)}


def test_nothing_is_kept_alive():
    numbered = Numbered()
    ended = []

    class Watched:
        def __del__(self):
            ended.append(True)

    value = Watched()
    numbered.name(value)
    del value
    assert ended == [True]


def test_plain_objects_have_numbers_too():
    """Nothing can refer to them weakly."""
    numbered = Numbered()
    sentinels = [object(), object()]
    assert [numbered.shown(numbered.name(value)) for value in sentinels] == ["object #1", "object #2"]
    del sentinels
    assert numbered.shown(numbered.name(object())) == "object #3"


def test_objects_without_weak_references_are_kept():
    numbered = Numbered()
    assert [numbered.shown(numbered.name(Slotted())) for _ in range(2)] == ["Slotted #1", "Slotted #2"]


def test_what_cannot_be_recognized_later_has_no_number():
    numbered = Numbered()
    assert numbered.shown(numbered.name(Ends())) == "<Ends object>"
    assert numbered.shown(numbered.name(iter([1]))) == "<list_iterator object>"


def test_primitives_have_names_of_their_own():
    numbered = Numbered()
    assert numbered.shown(numbered.name(threading.Event())) == "<Event object>"


def test_no_code_of_the_program_is_run():
    numbered = Numbered()
    odd = Odd()
    assert numbered.name(odd) == numbered.name(odd)
    assert numbered.shown(numbered.name(odd)) == "Odd #1"
    text = Text("secret")
    assert numbered.shown(numbered.name(text)) in ("Text #1", "<Text object>")
