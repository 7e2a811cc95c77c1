"""Functions that a program keeps in default arguments, classes, tables, closures and partial objects."""

from __future__ import annotations

import collections
import functools
import os
import sqlite3
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from pytest_interleave.control.system._references import references_in, references_of
from pytest_interleave.control.system.databases._connections import connections
from pytest_interleave.control.system.files import _descriptors

_MODULE = __name__


def _stand_in(*_: Any) -> str:
    return "stand-in"


_STAND_INS = {id(os.getcwd): _stand_in}


def _by_default(function: Callable[[], Any] = os.getcwd) -> Any:
    return function()


def _by_keyword(*, function: Callable[[], Any] = os.getcwd) -> Any:
    return function()


def _closing_over(function: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: function()


class _Kept:
    attribute = os.getcwd
    static = staticmethod(os.getcwd)

    def method(self, function: Callable[[], Any] = os.getcwd) -> Any:
        return function()

    @property
    def value(self) -> Any:
        return _by_default()

    @classmethod
    def of_class(cls, function: Callable[[], Any] = os.getcwd) -> Any:
        return function()


class _Object:
    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function


_partial = functools.partial(os.getcwd)
_given = functools.partial(_by_default, os.getcwd)
_table: dict[str, Any] = {"here": os.getcwd, "nested": {"there": os.getcwd}}
_list = [os.getcwd]
_object = _Object(os.getcwd)


class _Slots:
    __slots__ = ("empty", "function")

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function


_slots = _Slots(os.getcwd)


class _Named(NamedTuple):
    function: Callable[[], Any]


_tuples = {"tuple": (1, os.getcwd), "nested": (1, (os.getcwd,)), "object": (_Object(os.getcwd),)}
_ordered = collections.OrderedDict(here=os.getcwd)
_default: dict[str, Any] = collections.defaultdict(lambda: os.getcwd, here=os.getcwd)
_simple = SimpleNamespace(here=os.getcwd)
_named = {"named": _Named(os.getcwd)}
_namespace: dict[str, Any] = {"name": (1, os.getcwd)}


def _by_default_in_tuple(functions: tuple[Any, ...] = (os.getcwd,)) -> Any:
    return functions[0]()


CALLS: dict[str, tuple[Any, Callable[[], Any]]] = {
    "default argument": (_by_default, _by_default),
    "keyword-only argument": (_by_keyword, _by_keyword),
    "closure": (found := _closing_over(os.getcwd), found),
    "attribute of a class": (_Kept, lambda: _Kept().attribute()),
    "static method": (_Kept, lambda: _Kept().static()),
    "argument of a method": (_Kept, lambda: _Kept().method()),
    "argument of a class method": (_Kept, _Kept.of_class),
    "partial object": (_partial, lambda: _partial()),
    "argument of a partial object": (_given, lambda: _given()),
    "dictionary": (_table, lambda: _table["here"]()),
    "nested dictionary": (_table, lambda: _table["nested"]["there"]()),
    "list": (_list, lambda: _list[0]()),
    "object": (_object, lambda: _object.function()),
    "OrderedDict": (_ordered, lambda: _ordered["here"]()),
    "defaultdict": (_default, lambda: _default["here"]()),
    "SimpleNamespace": (_simple, lambda: _simple.here()),
    "slot": (_slots, lambda: _slots.function()),
    "tuple": (_tuples, lambda: _tuples["tuple"][1]()),  # type: ignore[operator]
    "nested tuple": (_tuples, lambda: _tuples["nested"][1][0]()),  # type: ignore[index]
    "object in a tuple": (_tuples, lambda: _tuples["object"][0].function()),  # type: ignore[union-attr]
    "named tuple": (_named, lambda: _named["named"].function()),
    "default argument in a tuple": (_by_default_in_tuple, _by_default_in_tuple),
}


@pytest.mark.parametrize("kept", CALLS)
def test_a_reference_is_replaced_and_put_back(kept: str) -> None:
    holder, call = CALLS[kept]
    references = list(references_in({"name": holder}, _MODULE, _STAND_INS, data=True))
    assert call() == os.getcwd()
    for each in references:
        each.put()
    replaced = call()
    for each in references:
        each.take()
    assert replaced == "stand-in"
    assert call() == os.getcwd()


def test_tuples_under_names_of_a_module() -> None:
    before = _namespace["name"]
    (reference,) = references_in(_namespace, _MODULE, _STAND_INS, data=True)
    reference.put()
    assert _namespace["name"] == (1, _stand_in)
    reference.take()
    assert _namespace["name"] is before
    assert not list(references_in(_namespace, _MODULE, _STAND_INS, data=False))


def test_arguments_of_a_test() -> None:
    arguments: dict[str, Any] = {"plain": 1, "function": os.getcwd, "several": [os.getcwd]}
    references = list(references_of(arguments, _STAND_INS))
    for each in references:
        each.put()
    assert arguments == {"plain": 1, "function": _stand_in, "several": [_stand_in]}
    for each in references:
        each.take()
    assert arguments == {"plain": 1, "function": os.getcwd, "several": [os.getcwd]}


def test_what_the_program_has_put_there_stays() -> None:
    table: dict[str, Any] = {"here": os.getcwd}
    (reference,) = references_in({"table": table}, _MODULE, _STAND_INS, data=True)
    table["here"] = os.getpid
    reference.put()
    assert table["here"] is os.getpid


@pytest.mark.parametrize("holder", [_table, _list, _object], ids=["dictionary", "list", "object"])
def test_the_data_of_libraries_is_not_searched(holder: object) -> None:
    assert not list(references_in({"name": holder}, _MODULE, _STAND_INS, data=False))


def test_classes_of_other_modules_are_searched_there() -> None:
    assert not list(references_in({"name": _Kept}, "another.module", _STAND_INS, data=True))


def test_structures_that_contain_themselves() -> None:
    table: dict[str, Any] = {"here": os.getcwd}
    table["itself"] = table
    table["object"] = SimpleNamespace(table=table)
    assert len(list(references_in({"table": table}, _MODULE, _STAND_INS, data=True))) == 1


def test_attributes_are_not_computed() -> None:
    class Lazy:
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    assert not list(references_in({"lazy": Lazy()}, _MODULE, _STAND_INS, data=True))


def test_stand_ins_keep_their_references() -> None:
    namespace = {"read": _descriptors.REPLACEMENTS["read"], "Connection": connections(sqlite3.Connection)}
    kept = {id(os.read): _stand_in, id(sqlite3.Connection): _stand_in}
    assert not list(references_in(namespace, "sqlite3", kept, data=True))


def test_types_that_are_not_ready() -> None:
    module = pytest.importorskip("_testcapi")
    assert not list(references_in(vars(module), "_testcapi", _STAND_INS, data=True))
