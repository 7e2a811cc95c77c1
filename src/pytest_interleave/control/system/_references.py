"""References to functions that a module keeps elsewhere than under a name of its own.

Programs keep them in default arguments, in attributes of classes and objects, in tables, in closures and in
`functools.partial` objects.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from types import BuiltinFunctionType, CellType, FunctionType, MemberDescriptorType, SimpleNamespace
from typing import Any

from ..identity._types import bases_of, is_class, is_made_by_a_program, stand_ins
from ..scope._places import is_ours

#: From a value in a module's namespace, this many references are followed.
_DEPTH = 3
#: Containers with more than this are no tables of functions.
_LARGEST = 1_000
#: At most this many objects of a module are searched.
_MOST = 10_000
_namespace_of = vars(type)["__dict__"].__get__
_METHODS = (staticmethod, classmethod)


class Reference:
    """A place that refers to a function: what is there, and what belongs there while a test is under control."""

    __slots__ = ("_get", "_set", "ours", "real")

    def __init__(self, get: Callable[[], Any], set_: Callable[[Any], None], real: Any, ours: Any) -> None:
        self._get = get
        self._set = set_
        self.real = real
        self.ours = ours

    def put(self) -> None:
        """Put the stand-in there, unless the program has put something else there."""
        if self._get() is self.real:
            self._set(self.ours)

    def take(self) -> None:
        """Put back what was there."""
        if self._get() is self.ours:
            self._set(self.real)


def references_in(
    namespace: dict[str, Any], module: str, stand_ins: Mapping[int, Any], *, data: bool
) -> Iterator[Reference]:
    """Yield the references of a module to what has a stand-in, except those under its own names.

    `stand_ins` has the stand-in for each real function, by the address of that. Tables and the attributes of objects
    are searched only with `data`.
    """
    search = _Search(module, stand_ins, data=data)
    for name, value in list(namespace.items()):
        yield from search.within_tuple(namespace, name, value)
        yield from search.within(value, _DEPTH)


def references_of(arguments: dict[str, Any], stand_ins: Mapping[int, Any]) -> Iterator[Reference]:
    """Yield the references of a test's arguments to what has a stand-in."""
    yield from _Search("", stand_ins, data=True).within(arguments, _DEPTH)


class _Search:
    def __init__(self, module: str, stand_ins: Mapping[int, Any], *, data: bool) -> None:
        self._module = module
        self._stand_ins = stand_ins
        self._data = data
        self._seen: set[int] = set()

    def within(self, value: Any, depth: int) -> Iterator[Reference]:
        """Yield the references that a value has, or that have others to which it refers."""
        search = self._search_of(value)
        if search is None or depth == 0 or id(value) in self._seen or len(self._seen) >= _MOST:
            return
        self._seen.add(id(value))
        yield from search(value, depth - 1)

    def _search_of(self, value: Any) -> Callable[[Any, int], Iterator[Reference]] | None:
        kind = type(value)
        if kind is FunctionType:
            # The stand-ins have references to the real functions.
            return None if is_ours(value.__code__.co_filename) else self._function
        if is_class(kind):
            # A type in C that nothing has made ready yet has no namespace.
            is_of_module = (_namespace_of(value) or {}).get("__module__") == self._module
            return self._class if is_of_module and id(value) not in stand_ins else None
        if kind in _METHODS:
            return lambda method, depth: self.within(method.__func__, depth + 1)
        if kind is property:
            return self._property
        if kind is functools.partial:
            return self._partial
        if not self._data:
            return None
        if issubclass(kind, dict):
            return self._dict
        if kind is list:
            return self._list
        if _is_tuple(kind):
            return self._tuple
        return self._object if kind is SimpleNamespace or is_made_by_a_program(kind) else None

    def _function(self, function: FunctionType, depth: int) -> Iterator[Reference]:
        defaults = function.__defaults__
        ours = self._in_place_of(defaults)
        if ours is not defaults:
            set_ = functools.partial(setattr, function, "__defaults__")
            yield Reference(lambda: function.__defaults__, set_, defaults, ours)
        if function.__kwdefaults__:
            yield from self._items(function.__kwdefaults__, 0)
        for cell in function.__closure__ or ():
            yield from self._cell(cell, depth)

    def _cell(self, cell: CellType, depth: int) -> Iterator[Reference]:
        try:
            value = cell.cell_contents
        except ValueError:
            # Nothing has been assigned yet.
            return
        ours = self._in_place_of(value)
        if ours is not value:
            yield Reference(lambda: cell.cell_contents, functools.partial(setattr, cell, "cell_contents"), value, ours)
        yield from self.within(value, depth)

    def _class(self, kind: type, depth: int) -> Iterator[Reference]:
        # No metaclass of the program is asked.
        for name, value in list(_namespace_of(kind).items()):
            function = value.__func__ if type(value) is staticmethod else value
            ours = self._stand_ins.get(id(function))
            if ours is None:
                yield from self.within(value, depth)
                continue
            # Unlike a function in C, its stand-in would become a method.
            becomes_method = type(ours) is FunctionType and type(function) is BuiltinFunctionType
            kept = staticmethod(ours) if becomes_method or function is not value else ours
            yield Reference(
                functools.partial(_namespace_of(kind).get, name),
                functools.partial(type.__setattr__, kind, name),
                value,
                kept,
            )

    def _property(self, value: property, depth: int) -> Iterator[Reference]:
        for function in (value.fget, value.fset, value.fdel):
            yield from self.within(function, depth + 1)

    def _partial(self, partial: functools.partial[Any], depth: int) -> Iterator[Reference]:
        yield from self.within(partial.func, depth)
        real = (partial.func, partial.args, partial.keywords)
        of = self._in_place_of
        ours = (of(partial.func), of(partial.args), {name: of(value) for name, value in partial.keywords.items()})
        if ours == real:
            return

        def put(state: Any) -> None:
            partial.__setstate__((*state, vars(partial)))  # type: ignore[attr-defined]

        yield Reference(lambda: real if partial.func is real[0] and partial.args == real[1] else ours, put, real, ours)

    def _dict(self, value: dict[Any, Any], depth: int) -> Iterator[Reference]:
        if len(value) <= _LARGEST:
            yield from self._items(value, depth)

    def _items(self, found: dict[Any, Any], depth: int) -> Iterator[Reference]:
        # No method of a program's own class is called.
        for key, value in list(dict.items(found)):
            ours = self._in_place_of(value)
            if ours is not value:
                yield _item(found, key, value, ours)
            yield from self.within(value, depth)

    def within_tuple(self, found: dict[Any, Any], key: Any, value: Any) -> Iterator[Reference]:
        """Yield the reference to a tuple with references, since that cannot be changed."""
        if self._data and _is_tuple(type(value)):
            ours = self._in_place_of(value)
            if ours is not value:
                yield _item(found, key, value, ours)

    def _list(self, found: list[Any], depth: int) -> Iterator[Reference]:
        if len(found) > _LARGEST:
            return
        for index, value in enumerate(list(found)):
            ours = self._in_place_of(value)
            if ours is not value:
                yield _element(found, index, value, ours)
            yield from self.within(value, depth)

    def _tuple(self, found: tuple[Any, ...], depth: int) -> Iterator[Reference]:
        if len(found) <= _LARGEST:
            for value in found:
                yield from self.within(value, depth)

    def _object(self, value: Any, depth: int) -> Iterator[Reference]:
        for kind in bases_of(type(value)):
            for member in list(_namespace_of(kind).values()):
                if type(member) is MemberDescriptorType:
                    yield from self._slot(value, member, depth)
        try:
            attributes = object.__getattribute__(value, "__dict__")
        except AttributeError:
            return
        if type(attributes) is dict:
            yield from self._dict(attributes, depth)

    def _slot(self, owner: Any, member: MemberDescriptorType, depth: int) -> Iterator[Reference]:
        try:
            value = member.__get__(owner)
        except AttributeError:
            return
        ours = self._in_place_of(value)
        if ours is not value:
            yield Reference(lambda: member.__get__(owner), functools.partial(member.__set__, owner), value, ours)
        yield from self.within(value, depth)

    def _in_place_of(self, value: Any) -> Any:
        """Return the stand-in for a value, or a tuple with stand-ins; the value itself if it has none."""
        ours = self._stand_ins.get(id(value))
        if ours is not None:
            return ours
        if _is_tuple(type(value)) and len(value) <= _LARGEST:
            made = [self._in_place_of(each) for each in value]
            if any(new is not old for new, old in zip(made, value, strict=True)):
                return tuple.__new__(type(value), made)
        return value


def _is_tuple(kind: type) -> bool:
    """Whether objects of a class are tuples, or named tuples, which have nothing else than tuples."""
    return kind is tuple or (tuple in bases_of(kind) and "_fields" in _namespace_of(bases_of(kind)[0]))


def _item(found: dict[Any, Any], key: Any, real: Any, ours: Any) -> Reference:
    get, set_ = functools.partial(dict.get, found, key), functools.partial(dict.__setitem__, found, key)
    return Reference(get, set_, real, ours)


def _element(found: list[Any], index: int, real: Any, ours: Any) -> Reference:
    return Reference(
        lambda: found[index] if index < len(found) else None,
        lambda value: found.__setitem__(index, value),
        real,
        ours,
    )
