"""The number of tokens of a text. Counting is slow, so the last results are cached."""

from __future__ import annotations

import threading
from collections import OrderedDict


class TokenCounter:
    """Keeps the `max_entries` most recently used results."""

    def __init__(self, max_entries: int = 1000) -> None:
        self.max_entries = max_entries
        self.hits = 0
        self.misses = 0
        self._lock = threading.Lock()
        self._cache: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        with self._lock:
            return len(self._cache)

    def count(self, text: str) -> int:
        with self._lock:
            if text in self._cache:
                self.hits += 1
                self._cache.move_to_end(text)
                return self._cache[text]
        # Without the lock: other threads need not wait for this.
        tokens = len(text.split())
        with self._lock:
            self.misses += 1
            self._cache[text] = tokens
            if len(self._cache) > self.max_entries:
                self._cache.popitem(last=False)
        return tokens
