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
    _instance_lock = threading.Lock()

    def __init__(self) -> None:
        # Do not take this lock while you hold another one of the assistant: see permissions.py.
        self.lock = threading.RLock()
        self._tools: dict[str, Tool] = {}
        self._when_deregistered: list[Callable[[str], None]] = []

    @classmethod
    def instance(cls) -> ToolRegistry:
        with cls._instance_lock:
            if cls._instance is None:
                cls._instance = cls()
            return cls._instance

    def register(self, tool: Tool) -> None:
        """Raises ValueError if the name is taken."""
        with self.lock:
            if tool.name in self._tools:
                raise ValueError(f"there is a tool {tool.name} already")
            self._tools[tool.name] = tool

    def deregister(self, name: str) -> bool:
        """Whether there was such a tool."""
        with self.lock:
            if name not in self._tools:
                return False
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
        with self.lock:
            tool = self.get(name)
            if tool is None:
                raise LookupError(f"there is no tool {name}")
            tool.calls += 1
        return tool.function(*arguments)

    def describe(self) -> list[str]:
        """A line for each tool, for the prompt."""
        with self.lock:
            return [f"{tool.name}: {tool.description}" for tool in self._tools.values()]

    def clear(self) -> None:
        with self.lock:
            for name in list(self._tools):
                self.deregister(name)
