"""The names of what the accesses of a bug have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ...control import Step
from ...control.steps import HIDDEN, Key
from ..causes._overlaps import Access
from ..words._words import Words


class Variables:
    """The names of what the accesses of one execution are to."""

    def __init__(self, log: Sequence[Step], words: Words) -> None:
        self._log = log
        self._words = words

    def name(self, access: Access) -> str:
        """Return the name of what an access is to."""
        return access.name or self._words.what(access.position)

    def common(self, first: Access, between: Access, last: Access) -> str:
        """Return the name of what the accesses have in common: a part, or the whole thing."""
        accesses = (first, between, last)
        alike = first.part == between.part == last.part
        whole = [access for access in accesses if access.part is None]
        return self.plainest(*(accesses if alike or not whole else whole))

    def plainest(self, *accesses: Access) -> str:
        """Return the first name for what is accessed that is not only that of its type, if there is one.

        A call may access several things. Its name is that of one of them, which need not be what all accesses share, so
        such a name comes last.
        """
        things = [self._things(access) for access in accesses]
        of_several = [len(keys) > 1 and keys != set.intersection(*things) for keys in things]
        ordered = sorted(zip(of_several, accesses, strict=True), key=lambda each: each[0])
        named = [self.name(access) for _, access in ordered]
        return next((name for name in named if not is_only_type(name)), named[0])

    def _things(self, access: Access) -> set[Any]:
        """Return what the step of an access touches, without the means by which it does that, such as a cursor."""
        keys = {key for key, _, _ in self._log[access.position][2] or ()}
        return {key for key in keys if not (isinstance(key, Key) and key.label)}

    def sets_class(self, access: Access) -> bool:
        """Whether an access gives an object another class."""
        return any(how & HIDDEN and part == "__class__" for _, part, how in self._log[access.position][2] or ())


_TABLE = re.compile(r"table (\S+) in (.+)")


def names_of_both(first: str, last: str) -> str:
    """Return the names of two variables, as a list; those of two tables of one database, in short."""
    if first == last or last.endswith(f" in {first}"):
        return last
    if first.endswith(f" in {last}"):
        return first
    tables = _TABLE.fullmatch(first), _TABLE.fullmatch(last)
    if tables[0] is not None and tables[1] is not None and tables[0][2] == tables[1][2]:
        return f"tables {tables[0][1]} and {tables[1][1]} in {tables[1][2]}"
    return f"{first} and {last}"


def is_only_type(name: str) -> bool:
    """Whether a name says no more than the type of what it is for: "a list", "item 0 of a list"."""
    return name.startswith(("a ", "an ")) or " of a " in name or " of an " in name
