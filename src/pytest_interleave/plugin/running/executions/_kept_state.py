"""State that outlives an execution: what modules in scope and fixtures of wider scopes hold.

Only what the interpreter itself stores is read, so no code of the program runs, and no object is kept alive.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import pytest

from ....control.scope import is_module, namespace_of_module, scoped_modules

#: Values are followed down to this depth below a global, and this many elements of a container are compared.
_DEPTH = 3
_ELEMENTS = 20
#: At most this many values are noted, those of the test's own module first; of the rest, no variable is named.
_MOST = 1_000
#: At most this many functions and classes are searched for the names that they use.
_MOST_CODE = 3_000
#: Longer texts are compared by identity.
_LONGEST = 1_000

#: Fixtures of these modules do not belong to the tests.
_NOT_THE_TESTS = ("_pytest.", "pytest_interleave.")

_ATOMS = frozenset((int, bool, float, complex, str, bytes, type(None)))
_LISTS = frozenset((list, set, tuple, frozenset, deque))
_MAPPINGS = frozenset((dict, OrderedDict, defaultdict, Counter))
#: Values of these types keep no state.
_FIXED = frozenset((BuiltinFunctionType, ModuleType, classmethod, property, staticmethod))
_CACHE = type(functools.cache(int))
_module_of_class = vars(type)["__module__"].__get__
_attributes_of_class = vars(type)["__dict__"].__get__

Marks = dict[str, object]


class _Variable(NamedTuple):
    """A global or a fixture, and the value that it has."""

    root: tuple[int, str]
    #: The names of the attributes that lead to the value.
    attributes: tuple[str, ...]
    value: object


class KeptState:
    """What outlives an execution, at one moment.

    `fixtures` are the values of fixtures that do, by their names, and `first` is the module that matters most.
    """

    def __init__(self, fixtures: Iterable[tuple[str, object]] = (), first: str = "") -> None:
        self._variables: dict[str, _Variable] = {}
        #: The values on the way to the one that is noted now.
        self._above: list[int] = []
        modules = scoped_modules()
        self._names = {name for name, _ in modules}
        #: The globals of modules in scope, by their addresses.
        self.namespaces = {id(namespace): namespace for _, namespace in modules}
        for name, value in fixtures:
            self._note(f"fixture {name}", (0, name), (), value, 0, "")
        for name, namespace in _in_order(modules, first):
            if len(self._variables) >= _MOST:
                break
            address = id(namespace)
            for variable, value in list(namespace.items()):
                if type(value) not in _FIXED and type(variable) is str and variable[:2] != "__" and variable[0] != "@":
                    self._note(f"{name}.{variable}", (address, variable), (), value, 0, name)

    def changed_since(self, earlier: KeptState, used: _Used) -> tuple[str, ...]:
        """Return the names of variables that differ from an earlier state, and that are used.

        Of a variable and a part of it, only the part is named; of two names for one object, the first one.
        """
        differing: dict[str, None] = {}
        objects = set()
        for name, variable in self._variables.items():
            if not (self._differs(name, variable, earlier) and used.has(variable)):
                continue
            address = variable.value[0] if type(variable.value) is tuple else variable.value
            if type(address) is not int or address not in objects:
                objects.add(address)
                differing[name] = None
        return tuple(name for name in differing if not any(_is_part(other, name) for other in differing))

    def _differs(self, name: str, variable: _Variable, earlier: KeptState) -> bool:
        before = earlier._variables.get(name)
        if before is not None:
            return before.value != variable.value
        if len(earlier._variables) >= _MOST:
            return False
        # A global or an attribute that was not there. A new element is a change of its container.
        whole, dot, last = name.rpartition(".")
        return bool(dot) and last.isidentifier() and (whole in earlier._variables or whole in earlier._names)

    def _note(
        self, name: str, root: tuple[int, str], attributes: tuple[str, ...], value: object, depth: int, module: str
    ) -> None:
        """Note a value, and the values that it holds. `module` is where it was found, "" if that is no module."""
        kind = type(value)
        if len(self._variables) >= _MOST or is_module(value):
            return
        if kind is FunctionType and not (value.__dict__ or value.__defaults__):  # type: ignore[attr-defined]
            return
        if kind is _CACHE:
            self._variables[f"the cache of {name}()"] = _Variable(root, attributes, value.cache_info().currsize)  # type: ignore[attr-defined]
            return
        self._variables[name] = _Variable(root, attributes, _mark(value))
        if depth == _DEPTH or kind in _ATOMS or id(value) in self._above:
            return
        self._above.append(id(value))
        for suffix, more, held in self._held(value, module):
            self._note(name + suffix, root, (*attributes, *more), held, depth + 1, "")
        self._above.pop()

    def _held(self, value: Any, module: str) -> Iterator[tuple[str, tuple[str, ...], object]]:
        """Yield what a value holds: how to name it, the names of attributes on the way, and the value."""
        kind = type(value)
        if kind is FunctionType:
            if module and value.__module__ == module:
                yield from ((f".{name}", (name,), held) for name, held in list(value.__dict__.items()))
                code = value.__code__
                names = code.co_varnames[: code.co_argcount]
                for name, held in zip(reversed(names), reversed(value.__defaults__ or ()), strict=False):
                    if type(held) in _LISTS or type(held) in _MAPPINGS:
                        yield f"({name}=…)", (), held
        elif issubclass(kind, type):
            if _module_of_class(value) in self._names and (not module or _module_of_class(value) == module):
                for name, held in list(_attributes_of_class(value).items()):
                    if type(held) not in _FIXED and type(held) is not FunctionType and name[:2] != "__":
                        yield f".{name}", (name,), held
        elif _module_of_class(kind) in self._names:
            with contextlib.suppress(Exception):
                attributes = object.__getattribute__(value, "__dict__")
                if type(attributes) is dict:
                    yield from ((f".{name}", (name,), held) for name, held in list(attributes.items()))


class Changed(NamedTuple):
    """The names of variables that executions have changed."""

    #: By all executions so far.
    all: tuple[str, ...]
    #: By the first execution.
    by_first: tuple[str, ...]


def changed(first: KeptState, *later: KeptState, roots: Iterable[object]) -> Changed:
    """Return the variables that the code of `roots` uses and that have changed since the state `first`.

    `later` are the states before the second execution, if there was one, and now.
    """
    used = _Used(later[-1].namespaces, roots)
    return Changed(later[-1].changed_since(first, used), later[0].changed_since(first, used))


def state_now(item: pytest.Function) -> KeptState:
    """Return what outlives executions of a test now. Its fixtures must have been made."""
    fixtures = [
        (name, definitions[-1].cached_result[0])
        for name, definitions in item._fixtureinfo.name2fixturedefs.items()
        if definitions
        and definitions[-1].scope != "function"
        and definitions[-1].cached_result is not None
        and not definitions[-1].func.__module__.startswith(_NOT_THE_TESTS)
    ]
    return KeptState(fixtures, item.module.__name__)


def code_of(item: pytest.Function, function: Callable[..., object]) -> tuple[object, ...]:
    """Return `function`, which a test runs, the functions of its fixtures, and the values that it is given."""
    fixtures = (each.func for several in item._fixtureinfo.name2fixturedefs.values() for each in several)
    return inspect.unwrap(function), *fixtures, *item.funcargs.values(), item.cls


class _Used:
    """The names that code uses: of globals and fixtures, and of attributes. `roots` are functions, classes, values."""

    def __init__(self, namespaces: dict[int, dict[str, Any]], roots: Iterable[object]) -> None:
        self._namespaces = namespaces
        self._by_name = {namespace.get("__name__"): address for address, namespace in namespaces.items()}
        self._roots: set[tuple[int, str]] = set()
        self._names: set[str] = set()
        waiting = list(roots)
        seen: set[int] = set()
        while waiting and len(seen) < _MOST_CODE:
            one = waiting.pop()
            if id(one) not in seen:
                seen.add(id(one))
                waiting += self._look_into(one)

    def has(self, variable: _Variable) -> bool:
        """Whether the code uses a variable."""
        root = variable.root
        # The test uses its fixtures by their names.
        return (root[0] == 0 or root in self._roots) and self._names.issuperset(variable.attributes)

    def _look_into(self, one: Any) -> Iterator[object]:
        """Note the names that a function or a class uses, and yield the values behind them."""
        kind = type(one)
        if kind is MethodType:
            yield one.__func__
        elif kind is FunctionType:
            if id(one.__globals__) in self._namespaces:
                self._roots.add((id(one.__globals__), one.__name__))
                for code in _codes(one.__code__):
                    yield from self._look_into_code(code, one.__globals__)
                for cell in one.__closure__ or ():
                    with contextlib.suppress(ValueError):
                        yield cell.cell_contents
            yield one.__dict__.get("__wrapped__")
        elif kind is _CACHE:
            yield one.__wrapped__
        elif kind in (staticmethod, classmethod, property):
            yield from (getattr(one, name, None) for name in ("__func__", "fget", "fset"))
        elif issubclass(kind, type):
            module = self._by_name.get(_module_of_class(one))
            if module is not None:
                self._roots.add((module, one.__name__))
                yield from list(_attributes_of_class(one).values())
                yield from one.__mro__[1:]
        elif kind not in _ATOMS:
            yield kind

    def _look_into_code(self, code: CodeType, namespace: dict[str, Any]) -> Iterator[object]:
        self._names.update(code.co_names)
        for name in code.co_names:
            if name not in namespace:
                continue
            self._roots.add((id(namespace), name))
            value = namespace[name]
            if not is_module(value):
                yield value
                continue
            inner = namespace_of_module(value)
            for attribute in code.co_names:
                if attribute in inner and id(inner) in self._namespaces:
                    self._roots.add((id(inner), attribute))
                    yield inner[attribute]


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object, and those of the functions in it."""
    yield code
    for constant in code.co_consts:
        if type(constant) is CodeType:
            yield from _codes(constant)


def _mark(value: Any) -> object:
    """Return a value that is equal for equal states of an object, without a reference to it."""
    kind = type(value)
    if kind in _ATOMS:
        return (kind, value) if kind not in (str, bytes) or len(value) <= _LONGEST else (kind, id(value), len(value))
    if kind in _MAPPINGS:
        return (
            id(value),
            len(value),
            *((_element(key), _element(held)) for key, held in list(dict.items(value))[:_ELEMENTS]),
        )
    if kind in _LISTS:
        return id(value), len(value), *(_element(held) for held in itertools.islice(list(value), _ELEMENTS))
    if kind is itertools.count:
        return id(value), repr(value)
    return id(value)


def _element(value: Any) -> object:
    kind = type(value)
    if kind in _ATOMS:
        return kind, value
    return (id(value), len(value)) if kind in _LISTS or kind in _MAPPINGS else id(value)


def _in_order(modules: list[tuple[str, dict[str, Any]]], first: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the modules with `first` in front, then those from which it has functions and classes."""
    own = next((namespace for name, namespace in modules if name == first), None)
    if own is None:
        return modules
    near = {_module_of(value) for value in list(own.values())}
    return sorted(modules, key=lambda module: 0 if module[0] == first else 1 if module[0] in near else 2)


def _module_of(value: Any) -> object:
    kind = type(value)
    if is_module(value):
        return namespace_of_module(value).get("__name__")
    if kind is FunctionType:
        return value.__module__
    return _module_of_class(value if issubclass(kind, type) else kind)


def _is_part(name: str, whole: str) -> bool:
    return name != whole and name.startswith(whole) and name[len(whole)] in ".[("
