"""The memory layout of built-in functions of modules, and the redirection of such functions."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import BuiltinFunctionType, ModuleType
from typing import Any

from ._affinity import has_gil


class Definition(ctypes.Structure):
    """The interpreter's `PyMethodDef`."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("call", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_void_p),
    )


class _Function(ctypes.Structure):
    """The fields of the interpreter's `PyCFunctionObject` that are used here."""

    _fields_ = (
        ("head", ctypes.c_char * object.__basicsize__),
        ("definition", ctypes.POINTER(Definition)),
        ("owner", ctypes.c_void_p),
    )


class _Module(ctypes.Structure):
    """The fields of the interpreter's `PyModuleObject` that are used here."""

    _fields_ = (
        ("head", ctypes.c_char * object.__basicsize__),
        ("dictionary", ctypes.c_void_p),
        ("definition", ctypes.c_void_p),
        ("state", ctypes.c_void_p),
    )


#: The address of the C function that calls the owner with the arguments of a call, by how the arguments are passed:
#: none, one, a tuple of all.
_CALLS = {
    flags: ctypes.cast(function, ctypes.c_void_p).value
    for flags, function in (
        (0x0004, ctypes.pythonapi.PyObject_CallNoArgs),
        (0x0008, ctypes.pythonapi.PyObject_CallOneArg),
        (0x0001, ctypes.pythonapi.PyObject_CallObject),
    )
}

_state_of = ctypes.pythonapi.PyModule_GetState
_state_of.argtypes = [ctypes.py_object]
_state_of.restype = ctypes.c_void_p

_new_function = ctypes.pythonapi.PyCFunction_NewEx
_new_function.argtypes = [ctypes.POINTER(Definition), ctypes.py_object, ctypes.py_object]
_new_function.restype = ctypes.py_object

#: Definitions of functions that were made here. Nothing else keeps them alive.
_kept: list[Definition] = []


def definition_of(function: Any) -> Definition:
    """Return the definition of a built-in function; other functions may share it."""
    definition: Definition = _Function.from_address(id(function)).definition.contents
    return definition


def can_be_redirected(module: ModuleType, function: Any) -> bool:
    """Whether the interpreter lays out and calls `function` of `module` in one of the ways that are known here."""
    return (
        type(function) is BuiltinFunctionType
        and definition_of(function).flags in _CALLS
        and _Module.from_address(id(module)).state == _state_of(module)
    )


def new_copy(module: ModuleType, function: Any) -> Any:
    """Return a function that does what `function` of `module` does now, even if `function` is changed later.

    `function` must be one that can be redirected.
    """
    return _new_function(ctypes.pointer(_copy(definition_of(function))), module, module.__name__)


class Redirection:
    """Lets a function of a module, written in C, call `answer`, which must ignore its first argument.

    `real` does what the function did when this object was made, whatever happens to the function. `below` does what the
    function does without this redirection: other libraries, too, may have changed its definition.
    """

    def __init__(self, module: ModuleType, function: Any, answer: Callable[..., Any]) -> None:
        self._definition = definition_of(function)
        self._call = self._definition.call
        self.real = new_copy(module, function)
        self.below = _new_function(ctypes.pointer(self._definition), module, module.__name__)
        self._view = _Function.from_address(id(function))
        self._ours = _copy(self._definition)
        self._ours.call = _CALLS[self._definition.flags]
        self._to_real, self._to_ours = ctypes.pointer(self._definition), ctypes.pointer(self._ours)
        self._owner = _stand_in(module, answer)
        self._real_owner = self._view.owner
        self.in_place = False

    @property
    def changed_below(self) -> bool:
        """Whether another library has put a function of its own into the definition."""
        return bool(self._definition.call != self._call)

    def put(self) -> None:
        """Let the function call `answer` from now on.

        The owner is set before the definition, and `take_out` uses the opposite order: other threads may be calling the
        function.
        """
        self._view.owner = id(self._owner)
        self._view.definition = self._to_ours
        self.in_place = True

    def take_out(self) -> None:
        """Let the function do again what it did before."""
        self._view.definition = self._to_real
        if has_gil():
            # Without a GIL, another thread may be in the middle of a call.
            self._view.owner = self._real_owner
        self.in_place = False


def _copy(definition: Definition) -> Definition:
    copy = Definition.from_buffer_copy(definition)
    _kept.append(copy)
    return copy


def _stand_in(module: ModuleType, answer: Callable[..., Any]) -> ModuleType:
    """Return an object that functions of `module` can have as their owner, and that calls `answer` when it is called.

    It is a module, because functions of modules are pickled by name. It has the same state as `module`, for calls that
    are running when it is put in place.
    """
    owner: ModuleType = type("module", (ModuleType,), {"__call__": answer})(module.__name__)
    _Module.from_address(id(owner)).state = _state_of(module)
    # Kept for ever: to free it would free the state.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(owner))
    return owner
