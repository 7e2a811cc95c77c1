"""The tools that each session may use."""

from __future__ import annotations

import threading

from .tools import ToolRegistry


class PermissionChecker:
    """Rules that last as long as their session and their tool."""

    def __init__(self, tools: ToolRegistry) -> None:
        self._tools = tools
        self._lock = threading.Lock()
        self._rules: dict[str, dict[str, bool]] = {}
        tools.when_deregistered(self._forget)

    def allow(self, session: str, tool: str) -> None:
        """Raises LookupError if there is no such tool."""
        # First the registry's lock: that is the order in which `deregister` and `_forget` take them.
        with self._tools.lock, self._lock:
            if self._tools.get(tool) is None:
                raise LookupError(f"there is no tool {tool}")
            self._rules.setdefault(session, {})[tool] = True

    def deny(self, session: str, tool: str) -> None:
        with self._lock:
            self._rules.setdefault(session, {})[tool] = False

    def is_allowed(self, session: str, tool: str) -> bool:
        """A tool without a rule is not allowed."""
        with self._lock:
            return self._rules.get(session, {}).get(tool, False)

    def rules(self, session: str) -> dict[str, bool]:
        with self._lock:
            return dict(self._rules.get(session, {}))

    def sessions_with(self, tool: str) -> list[str]:
        """The sessions that may use the tool."""
        with self._lock:
            return [session for session, rules in self._rules.items() if rules.get(tool)]

    def end_session(self, session: str) -> None:
        with self._lock:
            self._rules.pop(session, None)

    def _forget(self, tool: str) -> None:
        with self._lock:
            for rules in self._rules.values():
                rules.pop(tool, None)
