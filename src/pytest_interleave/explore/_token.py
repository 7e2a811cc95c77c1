"""Tokens: a schedule, written so that it can be given on a command line.

A token holds the format's version, the Python version, a fingerprint of the test, whether executions went before
(so that caches were warm), how many steps there were, and the choices. The choices are written as their difference
from the schedule without preemptions of choice points: how many choice points the same thread stays, then which
thread goes on.
"""

from __future__ import annotations

import base64
import binascii
import sys
import zlib
from collections.abc import Sequence
from typing import NamedTuple

_FORMAT = 1
_CHECK_BYTES = 3


class TokenError(ValueError):
    """The token cannot be used; the message says why and what to do."""


def python_version() -> str:
    """The running interpreter, as far as schedules depend on it."""
    free = "" if getattr(sys, "_is_gil_enabled", lambda: True)() else "t"
    return f"{sys.version_info.major}.{sys.version_info.minor}{free}"


def fingerprint(text: str) -> int:
    """16 bits that tell one text from another."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) & 0xFFFF


class Token(NamedTuple):
    """A schedule of one test, on one Python version."""

    choices: tuple[int, ...]
    steps: int
    #: Fingerprint of the test's node id, and of its source.
    test: int
    source: int
    #: Whether executions went before in the same process.
    warm: bool
    python: str

    @classmethod
    def make(cls, choices: Sequence[int], steps: int, *, test: int, source: int, warm: bool) -> Token:
        """The token of a schedule on this interpreter."""
        return cls(tuple(choices), steps, test, source, warm, python_version())

    def __str__(self) -> str:
        body = bytearray()
        major, minor = self.python.rstrip("t").split(".")
        body += bytes((_FORMAT, int(major), int(minor), self.python.endswith("t") * 2 + self.warm))
        body += self.test.to_bytes(2, "big") + self.source.to_bytes(2, "big")
        _put(body, self.steps)
        _put(body, len(self.choices))
        runs = bytearray()
        position = 0
        while position < len(self.choices):
            thread = self.choices[position]
            end = position
            while end < len(self.choices) and self.choices[end] == thread:
                end += 1
            _put(runs, end - position)
            _put(runs, thread)
            position = end
        packed = zlib.compress(bytes(runs), 9, wbits=-15)
        if len(packed) < len(runs):
            body += b"\x01" + packed
        else:
            body += b"\x00" + runs
        check = zlib.crc32(bytes(body)).to_bytes(4, "big")[:_CHECK_BYTES]
        return base64.urlsafe_b64encode(bytes(body) + check).decode("ascii").rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Token:
        """Read a token back.

        Raises `TokenError` where the text is not a whole token.
        """
        text = text.strip()
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise TokenError(f"{_short(text)} is not a token: copy the whole of it from the report") from None
        body, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
        if len(body) < 11 or zlib.crc32(body).to_bytes(4, "big")[:_CHECK_BYTES] != check:
            raise TokenError(
                f"{_short(text)} is mangled or cut short: copy the whole token from the report, "
                "up to the end of the line"
            )
        if body[0] != _FORMAT:
            raise TokenError(
                f"{_short(text)} has format {body[0]}, this version of pytest-interleave reads format {_FORMAT}: "
                "let the test find the failure again to get a new token"
            )
        steps, at = _get(body, 8)
        length, at = _get(body, at)
        runs = body[at + 1 :]
        if body[at] == 1:
            runs = zlib.decompress(runs, wbits=-15)
        choices: list[int] = []
        at = 0
        while at < len(runs):
            count, at = _get(runs, at)
            thread, at = _get(runs, at)
            choices.extend([thread] * count)
        if len(choices) != length:
            raise TokenError(f"{_short(text)} is mangled: copy the whole token from the report")
        return cls(
            tuple(choices),
            steps,
            int.from_bytes(body[4:6], "big"),
            int.from_bytes(body[6:8], "big"),
            bool(body[3] & 1),
            f"{body[1]}.{body[2]}" + ("t" if body[3] & 2 else ""),
        )

    def check(self, *, test: int, source: int, nodeid: str) -> None:
        """Raise `TokenError` where the token was made for another Python version, another test or another source."""
        if self.python != python_version():
            raise TokenError(
                f"the token was made on Python {self.python}, this is Python {python_version()}: "
                "replay it there, or let the test find the failure again here"
            )
        if self.test != test:
            raise TokenError(f"the token was made for another test than {nodeid}")
        if self.source != source:
            raise TokenError(
                f"{nodeid} has changed since the token was made: its schedule no longer fits; "
                "let the test find the failure again"
            )

    @property
    def switches(self) -> int:
        """How often the schedule goes from one thread to another."""
        return sum(before != after for before, after in zip(self.choices, self.choices[1:], strict=False))


def _put(out: bytearray, number: int) -> None:
    """Append a number of any size, seven bits a byte."""
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _get(data: bytes | bytearray, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(data):
            raise TokenError("the token is cut short: copy the whole of it from the report")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def _short(text: str) -> str:
    return repr(text if len(text) <= 24 else f"{text[:20]}…")
