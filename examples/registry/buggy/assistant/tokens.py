"""The number of tokens of a text. Counting is slow, so the last results are cached."""

from __future__ import annotations

from collections import OrderedDict


class TokenCounter:
    """Keeps the `max_entries` most recently used results."""

    def __init__(self, max_entries: int = 1000) -> None:
        self.max_entries = max_entries
        self.hits = 0
        self.misses = 0
        self._cache: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._cache)

    def count(self, text: str) -> int:
        # Wrong, all of it: "a dictionary is thread-safe anyway". The entry may be evicted between two lines, ...
        if text in self._cache:
            # ... of two threads that add 1 to the same number, one is not counted, ...
            self.hits += 1
            self._cache.move_to_end(text)
            return self._cache[text]
        tokens = len(text.split())
        self.misses += 1
        # ... and two threads use the space that one of them has freed.
        if len(self._cache) >= self.max_entries:
            self._cache.popitem(last=False)
        self._cache[text] = tokens
        return tokens
