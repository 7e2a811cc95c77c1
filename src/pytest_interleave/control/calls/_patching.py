"""The touches of replacing an attribute or an item for a while, and of putting it back.

`unittest.mock.patch`, pytest's `monkeypatch` and `contextlib.redirect_stdout` do so, each in code that is one step.
They remember what they found, to put it back: two threads that alternate put back what the other one has put.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..identity._items import item
from ..identity._owners import MISSING, attribute, stored_attribute
from ..identity._types import bases_of, is_class, namespace_of
from ..identity._wholes import whole
from ..scope._modules import is_module, namespace_of_module
from ..steps._touches import FOREIGN, NOTHING, OPAQUE, WRITES, Touches
from ._handed import closed_over

#: Stands for everything that is patched, if it is not known what that is.
_UNKNOWN_TARGET = ("patched",)


def patched_by(function: types.FunctionType, given: Sequence[Any]) -> Touches:
    """Return what a call of a Python function out of scope touches by patching; `given` has its arguments."""
    find = _BY_MODULE.get(function.__globals__.get("__name__", ""))
    return NOTHING if find is None else find(function, given)


def _by_mock(function: types.FunctionType, given: Sequence[Any]) -> Touches:
    name = function.__code__.co_name
    if name == "_patch_stopall":
        return _of_patchers(function.__globals__["_patch"]._active_patches)
    patchings = function.__dict__.get("patchings")
    if patchings is not None:
        # A function that is decorated with patches.
        return _of_patchers(patchings)
    return _of_patchers(given[:1]) if name in _WHILE_PATCHING else NOTHING


_WHILE_PATCHING = frozenset(("__enter__", "__exit__", "start", "stop"))


def _of_patchers(patchers: Iterable[Any]) -> Touches:
    touches = NOTHING
    for patcher in patchers:
        # The patcher itself has what it replaced.
        touches += whole(patcher, WRITES, FOREIGN)
        if type(patcher).__name__ == "_patch_dict":
            named = stored_attribute(patcher, "in_dict")
            if type(named) is str:
                named = _found(named)
            touches += _patched(None, NOTHING) if named is MISSING else whole(named, WRITES, FOREIGN | OPAQUE)
            continue
        for each in (patcher, *getattr(patcher, "additional_patchers", ())):
            touches += _attribute(_target_of(each), stored_attribute(each, "attribute"))
    return touches


def _target_of(patcher: Any) -> Any:
    target = stored_attribute(patcher, "target")
    if target is not MISSING and target is not None:
        # The patch is in place.
        return target
    getter = stored_attribute(patcher, "getter")
    if type(getter) is functools.partial and getter.args:
        return _found(getter.args[0])
    if type(getter) is types.FunctionType:
        for value in closed_over(getter):
            return _found(value) if type(value) is str else value
    return MISSING


def _by_pytest(function: types.FunctionType, given: Sequence[Any]) -> Touches:
    patcher, *arguments = given or (None,)
    name = function.__code__.co_name
    if name in ("setattr", "delattr") and arguments:
        owner = arguments[0]
        if type(owner) is str:
            path, _, attribute_name = owner.rpartition(".")
            return _attribute(_found(path), attribute_name)
        return _attribute(owner, arguments[1]) if len(arguments) > 1 else NOTHING
    if name in ("setitem", "delitem") and len(arguments) > 1:
        return _item(arguments[0], arguments[1])
    if name in ("setenv", "delenv") and arguments:
        return _item(sys.modules["os"].environ, arguments[0])
    if name == "syspath_prepend":
        return whole(sys.path, WRITES)
    return undone(patcher) if name == "undo" else NOTHING


def undone(patcher: Any) -> Touches:
    """Return what a `pytest.MonkeyPatch` touches when it puts everything back."""
    touches = NOTHING
    for owner, name, _ in _list_of(patcher, "_setattr"):
        touches += _attribute(owner, name)
    for container, key, _ in _list_of(patcher, "_setitem"):
        touches += _item(container, key)
    if stored_attribute(patcher, "_savesyspath") not in (None, MISSING):
        touches += whole(sys.path, WRITES)
    return touches


def _list_of(patcher: Any, name: str) -> Sequence[Any]:
    found = stored_attribute(patcher, name)
    return found if type(found) is list else ()


def _by_redirecting(function: types.FunctionType, given: Sequence[Any]) -> Touches:
    if given and isinstance(given[0], _REDIRECTING) and function.__code__.co_name in ("__enter__", "__exit__"):
        return _attribute(sys, "stdout" if isinstance(given[0], contextlib.redirect_stdout) else "stderr")
    return NOTHING


_REDIRECTING = (contextlib.redirect_stdout, contextlib.redirect_stderr)


_BY_MODULE: dict[str, Callable[[types.FunctionType, Sequence[Any]], Touches]] = {
    "_pytest.monkeypatch": _by_pytest,
    "contextlib": _by_redirecting,
    "unittest.mock": _by_mock,
}


def _attribute(owner: Any, name: Any) -> Touches:
    if owner is MISSING or type(name) is not str:
        return _patched(None, NOTHING)
    return _patched(name, attribute(owner, name, WRITES))


def _item(container: Any, key: Any) -> Touches:
    return _patched(key, item(container, key, WRITES))


def _patched(part: Any, written: Touches) -> Touches:
    """Return what is written, and a touch that says that it is patched.

    The steps in between matter only for two threads that both patch.
    """
    if not written:
        return ((_UNKNOWN_TARGET, None, WRITES | OPAQUE | FOREIGN),)
    return (*written, (("patched", written[0][0], str(part)), None, WRITES | OPAQUE | FOREIGN))


def _found(path: Any) -> Any:
    """Return what the path `package.module.Class` names, if it is imported; no code of the program is run for that."""
    if type(path) is not str:
        return MISSING
    names = path.replace(":", ".").split(".")
    for count in range(len(names), 0, -1):
        thing = sys.modules.get(".".join(names[:count]))
        if thing is not None:
            break
    else:
        return MISSING
    for name in names[count:]:
        thing = _member(thing, name)
        if thing is MISSING:
            break
    return thing


def _member(owner: Any, name: str) -> Any:
    if is_module(owner):
        return namespace_of_module(owner).get(name, MISSING)
    if is_class(type(owner)):
        return next((namespace_of(base)[name] for base in bases_of(owner) if name in namespace_of(base)), MISSING)
    return stored_attribute(owner, name)
