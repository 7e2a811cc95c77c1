"""Methods of sockets under control: they record to which addresses, and between which ends, data goes.

They are methods of the class, so sockets that were made before take part as well.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..execution.units import _current
from ..scope import _real
from ..steps._things import EXCHANGE, WRITE, Thing
from ._uses import like, note

if TYPE_CHECKING:
    from ..execution.units._units import Unit

_units = _current.units
_get_ident = _real.get_ident
_fstat = os.fstat

#: The two ends of an address: the socket that listens there, and the socket that sends or connects to it.
_AT, _TO = "at", "to"
_SENDING = ("send", "sendall", "sendfile", "sendmsg", "write", "do_handshake")
_RECEIVING = ("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into", "read")

#: The number of the pair of two sockets that were made as one, by the inode of each.
_pairs: dict[int, int] = {}
_numbers = itertools.count(1)


def forget_pairs() -> None:
    """Forget all pairs of sockets; to be called between tests."""
    _pairs.clear()


def _text(address: Any) -> str:
    if isinstance(address, tuple) and len(address) > 1:
        return f"{address[0]}:{address[1]}"
    return os.fsdecode(address) if isinstance(address, (str, bytes)) else repr(address)


def _plain(address: Any) -> Any:
    """Return the part of an address on which both ends agree."""
    return address[:2] if isinstance(address, tuple) else address


def _at_address(address: Any) -> Thing:
    return Thing("socket", ("address", _plain(address)), _text(address))


def _inode_of(used: Any) -> int | None:
    """Return the inode of a socket; None on Windows, where sockets are not files.

    There, sockets of a pair have addresses, too.

    Raises `OSError` if the socket is closed.
    """
    return None if sys.platform == "win32" else _fstat(used.fileno()).st_ino


def _note_exchange(unit: Unit, used: Any, how: str) -> None:
    try:
        inode = _inode_of(used)
        number = None if inode is None else _pairs.get(inode)
        own = used.getsockname()
    except (OSError, ValueError):
        # It is closed, or the system has no such name for it.
        return
    if number is not None:
        note(unit, Thing("socket", ("pair", number), "pair"), EXCHANGE, how, used.fileno())
        return
    try:
        peer = used.getpeername()
    except OSError:
        note(unit, _at_address(own), EXCHANGE, how, _AT)
        return
    if isinstance(own, tuple) and isinstance(peer, tuple):
        ends = frozenset((_plain(own), _plain(peer)))
        note(unit, Thing("socket", ("connection", ends), _text(peer)), EXCHANGE, how, _plain(own))
    elif peer or own:
        # Of two local sockets, only the one that listens has a name.
        note(unit, _at_address(peer or own), EXCHANGE, how, _TO if peer else _AT)
    else:
        # It is one of a pair that was made before: which socket is the other one is not known.
        note(unit, Thing("socket", ("socket", inode), "pair"), EXCHANGE, how, used.fileno())


def _exchanging(real: Callable[..., Any], how: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None:
            _note_exchange(unit, self, how)
        return real(self, *args, **options)

    return like(real, method)


def _sending_to(real: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *args: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None and args:
            note(unit, _at_address(args[-1]), EXCHANGE, "data sent", _TO)
        return real(self, *args)

    return like(real, method)


def _connecting(real: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, address: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None:
            note(unit, _at_address(address), EXCHANGE, "connected", _TO)
        return real(self, address)

    return like(real, method)


def _accepting(real: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None:
            try:
                note(unit, _at_address(self.getsockname()), EXCHANGE, "accepted", _AT)
            except OSError:
                # Accepting raises it, too.
                pass
        return real(self)

    return like(real, method)


def _binding(real: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, address: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None and not (isinstance(address, tuple) and address[1:2] == (0,)):
            # For port 0, the system chooses a port that no other socket has.
            note(unit, _at_address(address), WRITE, "bound")
        return real(self, address)

    return like(real, method)


def _pairing(real: Callable[..., Any]) -> Callable[..., Any]:
    def socketpair(*args: Any, **options: Any) -> Any:
        made = real(*args, **options)
        number = next(_numbers)
        for end in made:
            inode = _inode_of(end)
            if inode is not None:
                _pairs[inode] = number
        return made

    return like(real, socketpair)


def _of_class(owner: Any, has: Callable[[str], bool]) -> Iterator[tuple[Any, str, Any]]:
    names: tuple[str, ...]
    for names, how in ((_SENDING, "data sent"), (_RECEIVING, "data received")):
        for name in filter(has, names):
            yield owner, name, _exchanging(getattr(owner, name), how)
    for names, make in (
        (("sendto",), _sending_to),
        (("connect", "connect_ex"), _connecting),
        (("accept",), _accepting),
        (("bind",), _binding),
    ):
        for name in filter(has, names):
            yield owner, name, make(getattr(owner, name))


def of_socket(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements in `socket`: (owner, name, replacement)."""
    # A program may have put a class of its own in the place of `socket.socket`.
    for owner in module.socket.__mro__:
        if owner.__module__ == "socket" and owner.__qualname__ == "socket":
            yield from _of_class(owner, lambda name: hasattr(owner, name))  # noqa: B023
            yield module, "socketpair", _pairing(module.socketpair)


def of_ssl(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements for sockets with TLS, which pass on what they do not do themselves."""
    owner = module.SSLSocket
    yield from _of_class(owner, lambda name: name in vars(owner))


def of_multiprocessing(module: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield the replacements for the connections of `multiprocessing`."""
    owner = module.Connection
    for name, how in (("_send", "data sent"), ("_recv", "data received")):
        yield owner, name, _over_connection(getattr(owner, name), how)
    if sys.platform == "win32":
        pipes = module.PipeConnection
        for name, how in (("_send_bytes", "data sent"), ("_recv_bytes", "data received")):
            yield pipes, name, _over_connection(getattr(pipes, name), how)


def _over_connection(real: Callable[..., Any], how: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        unit = _units[_get_ident()]
        if unit is not None:
            # Which connection is at the other end is not known.
            note(unit, Thing("pipe", ("connection", id(self)), "of multiprocessing"), EXCHANGE, how, _AT)
        return real(self, *args, **options)

    return like(real, method)
