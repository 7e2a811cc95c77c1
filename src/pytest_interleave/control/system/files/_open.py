"""`open` under control: it makes the same layers as the real one, of classes whose system calls are scheduling points.

This is not done by an audit hook: that sees when a file is opened, and neither reading nor writing; and it cannot be
removed.
"""

from __future__ import annotations

import functools
import io
import os
import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...execution.units import _current
from ...scope import _real
from ...steps._external import Look
from ...steps._touches import NOTHING, READS, WRITES, Touches
from .._announce import announce
from .._classes import in_place_of, is_for_a_test
from .._uses import derived, like
from ._descriptor_steps import failed, in_full, use_content
from ._handles import Handle, Position, about_to_close, add_file, closed, handle_of, name_of_descriptor, watch_file
from ._kept_files import is_kept
from ._paths import entry_of, followed, is_device, status, status_of_descriptor, target_of
from ._times import set_time
from ._touched import WORKING_DIRECTORY, data, entry, is_new, name_of
from ._touched import mode as mode_of

if TYPE_CHECKING:
    from ...execution.units._units import Unit
    from ...steps._external import Doing

_units = _current.units
_get_ident = _real.get_ident
#: The real function: this module is imported before it is replaced.
real_open = io.open
_real_open_code = io.open_code
_FileIO = io.FileIO

#: Methods of the layers above the lowest one that may lead to a system call.
_METHODS = (
    "read", "read1", "readinto", "readinto1", "readline", "readlines", "readall", "peek", "write", "writelines",
    "truncate", "flush", "seek", "tell",
)  # fmt: skip


def _used(base: type, name: str) -> Callable[..., Any]:
    """Return the stand-in for a method of an open file, before which a thread may have to wait for another one."""
    real = getattr(base, name)
    # A file that is left open is written when Python ends, and the names in modules are gone by then.
    units, get_ident = _units, _get_ident

    def method(self: Any, *args: Any) -> Any:
        unit = units[get_ident()]
        if unit is None:
            return real(self, *args)
        handle = self._interleave_handle
        if handle is None or handle.inside is unit or (handle.kept and handle.user is unit):
            return real(self, *args)
        handle.used_by(unit, name)
        handle.inside = unit
        try:
            return real(self, *args)
        finally:
            handle.inside = None

    return like(real, method)


def _layer(base: type) -> Any:
    """Return a class of files for the layers above the lowest one."""
    # With a replacement of `close` itself, there would be a line of ours in warnings about files that were never
    # closed. It calls `flush`.
    namespace = {name: _used(base, name) for name in _METHODS if hasattr(base, name)}
    return derived(base, namespace, ("_interleave_handle",))


def _system_call(name: str, verb: str) -> Callable[..., Any]:
    """Return the stand-in for a method of the lowest layer, which is a step."""
    # In a buffered file, that is a part of the step of a method above.
    moves = name in ("seek", "tell")
    real: Callable[..., Any] = getattr(io.FileIO, name)
    units, get_ident = _units, _get_ident

    def call(self: Any, *args: Any) -> Any:
        unit = units[get_ident()]
        handle = self._interleave_handle
        if unit is None or handle is None or self.closed:
            return real(self, *args)
        method = in_full(name, args[1:]) if moves else name
        if moves and handle.buffered and method == name:
            return real(self, *args)
        return use_content(unit, handle, self.fileno(), verb, method, functools.partial(real, self, *args))

    return like(real, call)


#: The lowest layer, or the only one of a file without a buffer.
File = derived(
    io.FileIO,
    {
        name: _system_call(name, verb)
        for name, verb in (
            ("read", "read"), ("readinto", "read"), ("readall", "read"), ("write", "write"), ("truncate", "truncate"),
            ("seek", "read"), ("tell", "read"),
        )
    },
    ("_interleave_handle",),
)  # fmt: skip


def _repr(self: Any) -> str:
    # The real one has the name of the type in C, which includes the module's.
    return _FileIO.__repr__(self).replace("<FileIO ", f"<{_FileIO.__module__}.FileIO ", 1)


File.__repr__ = like(_FileIO.__repr__, _repr)


def _close(self: Any) -> None:
    descriptor = None if self.closed or not self.closefd else self.fileno()
    if descriptor is not None:
        about_to_close(descriptor, self._interleave_handle)
    _FileIO.close(self)
    if descriptor is not None:
        closed(descriptor, self._interleave_handle)


#: The lowest layer of a file that is locked: closing it gives the lock back.
LockedFile = derived(File, {"close": like(io.FileIO.close, _close)}, ())


def _watch(raw: Any) -> None:
    raw.__class__ = LockedFile


watch_file.append(_watch)
Reader = _layer(io.BufferedReader)
Writer = _layer(io.BufferedWriter)
Random = _layer(io.BufferedRandom)
Text = _layer(io.TextIOWrapper)


@functools.cache
def _understood(mode: str) -> tuple[str, bool, bool, bool] | None:
    """Return the raw file's mode, and whether it is binary, writes, or does both; None if `open` refuses `mode`."""
    letters = set(mode)
    known = len(letters) == len(mode) and letters <= set("rwaxbt+")
    if not known or len(letters & set("rwax")) != 1 or {"b", "t"} <= letters:
        return None
    raw = mode.replace("b", "").replace("t", "")
    return raw, "b" in letters, "r" not in letters or "+" in letters, "+" in letters


def open_(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    """See `open`."""
    unit = _units[_get_ident()]
    understood = _understood(mode) if isinstance(mode, str) and type(buffering) is int else None
    if understood is None or not is_for_a_test():
        return real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    raw_mode, binary, writes, both = understood
    if (binary and not (encoding is errors is newline is None)) or (buffering == 0 and not binary):
        # It is an error, and the real function reports it.
        return real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    if buffering == 1 and binary:
        warnings.warn(
            "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used",
            RuntimeWarning,
            stacklevel=2,
        )
        buffering = -1
    if type(file) is bool:
        file = _descriptor_of(file, stacklevel=3)
    descriptor = file if isinstance(file, int) else None
    position = Position(name_at(file)) if descriptor is None else handle_of(descriptor).position
    appends = "a" in raw_mode or (descriptor is not None and handle_of(descriptor).appends)
    handle = Handle(position, buffered=buffering != 0, kept=is_kept(sys._getframe(1)), appends=appends)
    doing = None
    if unit is not None and opener is None and descriptor is None:
        doing = announce_opening(
            unit,
            file,
            creates="r" not in raw_mode,
            truncates="w" in raw_mode,
            exclusive="x" in raw_mode,
            finds_end="a" in raw_mode,
        )
    try:
        raw, buffered = _layers(file, raw_mode, buffering, closefd, opener, both=both, writes=writes)
    except OSError as error:
        failed(doing, error)
        raise
    note_opened(unit, doing, raw.fileno())
    if opener is not None:
        # It has opened something by `os.open`, as a rule, and not what it is said to have opened.
        position.name = name_of_descriptor(raw.fileno(), position.name)
    if binary:
        add_file(raw, handle)
        buffered._interleave_handle = handle
        return buffered
    try:
        # This names the caller's line if it warns about a default encoding.
        encoding = io.text_encoding(encoding, 2)
        line_buffering = buffering == 1 or (buffering < 0 and raw.isatty())
        text = Text(buffered, encoding, errors, newline, line_buffering)
        text.mode = mode
    except BaseException:
        buffered.close()
        raise
    # Not before: the layers call each other's methods when they are made.
    add_file(raw, handle)
    buffered._interleave_handle = text._interleave_handle = handle
    return text


like(real_open, open_)


def _descriptor_of(file: bool, *, stacklevel: int) -> int:
    if sys.version_info >= (3, 13):
        warnings.warn("bool is used as a file descriptor", RuntimeWarning, stacklevel=stacklevel)
    return int(file)


def open_code(path: str) -> Any:
    """See `io.open_code`."""
    return open_(path, "rb") if is_for_a_test() and isinstance(path, str) else _real_open_code(path)


def _raw(kind: type, file: Any, mode: str = "r", closefd: bool = True, opener: Any = None) -> Any:
    if kind is not FileIO or not isinstance(mode, str):
        # The objects of a program's own class stay as they are.
        return type.__call__(kind, file, mode, closefd, opener)
    if type(file) is bool:
        file = _descriptor_of(file, stacklevel=4)
    return open_(file, mode if "b" in mode else f"{mode}b", 0, closefd=closefd, opener=opener)


#: In the place of `io.FileIO`.
FileIO = in_place_of(_FileIO, _raw)
like(_real_open_code, open_code)


def _layers(
    file: Any, mode: str, buffering: int, closefd: bool, opener: Any, *, both: bool, writes: bool
) -> tuple[Any, Any]:
    """Return the file at the bottom, and what is above it: a buffer, or the file itself if there is none."""
    if buffering == 0:
        raw = File(file, mode, closefd, opener)
        return raw, raw
    raw = File(file, mode, closefd, opener)
    try:
        if buffering < 0 or buffering == 1:
            buffering = _size_of_buffer(raw)
        return raw, (Random if both else Writer if writes else Reader)(raw, buffering)
    except BaseException:
        raw.close()
        raise


def _size_of_buffer(raw: Any) -> int:
    size: int = raw._blksize
    if sys.version_info >= (3, 14):
        return max(min(size, 8 * 1024 * 1024), io.DEFAULT_BUFFER_SIZE)
    return size if size > 1 else io.DEFAULT_BUFFER_SIZE


def name_at(path: Any) -> str:
    """Return the name of a file for messages, if `path` is one."""
    try:
        return name_of(entry_of(path).path)
    except (TypeError, ValueError, OSError):
        return str(path)


#: What a step is called that opens a file which is not there yet.
_CREATE = "create"


def announce_opening(
    unit: Unit,
    path: Any,
    dir_fd: int | None = None,
    *,
    creates: bool,
    truncates: bool,
    exclusive: bool,
    finds_end: bool = False,
) -> Doing | None:
    """Announce that a file is opened by its path, if that matters for other threads.

    The other arguments say whether it is created if it is not there, is truncated, must not be there, or is looked at
    for where it ends.
    """
    name = name_at(path)

    def look() -> Look:
        found = entry_of(path, dir_fd)
        if not exclusive:
            found = followed(found)
        there = status(found.path)
        is_missing = creates and there is None
        touches = entry(found, WRITES if is_missing else READS) + mode_of(there, found.path)
        if truncates or finds_end:
            touches += data(there, WRITES if truncates else READS)
        verb = _CREATE if is_missing or exclusive else "truncate" if truncates else "open"
        return Look(relative_to(path, dir_fd) + touches, is_missing or truncates, f"{verb} {name}")

    try:
        if is_device(entry_of(path, dir_fd).path):
            return None
    except (TypeError, ValueError, OSError):
        # It is no path; the real function raises the error.
        return None
    return announce(unit, name, "open", look)


def note_opened(unit: Unit | None, doing: Doing | None, descriptor: int) -> None:
    """Note that the step of `announce_opening` is done: the file may be new, or may have been truncated."""
    if unit is not None and doing is not None and doing.is_change:
        set_time(unit, descriptor)
        if doing.text.startswith(_CREATE):
            is_new(status_of_descriptor(descriptor))


def announce_writing(unit: Unit, path: Any) -> None:
    """Announce that a file is written that was opened by its path, but not by the stand-in."""
    name = name_at(path)

    def look() -> Look:
        return Look(data(status(target_of(path).path), WRITES), True, f"write {name}")

    announce(unit, name, "write", look)


def relative_to(path: Any, dir_fd: int | None) -> Touches:
    """Return the touch of the working directory, if a path is relative to it."""
    is_relative = dir_fd is None and not os.path.isabs(os.fsdecode(path))
    return ((WORKING_DIRECTORY, None, READS),) if is_relative else NOTHING
