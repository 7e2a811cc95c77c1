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
        # Wrong: `get` waits for the registry's lock, and the thread that holds that may wait for this one in `_forget`.
        with self._lock:
            if self._tools.get(tool) is None:
                raise LookupError(f"there is no tool {tool}")
            self._rules.setdefault(session, {})[tool] = True

    def deny(self, session: str, tool: str) -> None:
        # Wrong: if two threads create the session's rules, one rule is lost.
        if session not in self._rules:
            self._rules[session] = {}
        self._rules[session][tool] = False

    def is_allowed(self, session: str, tool: str) -> bool:
        """A tool without a rule is not allowed."""
        # Wrong: the session may end between check and use.
        if session not in self._rules:
            return False
        return self._rules[session].get(tool, False)

    def rules(self, session: str) -> dict[str, bool]:
        with self._lock:
            return dict(self._rules.get(session, {}))

    def sessions_with(self, tool: str) -> list[str]:
        """The sessions that may use the tool."""
        # Wrong: a session may begin or end during the loop.
        return [session for session, rules in self._rules.items() if rules.get(tool)]

    def end_session(self, session: str) -> None:
        with self._lock:
            self._rules.pop(session, None)

    def _forget(self, tool: str) -> None:
        with self._lock:
            for rules in self._rules.values():
                rules.pop(tool, None)
