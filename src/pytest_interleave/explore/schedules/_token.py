"""Tokens: schedules written so that they can be given on a command line.

A token holds the format's version, fingerprints of the test's name and parameters, whether executions ran before (so
that caches were warm), and the schedule. The schedule is usually written as switches, which mean the same on each
Python version and after an edit elsewhere. If an execution could not be repeated by those, the choices themselves are
in the token: for how many choice points the same thread stays, and which one runs then. Such a token is valid for one
Python version.
"""

from __future__ import annotations

import base64
import binascii
import sys
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from ...control import CLOCK, LEAPS, Path
from ._switches import Switch

_FORMAT = 2
_CHECK_BYTES = 3
#: Flags: bits of the second byte.
_WARM, _FREE_THREADED, _CHOICES, _PACKED, _PARAMETERS, _TIME, _LONG_SLEEPS = 1, 2, 4, 8, 16, 32, 64
#: The number of bytes before the parameters, if the test has any, or else before the schedule.
_HEAD = 5
#: A token has at most this many choices; more are an error, because what a mangled token says might not fit into
#: memory.
_MOST_CHOICES = 10_000_000


class TokenError(ValueError):
    """Raised when a token cannot be used; the message says why, and what to do."""


def python_version() -> str:
    """Return the version of the running interpreter, reduced to what schedules depend on: "3.13" or "3.13t"."""
    free = "" if getattr(sys, "_is_gil_enabled", lambda: True)() else "t"
    return f"{sys.version_info.major}.{sys.version_info.minor}{free}"


def fingerprint(text: str) -> int:
    """Return a fingerprint of a text, of 16 bits."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) & 0xFFFF


class NameOfTest(NamedTuple):
    """Fingerprints of a test's name (with its classes, without its file), and of its parameters' id."""

    name: int
    parameters: int

    @classmethod
    def of(cls, name: str, parameters: str) -> NameOfTest:
        """Return the fingerprints of these texts."""
        # 0 stands for no parameters.
        return cls(fingerprint(name), 1 + fingerprint(parameters) % 0xFFFF if parameters else 0)


class Token(NamedTuple):
    """A schedule of one test."""

    test: NameOfTest
    switches: tuple[Switch, ...] = ()
    #: The thread granted at each choice point, instead of switches.
    choices: tuple[int, ...] | None = None
    #: Whether other executions ran before in the same process.
    warm: bool = False
    python: str = ""
    #: Whether time passes as a choice.
    time_choices: bool = False
    #: Whether a sleep lasts, while others work, as many steps as a slow machine does in that time.
    long_sleeps: bool = False

    @property
    def leap(self) -> int | None:
        """The amount of time that passes as a choice, as a position in `LEAPS`; None if time passes otherwise."""
        if not self.time_choices:
            return None
        clocks = [index for index in self.choices or () if index >= CLOCK]
        clocks += [path[0] for switch in self.switches for path in (switch.leaves, switch.to) if path >= (CLOCK,)]
        leap = clocks[0] - CLOCK if clocks else 0
        return leap if leap < len(LEAPS) else 0

    @classmethod
    def of_switches(
        cls,
        switches: Sequence[Switch],
        *,
        test: NameOfTest,
        warm: bool,
        time_choices: bool = False,
        long_sleeps: bool = False,
    ) -> Token:
        """Return the token of a schedule that is known by its switches."""
        return cls(test, tuple(switches), None, warm, python_version(), time_choices, long_sleeps)

    @classmethod
    def of_choices(
        cls,
        choices: Sequence[int],
        *,
        test: NameOfTest,
        warm: bool,
        time_choices: bool = False,
        long_sleeps: bool = False,
    ) -> Token:
        """Return the token of a schedule if only its choices are known, on this interpreter."""
        return cls(test, (), tuple(choices), warm, python_version(), time_choices, long_sleeps)

    def __str__(self) -> str:
        schedule = _choices_written(self.choices) if self.choices is not None else _switches_written(self.switches)
        packed = zlib.compress(schedule, 9, wbits=-15)
        is_packed = len(packed) < len(schedule)
        flags = (
            (_WARM if self.warm else 0)
            | (_FREE_THREADED if self.python.endswith("t") else 0)
            | (_CHOICES if self.choices is not None else 0)
            | (_PACKED if is_packed else 0)
            | (_PARAMETERS if self.test.parameters else 0)
            | (_TIME if self.time_choices else 0)
            | (_LONG_SLEEPS if self.long_sleeps else 0)
        )
        minor = int(self.python.rstrip("t").split(".")[1])
        body = bytes((_FORMAT, flags, minor, *self.test.name.to_bytes(2, "big")))
        if self.test.parameters:
            body += self.test.parameters.to_bytes(2, "big")
        body += packed if is_packed else schedule
        check = zlib.crc32(body).to_bytes(4, "big")[:_CHECK_BYTES]
        return _letters(body + check)

    @classmethod
    def parse(cls, text: str) -> Token:
        """Return the token that a text represents; raise `TokenError` if the text is not a complete token."""
        text = text.strip()
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise TokenError(f"{_short(text)} is not a token: copy the whole token from the report") from None
        body, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
        mangled = TokenError(f"invalid token {_short(text)} (truncated?): copy it to the end of the line")
        if len(body) < _HEAD or zlib.crc32(body).to_bytes(4, "big")[:_CHECK_BYTES] != check or _letters(raw) != text:
            # The last letter has bits to spare: another one may stand for the same bytes.
            raise mangled
        if body[0] != _FORMAT:
            which = "an older" if body[0] < _FORMAT else "a newer"
            raise TokenError(
                f"token was made by {which} pytest-interleave (format {body[0]}, this is {_FORMAT}). Run the test "
                "again to get a new one."
            )
        flags = body[1]
        start = _HEAD + 2 if flags & _PARAMETERS else _HEAD
        try:
            schedule = zlib.decompress(body[start:], wbits=-15) if flags & _PACKED else body[start:]
            choices = _choices_read(schedule) if flags & _CHOICES else None
            switches = () if flags & _CHOICES else _switches_read(schedule)
        except (IndexError, zlib.error):
            # The checksum is right by chance.
            raise mangled from None
        return cls(
            NameOfTest(int.from_bytes(body[3:_HEAD], "big"), int.from_bytes(body[_HEAD:start], "big")),
            switches,
            choices,
            bool(flags & _WARM),
            f"3.{body[2]}" + ("t" if flags & _FREE_THREADED else ""),
            bool(flags & _TIME),
            bool(flags & _LONG_SLEEPS),
        )

    def require_this_python(self) -> None:
        """Raise `TokenError` if the token is valid on another Python version only."""
        if self.choices is not None and self.python != python_version():
            raise TokenError(
                f"token needs Python {self.python} (this is {python_version()}): replay it there, or run the test "
                "again here to get a new one."
            )


def _letters(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _switches_written(switches: Sequence[Switch]) -> bytes:
    out = bytearray()
    for leaves, site, occurrence, to in switches:
        _put_path(out, leaves)
        out += site.to_bytes(2, "big")
        _put(out, occurrence)
        _put_path(out, to)
    return bytes(out)


def _switches_read(data: bytes) -> tuple[Switch, ...]:
    switches: list[Switch] = []
    at = 0
    while at < len(data):
        leaves, at = _get_path(data, at)
        site = data[at] << 8 | data[at + 1]
        occurrence, at = _get(data, at + 2)
        to, at = _get_path(data, at)
        switches.append(Switch(leaves, site, occurrence, to))
    return tuple(switches)


def _choices_written(choices: Sequence[int]) -> bytes:
    out = bytearray()
    position = 0
    while position < len(choices):
        thread = choices[position]
        end = position
        while end < len(choices) and choices[end] == thread:
            end += 1
        _put(out, end - position)
        _put(out, thread)
        position = end
    return bytes(out)


def _choices_read(data: bytes) -> tuple[int, ...]:
    choices: list[int] = []
    at = 0
    while at < len(data):
        count, at = _get(data, at)
        thread, at = _get(data, at)
        if count > _MOST_CHOICES - len(choices):
            raise IndexError
        choices.extend([thread] * count)
    return tuple(choices)


def _put_path(out: bytearray, path: Path) -> None:
    """Append a path: 0 for the test's own thread, an odd number for one it has started, else twice the length first."""
    if len(path) == 1:
        _put(out, 2 * path[0] + 1)
    else:
        _put(out, 2 * len(path))
        for number in path:
            _put(out, number)


def _get_path(data: bytes, at: int) -> tuple[Path, int]:
    first, at = _get(data, at)
    if first % 2:
        return (first // 2,), at
    path: list[int] = []
    for _ in range(first // 2):
        number, at = _get(data, at)
        path.append(number)
    return tuple(path), at


def _put(out: bytearray, number: int) -> None:
    """Append a number of any size, seven bits a byte."""
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _get(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where the next one begins; raise IndexError if it ends before."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def _short(text: str) -> str:
    return repr(text if len(text) <= 24 else f"{text[:20]}…")
