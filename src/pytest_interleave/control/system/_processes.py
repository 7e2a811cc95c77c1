"""Child processes under control: they run at their own speed, and what they use is not seen."""

from __future__ import annotations

import itertools
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from ..execution.units import _current
from ..scope import _real
from ..steps._things import EXCHANGE, Thing
from ._uses import like, note, nothing_further

_units = _current.units
_get_ident = _real.get_ident

#: A process is running between these two; the second one is missing if no thread has waited for it.
STARTED, ENDED = "started", "waited for"
#: All uses of a process.
PROCESS_USES = frozenset((STARTED, ENDED, "polled", "signalled"))
#: Files of the standard library whose processes are recorded by methods of their classes.
_RECORDED = frozenset(("subprocess.py", "popen_fork.py"))
#: Numbers of processes that no object stands for.
_numbers = itertools.count(1)
#: At most this many characters of a command stand in messages; the rest is cut.
_LONGEST = 40


def _named(command: Any) -> str:
    """Return the program of a command, for messages."""
    if isinstance(command, (list, tuple)) and command:
        command = command[0]
    elif isinstance(command, (str, bytes)):
        words = os.fsdecode(command)
        try:
            command = (shlex.split(words) or [words])[0]
        except ValueError:
            command = words
    try:
        name = os.path.basename(os.fsdecode(command))
    except TypeError:
        name = str(command)
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _running(real: Callable[..., Any], which: int | None) -> Callable[..., Any]:
    """Return the stand-in for a function of `os` that runs the command in its argument `which`, or forks."""

    def call(*args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is None or os.path.basename(sys._getframe(1).f_code.co_filename) in _RECORDED:
            return real(*args, **options)
        name = "fork" if which is None or len(args) <= which else _named(args[which])
        thing = Thing("process", ("process", next(_numbers)), name)
        note(unit, thing, EXCHANGE, STARTED, STARTED)
        result = real(*args, **options)
        if real.__name__ == "system":
            # It waits for the end itself.
            note(unit, thing, EXCHANGE, ENDED, ENDED)
        return result

    return like(real, call)


def _process(self: Any) -> Thing:
    command = vars(self).get("args")
    return Thing("process", ("process", id(self)), self.name if command is None else _named(command))


def _of_process(real: Callable[..., Any], how: str) -> Callable[..., Any]:
    """Return the stand-in for a method of a process; a use `ENDED` is recorded when the method ends, others before."""

    def call(self: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None and how != ENDED:
            note(unit, _process(self), EXCHANGE, how, how)
        result = real(self, *args, **options)
        if unit is not None and how == ENDED:
            note(unit, _process(self), EXCHANGE, how, how)
        return result

    return like(real, call)


def _making(real: Callable[..., Any]) -> Callable[..., Any]:
    def __init__(self: Any, args: Any, *more: Any, **options: Any) -> None:
        unit = _units[_get_ident()]
        if unit is not None:
            note(unit, Thing("process", ("process", id(self)), _named(args)), EXCHANGE, STARTED, STARTED)
        with nothing_further(unit):
            # It has a pipe of its own, which shows it whether the program could be started.
            real(self, args, *more, **options)

    return like(real, __init__)


def _of_os() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, which in (("fork", None), ("forkpty", None), ("posix_spawn", 0), ("posix_spawnp", 0), ("system", 0)):
        if hasattr(os, name):
            yield name, _running(getattr(os, name), which)


#: Stand-ins for functions of `os`, by name.
REPLACEMENTS: dict[str, Callable[..., Any]] = dict(_of_os())


def of_subprocess(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in `subprocess`: (owner, name, replacement)."""
    owner = module.Popen
    yield owner, "__init__", _making(owner.__init__)
    for name, how in (("wait", ENDED), ("communicate", ENDED), ("poll", "polled"), ("send_signal", "signalled")):
        yield owner, name, _of_process(getattr(owner, name), how)
    if sys.platform == "win32":
        # On Windows, these do not call `send_signal`.
        for name in ("terminate", "kill"):
            yield owner, name, _of_process(getattr(owner, name), "signalled")


def of_multiprocessing(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements for processes of `multiprocessing`."""
    owner = module.BaseProcess
    yield owner, "start", _of_process(owner.start, STARTED)
    for name, how in (("join", ENDED), ("is_alive", "polled"), ("terminate", "signalled"), ("kill", "signalled")):
        yield owner, name, _of_process(getattr(owner, name), how)
