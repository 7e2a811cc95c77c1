"""What helps against bugs in the use of a database: transactions, and connections of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...control import Step
from ...control.steps import External, Key
from ..causes._overlaps import Access

#: The parts of a database that statements touch.
_PARTS = ("data", "lock")

_HELPS = {
    "read and write": "begin the transaction with BEGIN IMMEDIATE, before the read, or read and write in one statement",
    "check and act": "begin the transaction with BEGIN IMMEDIATE, before the check, or check and act in one statement",
    "both reads": "read both in one transaction",
    "both writes": "make both writes in one transaction",
}


def advice_for_database(log: Sequence[Step], first: Access, other: Access, what: str) -> str | None:
    """Return what helps if two accesses are to a database; None if they are not.

    `what` says what must be one atomic step: "read and write".
    """
    alone = advice_for_shared(first.name or other.name)
    if alone and what not in ("read and write", "check and act"):
        return alone
    if not are_statements(log, first, other):
        return None
    if _connections(log[first.position]) & _connections(log[other.position]):
        # A transaction is that of the connection, so it does not keep the threads apart.
        return None if what in ("read and write", "check and act") else "give each thread a connection of its own"
    if "execute" not in first.place.text:
        # A library runs the statement.
        return None
    return _HELPS.get(what, "")


def are_statements(log: Sequence[Step], first: Access, other: Access) -> bool:
    """Whether the steps of two accesses are statements on one database, which use its file, too."""
    return bool(_databases(log[first.position]) & _databases(log[other.position]))


def _databases(step: Step) -> set[int]:
    """Return what stands for the databases that a step uses."""
    if not isinstance(step[1], External):
        return set()
    return {key for key, part, _ in step[2] or () if part in _PARTS and not isinstance(key, Key)}


_SHARED = re.compile(r"(?:\w+ of )?a (connection|cursor) (?:to|on) .*")


def advice_for_shared(what: str) -> str:
    """Return what helps if threads share a connection or a cursor; empty if `what` is no name of one."""
    found = _SHARED.fullmatch(what)
    return f"give each thread a {found[1]} of its own, or hold one lock around each use" if found else ""


def _connections(step: Step) -> set[Key]:
    """Return what stands for the state of the connections that a statement uses, if threads share them."""
    return {key for key, _, _ in step[2] or () if isinstance(key, Key) and key.label}
