"""What is known of classes."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from pytest_interleave.control.interpreter._affinity import has_gil
from pytest_interleave.control.scope._of_classes import OfClasses


def test_a_result_is_kept_while_the_class_lives() -> None:
    asked: list[str] = []

    @OfClasses
    def name(kind: type) -> str:
        asked.append(kind.__name__)
        return kind.__name__

    class First:
        pass

    assert [name(First), name(First), name(int), name(int)] == ["First", "First", "int", "int"]
    assert asked == ["First", "int"]
    assert len(name._known) == 2
    gone = weakref.ref(First)
    del First
    gc.collect()
    # Without a GIL, something else may keep a class alive.
    assert len(name._known) == 1 + (gone() is not None)
    assert gone() is None or not has_gil()


def test_other_bases_give_another_result() -> None:
    @OfClasses
    def count(kind: type) -> int:
        return len(kind.__mro__)

    class Base:
        pass

    class Other(Base):
        pass

    class Of(Base):
        pass

    assert count(Of) == 3
    Of.__bases__ = (Other,)
    assert count(Of) == 4


def test_classes_may_define_equality() -> None:
    class Meta(type):
        def __eq__(cls, other: object) -> bool:
            raise AssertionError("compared")

        def __hash__(cls) -> int:
            raise AssertionError("hashed")

    @OfClasses
    def name(kind: type) -> Any:
        return type.__dict__["__name__"].__get__(kind)

    first, second = Meta("first", (), {}), Meta("second", (), {})
    assert [name(first), name(second), name(first)] == ["first", "second", "first"]
