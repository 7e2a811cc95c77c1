"""The tools that the assistant can call, by name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Tool:
    name: str
    function: Callable[..., object]
    description: str = ""
    calls: int = 0


class ToolRegistry:
    """The process has one: `ToolRegistry.instance()`."""

    _instance: ToolRegistry | None = None

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._tools: dict[str, Tool] = {}
        self._when_deregistered: list[Callable[[str], None]] = []

    @classmethod
    def instance(cls) -> ToolRegistry:
        # Wrong: two threads that call it first create two registries.
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance

    def register(self, tool: Tool) -> None:
        """Raises ValueError if the name is taken."""
        # Wrong: it may be taken before this thread has the lock.
        if tool.name in self._tools:
            raise ValueError(f"there is a tool {tool.name} already")
        with self.lock:
            self._tools[tool.name] = tool

    def deregister(self, name: str) -> bool:
        """Whether there was such a tool."""
        # Wrong: the same.
        if name not in self._tools:
            return False
        with self.lock:
            del self._tools[name]
            for forget in self._when_deregistered:
                forget(name)
            return True

    def when_deregistered(self, forget: Callable[[str], None]) -> None:
        with self.lock:
            self._when_deregistered.append(forget)

    def get(self, name: str) -> Tool | None:
        with self.lock:
            return self._tools.get(name)

    def run(self, name: str, *arguments: object) -> object:
        """Raises LookupError if there is no such tool."""
        tool = self.get(name)
        if tool is None:
            raise LookupError(f"there is no tool {name}")
        # Wrong: two threads that read the same number lose a call.
        tool.calls += 1
        return tool.function(*arguments)

    def describe(self) -> list[str]:
        """A line for each tool, for the prompt."""
        # Wrong: "to read needs no lock". A dictionary that changes meanwhile ends the loop.
        return [f"{tool.name}: {tool.description}" for tool in self._tools.values()]

    def clear(self) -> None:
        # Wrong: each step holds the lock, but not all of them together.
        for name in list(self._tools):
            self.deregister(name)
