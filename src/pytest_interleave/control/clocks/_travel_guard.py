"""A guard that lets time-machine work in a test under control, and before.

time-machine changes functions in C, and finds them by name, when it is imported or when it begins to travel. What it
takes for such a function must be one, so ours are out of its way then. Its clocks that advance while traveling advance
with virtual time.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from ..execution.units import _current
from ..scope._modules import loaded
from ..scope._replacements import Replacements
from . import _dates, _travel

#: The name of time-machine's part in C.
_NAME = "_time_machine"
#: Functions of that part that change functions of others, or change them back.
_CHANGING = ("patch", "patch_if_needed", "unpatch")
#: Names of time-machine's list of travelers, which differ between versions.
_LISTS = ("traveller_stack", "coordinates_stack")


class TravelGuard(Replacements):
    """The replacements for time-machine, in place from their making until they are removed."""

    def __init__(self) -> None:
        super().__init__()
        finder = _Finder(self)
        sys.meta_path.insert(0, finder)
        self._undo.append(lambda: sys.meta_path.remove(finder))
        module = loaded(_NAME)
        if module is not None:
            self.guard(module)

    def guard(self, module: ModuleType) -> None:
        """Guard `module`, which is time-machine's part in C."""
        _remember()
        _follow()
        for name in _CHANGING:
            if name in vars(module):
                self._set(module, name, _with_the_real_ones(vars(module)[name]))
        self._set(module, "original_time_ns", _time_ns(module.original_time_ns))


@contextlib.contextmanager
def the_real_ones() -> Iterator[None]:
    """Put all real functions in place while entered."""
    from ._time import STAND_INS

    _remember()
    ours = [stand_in for stand_in in STAND_INS.values() if stand_in.in_place]
    for stand_in in ours:
        stand_in.take_out()
    _dates.take_out()
    try:
        yield
    finally:
        for stand_in in ours:
            stand_in.put()
        _dates.put_back()


def _with_the_real_ones(changing: Callable[[], Any]) -> Callable[[], Any]:
    def change() -> Any:
        with the_real_ones():
            result = changing()
        _follow()
        return result

    return change


def _time_ns(real: Callable[[], int]) -> Callable[[], int]:
    """Return a function for the time that advances while a traveler's clock does."""

    def time_ns() -> int:
        unit = _current.current_unit()
        return real() if unit is None else unit.execution.clock.time_ns()

    return time_ns


def _remember() -> None:
    """Note the present functions as the real ones, before any code travels."""
    importlib.import_module("._time", __package__)
    _dates.remember_definition()


def _follow() -> None:
    module = loaded("time_machine")
    if module is not None:
        for name in _LISTS:
            if name in vars(module):
                _travel.follow(vars(module)[name])


class _Finder(MetaPathFinder):
    """A finder of time-machine's part in C, which guards that part when it is loaded."""

    def __init__(self, guard: TravelGuard) -> None:
        self._guard = guard

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        if fullname != _NAME:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._guard)
        return spec


class _Loader(Loader):
    """A loader that loads that part while all real functions are in place."""

    def __init__(self, real: Loader, guard: TravelGuard) -> None:
        self._real = real
        self._guard = guard

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """See `importlib.abc.Loader.create_module`."""
        with the_real_ones():
            return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """See `importlib.abc.Loader.exec_module`."""
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self._real
        with the_real_ones():
            self._real.exec_module(module)
        self._guard.guard(module)
