"""A class in another file than the code that changes its objects."""

from __future__ import annotations


class Buffer:
    def __init__(self) -> None:
        self.items: list[int] = []

    def add(self, item: int) -> None:
        self.items.append(item)

    def __len__(self) -> int:
        return len(self.items)
