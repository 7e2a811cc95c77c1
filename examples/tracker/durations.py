"""Durations as people write them."""

import re
import threading

_PART = re.compile(r"(\d+)\s*([a-z]+)")


class UnknownUnit(ValueError):
    """A duration in a unit that is not defined."""


class Durations:
    """Minutes of `"1d 2h 30m"`. The most recently used texts are cached."""

    def __init__(self, size=100):
        self.size = size
        self.cached = {}
        self._lock = threading.Lock()
        self._units = {"m": 1, "h": 60, "d": 480}

    def define(self, unit, minutes):
        """Set the length of `unit`: not every team's day has eight hours."""
        with self._lock:
            self._units[unit] = minutes
            self.cached.clear()

    def parse(self, text):
        """Return the minutes. Raises `UnknownUnit`."""
        with self._lock:
            if text not in self.cached:
                minutes = self._compute(text)
                if len(self.cached) >= self.size:
                    del self.cached[next(iter(self.cached))]
                self.cached[text] = minutes
            return self.cached[text]

    def _compute(self, text):
        try:
            return sum(int(number) * self._units[unit] for number, unit in _PART.findall(text))
        except KeyError as error:
            raise UnknownUnit(text) from error


class UnlockedDurations(Durations):
    """Buggy: checks, then acts; results with the old units stay in the cache after `define`."""

    def define(self, unit, minutes):
        self._units[unit] = minutes
        self.cached.clear()

    def parse(self, text):
        if text not in self.cached:
            minutes = self._compute(text)
            if len(self.cached) >= self.size:
                del self.cached[next(iter(self.cached))]
            self.cached[text] = minutes
        return self.cached[text]
