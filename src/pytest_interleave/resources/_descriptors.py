"""The files and sockets that this process has open, by their descriptors."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..control.scope import imported

#: The folder that lists them on Linux or macOS; Windows has neither.
_FOLDER = next((folder for folder in ("/proc/self/fd", "/dev/fd") if os.path.isdir(folder)), None)
#: The real function, which is no step of a test.
_fstat = os.fstat
#: If descriptors cannot be listed, the numbers below this are tried one by one; higher ones are not found.
_MOST_LOOKED_AT = 4096


class Opened(NamedTuple):
    """The file that a descriptor stands for. If two are equal, it is the same file, or one that took its place."""

    device: int
    inode: int
    mode: int


def open_descriptors() -> dict[int, Opened] | None:
    """Return all open descriptors but those that the standard library keeps for good; None if they cannot be listed."""
    if _FOLDER is None:
        return None
    found = {}
    helpers = frozenset(_helpers())
    for number in _numbers(_FOLDER):
        if number in helpers:
            continue
        try:
            status = _fstat(number)
        except OSError:
            # This is the descriptor by which they were listed.
            continue
        found[number] = Opened(status.st_dev, status.st_ino, status.st_mode)
    return found


def count_descriptors() -> tuple[int, list[int]]:
    """Return how many descriptors are open, and all their numbers, for the limit `open_files`.

    Raises `NotImplementedError` if they cannot be listed.
    """
    if _FOLDER is None:
        raise NotImplementedError(
            f"open_files: open files cannot be listed on this platform ({sys.platform}): omit the argument there"
        )
    numbers = []
    for number in _numbers(_FOLDER):
        with contextlib.suppress(OSError):
            _fstat(number)
            numbers.append(number)
    return len(numbers), numbers


def _numbers(folder: str) -> Iterable[int]:
    """Return the numbers that are open, and some that are not."""
    try:
        return map(int, os.listdir(folder))
    except OSError:
        # Listing them takes a descriptor, and there is none left.
        return range(_MOST_LOOKED_AT)


def describe_descriptor(number: int, opened: Opened) -> tuple[str, str] | None:
    """Return its kind, `"file"` or `"socket"`, and a description to find it by; None if it is of no interest."""
    if stat.S_ISSOCK(opened.mode):
        return "socket", _describe_socket(number)
    path = _path_of(number)
    if path is None:
        return "file", f"descriptor {number}"
    base = os.path.basename(path)
    if base.startswith(("pym-", "pymp-")) and path.endswith("(deleted)"):
        # Shared memory of `multiprocessing`, which is used again.
        return None
    if path.startswith(f"/proc/{os.getpid()}/") or path in ("/dev/urandom", "/dev/random"):
        # Some code reads about this process; or this is opened once for random numbers.
        return None
    if re.search(r"\.so(\.\d+)*$", base):
        # A first import has loaded a library.
        return None
    return "file", path


def _path_of(number: int) -> str | None:
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/self/fd/{number}")
    if sys.platform == "darwin":
        with contextlib.suppress(ImportError, OSError):
            import fcntl

            return os.fsdecode(fcntl.fcntl(number, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0"))
    return None


def _describe_socket(number: int) -> str:
    import socket

    try:
        opened = socket.socket(fileno=number)
    except OSError:
        return f"descriptor {number}"
    try:
        kind = {socket.SOCK_STREAM: "TCP", socket.SOCK_DGRAM: "UDP"}.get(opened.type, opened.type.name)
        if opened.family not in (socket.AF_INET, socket.AF_INET6):
            kind = opened.family.name.removeprefix("AF_").capitalize()
        own = _address(opened.getsockname())
        with contextlib.suppress(OSError):
            return f"{kind} {own} connected to {_address(opened.getpeername())}"
        with contextlib.suppress(OSError, AttributeError):
            if opened.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return f"{kind} {own} (listening)"
        return f"{kind} {own}"
    except OSError:
        return f"descriptor {number}"
    finally:
        opened.detach()


def _address(address: object) -> str:
    if isinstance(address, tuple) and len(address) >= 2:
        return f"{address[0]}:{address[1]}"
    if isinstance(address, bytes):
        address = os.fsdecode(address)
    return str(address) or "(unnamed)"


def _helpers() -> Iterator[int]:
    """Yield the descriptors of `multiprocessing` to processes that it starts once and keeps."""
    tracker = (imported("multiprocessing.resource_tracker") or {}).get("_resource_tracker")
    server = (imported("multiprocessing.forkserver") or {}).get("_forkserver")
    for number in (getattr(tracker, "_fd", None), getattr(server, "_forkserver_alive_fd", None)):
        if number is not None:
            yield number
