"""The touches of calls whose callee is not in scope: a library's function may read or change what it is given."""

from __future__ import annotations

import functools
import gc
import operator
import os
import types
import warnings
import weakref
from collections.abc import Sequence
from typing import Any

from ..code._methods import READING_METHODS, READING_NATIVES, THOROUGH_READERS
from ..identity._any_call import any_call
from ..identity._keys import PLAIN_KEYS
from ..identity._leaving import expect
from ..identity._natives import has_own_access, is_of_ctypes
from ..identity._owners import MISSING, stored_attribute
from ..identity._types import (
    CONTAINER,
    STILL,
    class_holding,
    identities,
    is_class,
    kind_of,
    module_of,
    replaced,
)
from ..identity._wholes import TRUTH, by_given_method, called_back, contents, native, operand, whole
from ..identity._written import called, in_scope, is_foreign, is_generated, is_of_an_object, python_function
from ..scope._places import is_stdlib
from ..steps._touches import FOREIGN, NOTHING, OPAQUE, OUTSIDE_MEMORY, READS, WRITES, Touches
from ._accessors import accessed, accessed_by_method
from ._handed import handed_to_foreign, handed_whole, reachable
from ._known_calls import BOUND_IN_C, is_indifferent, touches_nothing_else
from ._looking import (
    LOOKING_AT_ALL,
    handed_to_c,
    handed_to_extension,
    handed_to_stdlib,
    handed_to_type,
    is_of_python_itself,
    leaves_objects_alone,
)
from ._nested import begun, of_elements, of_items, texts_of
from ._output import is_output, printed
from ._patching import patched_by
from ._referents import called_reference, calls_back_at_death
from ._text_fields import formatted, formatted_from

_UNBOUND_IN_C = identities((types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType))
#: The addresses of the types of objects that are not written in Python and can be handed over to be called.
_CALLBACKS = (
    BOUND_IN_C
    | _UNBOUND_IN_C
    | identities((operator.attrgetter, operator.itemgetter, operator.methodcaller, functools.partial))
)
#: Functions that make iterators.
_BEGINNERS = frozenset(map(id, (enumerate, filter, iter, map, reversed, zip)))
#: Functions that only read their arguments.
_READERS = THOROUGH_READERS | frozenset(
    "abs all any ascii critical debug divmod error exception format info len log max min pow print repr round sorted "
    "sum warning".split()
)
#: Libraries whose functions do the same as the functions of that name in the standard library.
_NUMERIC = frozenset(("numpy", "pandas", "scipy"))
#: Functions that write their arguments as texts.
_WRITERS_OF_TEXT = frozenset(map(id, (ascii, format, print, repr, str)))
_WARNERS = frozenset(map(id, (warnings.warn, warnings.warn_explicit)))
_UNSEEN_USE: Touches = ((OUTSIDE_MEMORY, None, WRITES | FOREIGN),)


def touches_of_call(function: Any, given: Sequence[Any]) -> Touches:
    """Return what a call touches, beside what code in scope does in it.

    `given` has its arguments, given by name or not.
    """
    if id(function) in replaced:
        return _UNSEEN_USE
    kind = type(function)
    if kind is types.MethodType and python_function(function) is None:
        # A method of Cython, for example.
        return touches_of_call(function.__func__, (function.__self__, *given))
    if kind is types.FunctionType or kind is types.MethodType:
        return _of_python(function, given) + _called_later(function, given)
    if kind is functools.partial:
        return contents(function.keywords, READS) + touches_of_call(function.func, _filled_in(function, given))
    if kind is operator.methodcaller:
        return _of_methodcaller(function, given)
    if function is functools.reduce:
        return _of_reduce(given)
    if function is operator.call:
        return touches_of_call(given[0], given[1:]) if given else NOTHING
    later = _called_later(function, given)
    if later:
        return later
    known = accessed(function, given)
    if known is not None:
        return known
    if touches_nothing_else(function):
        return NOTHING
    if id(kind) in BOUND_IN_C and function.__self__ is not None and type(function.__self__) is not types.ModuleType:
        return _method(function.__self__, function.__name__, given)
    if id(kind) in _UNBOUND_IN_C and given:
        return _method(given[0], function.__name__, given[1:])
    if id(function) in _WARNERS:
        # Whether a warning is shown, and where, depends on earlier warnings.
        return whole(warnings.filters, WRITES)
    if id(function) in _BEGINNERS:
        return tuple(touch for value in given for touch in begun(value, backwards=function is reversed))
    if id(function) in _WRITERS_OF_TEXT:
        touches = texts_of(*given)
        return touches + printed(given) if function is print else touches
    if id(kind) in BOUND_IN_C:
        known = NOTHING
        if function.__module__ == "builtins":
            known = of_elements(function.__name__, given)
            if given:
                known = by_given_method(given[0], f"__{function.__name__}__") + known
        for value in given:
            if id(type(value)) not in PLAIN_KEYS:
                how = READS if function.__name__ in _READERS else WRITES | OPAQUE
                touches = known + _given(given, how)
                return touches if leaves_objects_alone(function) else touches + handed_to_c(function, given, how)
        return known
    if is_class(kind):
        maker = called(function)
        if function is weakref.ref or function is weakref.proxy:
            calls_back_at_death(given)
        if is_of_an_object(maker):
            return touches_of_call(maker, given)
        known = of_elements("dict", given) if function is dict else NOTHING
        if function is bool and given:
            return operand(given[0], READS, TRUTH)
        return known + (_of_python(maker, given) if is_foreign(maker) else _given(given, READS))
    if is_of_ctypes(kind):
        return _UNSEEN_USE
    # An object that can be called.
    what = called(function)
    if what is not function and is_of_an_object(what):
        return touches_of_call(what, given)
    if python_function(what) is not None:
        return NOTHING if in_scope(what) else _of_python(what, (function, *given))
    return _of_callable(function, given)


#: The addresses of the types of functions that are not written in Python, and so have no steps when they are called.
_CALLED_LATER = BOUND_IN_C | identities((functools.partial,))
#: Functions of the standard library that announce the calls of what they are given; see `instrumentation._announced`.
_ANNOUNCING = frozenset(
    """
    Thread.__init__ Timer.__init__ ThreadPoolExecutor.submit Executor.map Future.add_done_callback Barrier.__init__
    Condition.wait_for
    """.split()
)
_STAND_INS = os.path.join("pytest_interleave", "control", "primitives", "")


def _called_later(function: Any, given: Sequence[Any]) -> Touches:
    """Return the containers whose methods a function of the standard library may call later, at an unknown step.

    They are not under control from then on.
    """
    found = [value for value in given if id(type(value)) in _CALLED_LATER]
    python = python_function(called(function)) if found else None
    if python is None:
        return NOTHING
    code = python.__code__
    is_library = is_stdlib(code.co_filename) or _STAND_INS in code.co_filename
    if not is_library or code.co_qualname in _ANNOUNCING:
        return NOTHING
    return handed_whole(found, WRITES | FOREIGN)


def _of_python(function: Any, given: Sequence[Any]) -> Touches:
    python = python_function(function)
    code = python.__code__
    if in_scope(python) or is_indifferent(code):
        return NOTHING
    if type(function) is types.MethodType:
        given = (function.__self__, *given)
    patched = patched_by(python, given)
    if patched:
        return patched
    if is_foreign(python):
        reads = code.co_name in _READERS and _is_named_after_what_it_does(python)
        touches = handed_to_foreign(python, given, READS if reads else WRITES)
        if code.co_name == "dump":
            # It reads one argument and writes to the other, which may be a stream in memory.
            touches += tuple(touch for value in given for touch in native(value, WRITES | OPAQUE))
        return touches
    if is_generated(python):
        if code.co_name == "__init__":
            # Called by its name, it fills an object that other code may know already, one attribute after another.
            return handed_whole(given[:1], WRITES | FOREIGN)
        return NOTHING if code.co_name in _MAKING else handed_whole(given, READS)
    touches = _given(given, READS | OPAQUE if code.co_name in _READERS else WRITES | OPAQUE)
    return touches + handed_to_stdlib(python, given)


def _is_named_after_what_it_does(function: types.FunctionType) -> bool:
    """Whether a function's name says what it does, as in the standard library. Elsewhere, `shop.info()` may write."""
    module = function.__module__
    return is_stdlib(function.__code__.co_filename) or (type(module) is str and module.partition(".")[0] in _NUMERIC)


#: Generated functions of these names make a new object.
_MAKING = frozenset(("__new__", "<lambda>"))


def _of_methodcaller(function: Any, given: Sequence[Any]) -> Touches:
    """Return what a call of an `operator.methodcaller` touches: it calls a method of its argument."""
    maker, arguments = function.__reduce__()
    if not given:
        return NOTHING
    if type(maker) is functools.partial:
        name, arguments = maker.args[0], (*maker.args[1:], *maker.keywords.values())
    else:
        name, arguments = arguments[0], arguments[1:]
    own = stored_attribute(given[0], name)
    if own is not MISSING:
        expect(own)
        return touches_of_call(own, arguments)
    holder = class_holding(type(given[0]), name)
    if holder is None:
        return whole(given[0], WRITES)
    method = holder[1]
    expect(method)
    return touches_of_call(method, arguments if type(method) is staticmethod else (given[0], *arguments))


def _of_reduce(given: Sequence[Any]) -> Touches:
    """Return what `functools.reduce` touches.

    Calls are followed one by one in `reduce(getattr, names, thing)`.
    """
    touches = tuple(touch for value in given[1:2] for touch in contents(value, READS))
    if len(given) < 2 or in_scope(given[0]):
        return touches
    if given[0] is getattr and len(given) > 2 and type(given[1]) in (list, tuple):
        thing = given[2]
        for name in given[1]:
            if thing is MISSING or type(name) is not str:
                break
            touches += touches_of_call(getattr, (thing, name))
            thing = stored_attribute(thing, name)
        return touches
    return touches + _given((given[0], *given[2:]), WRITES | OPAQUE)


def _filled_in(partial: Any, given: Sequence[Any]) -> Sequence[Any]:
    """Return the arguments with which a partial calls its function; from 3.14 on, places in it can be left open."""
    left = list(given)
    args = [left.pop(0) if value is _PLACEHOLDER and left else value for value in partial.args]
    return (*args, *left, *partial.keywords.values())


_PLACEHOLDER = getattr(functools, "Placeholder", object())


def _method(owner: Any, name: str, given: Sequence[Any]) -> Touches:
    """Return what a method written in C touches."""
    if name in _FORMATTING and issubclass(type(owner), str) and given:
        return formatted(owner, given) if name == "format" else formatted_from(owner, given[0])
    if is_class(type(owner)) and name not in _OF_CLASSES:
        return _given(given, READS)
    known = accessed_by_method(owner, name, given)
    if known is not None:
        return known
    holder = class_holding(type(owner), name)
    if holder is not None and holder[0] is object:
        return handed_whole((owner,), READS) if name in LOOKING_AT_ALL else NOTHING
    reads = name in READING_METHODS or name in _READING_SLOTS or name in READING_NATIVES
    touches = contents(owner, READS if reads else WRITES) or _state_of(owner, READS if reads else WRITES)
    touches = of_items(owner, name, given) + touches
    if looks_into_arguments(owner, name):
        touches += _given(given, READS)
        if name in THOROUGH_READERS:
            # As `dump` of a pickler.
            touches += tuple(touch for value in given for touch in reachable(value, READS | OPAQUE))
    if given and (name.endswith("into") or not is_of_python_itself(module_of(type(owner)))):
        # As `readinto` does, and as any method of an extension may.
        how = READS if name in READING_NATIVES else WRITES | OPAQUE
        touches += _given(given, how) + handed_to_extension(given, how)
    elif kind_of(type(owner)) == STILL:
        touches += _given(given, READS)
    return touches


_FORMATTING = frozenset(("format", "format_map"))
#: Methods by which a class accesses its own attributes.
_OF_CLASSES = frozenset(("__getattribute__", "__setattr__", "__delattr__"))


def _state_of(owner: Any, how: int) -> Touches:
    """Return what using an object touches whose type is written in C and is no container."""
    if type(owner) is types.GeneratorType:
        return whole(owner, WRITES)
    if is_output(owner):
        return NOTHING
    touches = native(owner, how)
    for held in gc.get_referents(owner)[:_MOST_INSIDE] if touches else ():
        # It works on another object: the `csv.writer` of a stream has its method `write`, a text stream has a binary
        # one.
        other = held.__self__ if id(type(held)) in BOUND_IN_C else held
        touches += native(other, how) if other is held else contents(other, how) or native(other, how)
    return touches


_READING_SLOTS = frozenset(
    ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__repr__", "__str__", "__add__", "__hash__")
)
_TAKES_CONTENTS = frozenset(
    "difference difference_update extend extendleft intersection intersection_update isdisjoint issubset issuperset "
    "join subtract symmetric_difference symmetric_difference_update union update writelines format".split()
)


def looks_into_arguments(owner: Any, name: str) -> bool:
    """Whether a method of that name reads the contents of its arguments."""
    return name in _TAKES_CONTENTS or kind_of(type(owner)) != CONTAINER


def _given(values: Sequence[Any], how: int) -> Touches:
    """Return what handing values to C code touches, or to other code that goes through them."""
    touches: list[Any] = []
    for value in values:
        if id(type(value)) in PLAIN_KEYS:
            continue
        if id(type(value)) in _CALLBACKS:
            # A function that may be called back.
            touches += called_back(value, [other for other in values if other is not value])
        elif type(value) is tuple:
            touches += (touch for inner in value[:_MOST_INSIDE] for touch in native(inner, how))
        else:
            touches += contents(value, how) or native(value, how)
    return tuple(touches)


#: At most this many elements or referents are inspected; the rest are skipped.
_MOST_INSIDE = 8


def _of_callable(function: Any, given: Sequence[Any]) -> Touches:
    """Return what calling an object touches whose `__call__` is written in C."""
    kind = type(function)
    if issubclass(kind, weakref.ref):
        return called_reference(function)
    touches = NOTHING
    if has_own_access(kind):
        # It stands for a function, and may call others around that.
        for inner in gc.get_referents(function):
            python = python_function(inner)
            if python is not None:
                touches += _of_python(inner, given)
            elif id(type(inner)) in BOUND_IN_C:
                touches += touches_of_call(inner, given)
    name = stored_attribute(function, "__name__")
    how = READS if type(name) is str and name in READING_NATIVES else WRITES | OPAQUE
    return touches + _given(given, how) + handed_to_type(kind, given, how)


any_call.is_looked_at_by(touches_of_call)
