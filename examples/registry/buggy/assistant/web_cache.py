"""Recently fetched web pages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass
class Page:
    body: bytes
    fetched: float


class WebCache:
    """Keeps at most `max_bytes` of pages, none of them for longer than `max_age` seconds."""

    def __init__(self, max_bytes: int, max_age: float = 3600) -> None:
        self.max_bytes = max_bytes
        self.max_age = max_age
        self._lock = threading.Lock()
        self._size = 0
        self._pages: dict[str, Page] = {}

    def usage(self) -> tuple[int, int]:
        """The size that the cache has counted, and the real size of its pages."""
        with self._lock:
            return self._size, sum(len(page.body) for page in self._pages.values())

    def put(self, url: str, body: bytes) -> None:
        """A page that is larger than the whole cache is not kept."""
        # Wrong: another thread may remove the same page. Then its size is subtracted twice.
        self._remove(url)
        if len(body) > self.max_bytes:
            return
        # Wrong: two threads that add the same page count it twice.
        with self._lock:
            self._pages[url] = Page(body, time.monotonic())
            self._size += len(body)
        while self._size > self.max_bytes:
            self._remove(next(iter(self._pages)))

    def get(self, url: str) -> bytes | None:
        # Wrong: two threads that find the page too old both remove it.
        page = self._pages.get(url)
        if page is None:
            return None
        if time.monotonic() - page.fetched > self.max_age:
            self._remove(url)
            return None
        return page.body

    def prefetch(self, urls: Iterable[str], fetch: Callable[[str], bytes], workers: int = 2) -> None:
        """Fetches all of them in this many threads."""
        running: list[threading.Thread] = []
        for url in urls:
            # Wrong: one thread too many, as the next one is started after this.
            while len(running) > workers:
                running.pop(0).join()
            running.append(threading.Thread(target=lambda url=url: self.put(url, fetch(url))))
            running[-1].start()
        for thread in running:
            thread.join()

    def _remove(self, url: str) -> None:
        page = self._pages.get(url)
        if page is not None:
            self._size -= len(page.body)
            self._pages.pop(url, None)
