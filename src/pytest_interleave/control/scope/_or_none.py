"""A dictionary that gives None for a key that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class OrNone(dict[_Key, _Value]):
    """A dictionary that gives None for a missing key, for frequent look-ups with numbers as keys.

    `dict.get` would do. But in 3.13 without a GIL it locks the dictionary twice if the key is no small number and
    another thread created the dictionary; that takes 30 µs.
    """

    __slots__ = ()

    def __missing__(self, key: _Key) -> None:
        return None

    if TYPE_CHECKING:

        def __getitem__(self, key: _Key) -> _Value | None: ...  # type: ignore[override]
