"""`open` under control: it makes the same layers as the real one, of classes that record what is done with the file.

This is not done by an audit hook: that sees when a file is opened, and neither reading nor writing; and it cannot be
removed.
"""

from __future__ import annotations

import functools
import io
import itertools
import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...execution.units import _current
from ...scope import _real
from ...steps._things import ENTRY, READ, WRITE
from .._uses import derived, like, note
from ._paths import file_at, is_there, of_descriptor, opened, target_of

if TYPE_CHECKING:
    from ...execution.units._units import Unit

_units = _current.units
_get_ident = _real.get_ident
#: The real function: this module is imported before it is replaced.
real_open = io.open

_handles = itertools.count(1)

#: Methods by what they do to the file. Writing may only fill a buffer; a thread that has another handle sees it later.
_READING = ("read", "read1", "readinto", "readinto1", "readline", "readall", "peek")
_WRITING = ("write", "truncate")
_MOVING = ("seek", "tell")


def _recording(base: type, name: str, way: str | None) -> Callable[..., Any]:
    real = getattr(base, name)
    # A file that is left open is written when Python ends, and the names in modules are gone by then.
    units, get_ident = _units, _get_ident

    def method(self: Any, *args: Any) -> Any:
        unit = units[get_ident()]
        if unit is not None and self._thing is not None:
            # Any use of a handle moves it on, for all that use the same one.
            if way == WRITE or (way is None and self._writes):
                note(unit, self._thing, WRITE, "written", self._handle)
            else:
                note(unit, self._thing, READ, "read", self._handle)
        return real(self, *args)

    return like(real, method)


def _flushing(base: type) -> Callable[..., Any]:
    real: Any = base.flush  # type: ignore[attr-defined]
    # See `_recording`.
    units, get_ident = _units, _get_ident

    def flush(self: Any) -> None:
        unit = units[get_ident()]
        if unit is not None and self._thing is not None and self._writes and not self.closed:
            note(unit, self._thing, WRITE, "written", self._handle)
        real(self)

    return like(real, flush)


def _layer(base: type) -> Any:
    """Return a class of files whose objects record what is done with them."""
    # `flush` writes what is still in a buffer, if there is one. Closing a file calls it. With a replacement of `close`
    # itself, there would be a line of ours in warnings about files that were never closed.
    namespace: dict[str, Any] = {"flush": _flushing(base)}
    for way, names in ((READ, _READING), (WRITE, _WRITING), (None, _MOVING)):
        namespace.update({name: _recording(base, name, way) for name in names if hasattr(base, name)})
    return derived(base, namespace, ("_thing", "_handle", "_writes"))


#: Files without a buffer. The layer at the bottom of the others is a real one, and needs no record of its own.
File = _layer(io.FileIO)
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
    if understood is None or (unit is None and not _current.state.making_fixtures):
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
    known = unit is not None and opener is None and not isinstance(file, int)
    creates = known and writes and not is_there(file)
    try:
        made = _layers(file, raw_mode, buffering, closefd, opener, both=both, writes=writes)
    except OSError:
        if known and unit is not None:
            looked_up(unit, file)
        raise
    raw, buffered = made
    try:
        thing = opened(file, raw.fileno()) if opener is None and not isinstance(file, int) else of_descriptor(raw)
        layers = [buffered]
        if not binary:
            # This names the caller's line if it warns about a default encoding.
            encoding = io.text_encoding(encoding, 2)
            line_buffering = buffering == 1 or (buffering < 0 and raw.isatty())
            layers.append(Text(buffered, encoding, errors, newline, line_buffering))
            layers[-1].mode = mode
    except BaseException:
        buffered.close()
        raise
    handle = next(_handles)
    for layer in layers:
        layer._thing, layer._handle, layer._writes = thing, handle, writes
    if unit is not None and thing is not None:
        if creates:
            note(unit, thing, ENTRY, "created")
        elif writes:
            note(unit, thing, WRITE, "written")
        else:
            note(unit, thing, READ, "read")
    return layers[-1]


like(real_open, open_)


def _layers(
    file: Any, mode: str, buffering: int, closefd: bool, opener: Any, *, both: bool, writes: bool
) -> tuple[Any, Any]:
    """Return the file at the bottom, and what is above it: a buffer, or the file itself if there is none."""
    if buffering == 0:
        raw = File(file, mode, closefd, opener)
        return raw, raw
    raw = io.FileIO(file, mode, closefd, opener)
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


def looked_up(unit: Unit, path: Any, dir_fd: int | None = None) -> None:
    """Record that a thread has learned what is at a path, or that nothing is."""
    try:
        thing = file_at(target_of(path, dir_fd))
    except (TypeError, ValueError, OSError):
        return
    if thing is not None:
        note(unit, thing, READ, "looked up")
