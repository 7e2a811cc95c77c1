"""The end of control in a child process that `fork` makes: of all threads, only the one that forked exists there."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

from ..execution.units import _current
from ..scope import _real
from ._threads import after_fork, before_fork

if TYPE_CHECKING:
    from ..execution.units._units import Unit

#: The controlled thread that is forking. Meanwhile it is not under control, because other hooks of `fork` run code of
#: their own then.
_forking: list[Unit] = []


def _before() -> None:
    unit = _current.units.pop(_real.get_ident(), None)
    if unit is not None:
        _forking.append(unit)
        before_fork(unit)


def _in_parent() -> None:
    while _forking:
        unit = _forking.pop()
        _current.units[unit.half.ident] = unit


def _in_child() -> None:
    _current.units.clear()
    while _forking:
        unit = _forking.pop()
        # Trace functions of its frames still call the execution.
        unit.execution.forked = True
        unit.special = True
        after_fork(unit)
        gc.enable()
    undo, _current.state.undo_in_child = _current.state.undo_in_child, None
    if undo is not None:
        undo()


def release_forked_children() -> None:
    """Release the calling thread from control in each child process that is forked from now on. Call this once."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
