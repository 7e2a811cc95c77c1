"""Skills change the instructions of the assistant. At most one is active."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass
class Skill:
    name: str
    prompt: str
    active: bool = False


class SkillRegistry:
    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._skills: dict[str, Skill] = {}

    def add(self, skill: Skill) -> None:
        with self._lock:
            self._skills[skill.name] = skill

    def active(self) -> list[Skill]:
        """The active skill, or none."""
        with self._lock:
            return [skill for skill in self._skills.values() if skill.active]

    def activate(self, name: str) -> str | None:
        """Makes this skill the active one. Returns the name of the previous one."""
        # Wrong: two threads that find no active skill activate two.
        skill = self._skills[name]
        before = self.deactivate()
        skill.active = True
        return before

    def deactivate(self) -> str | None:
        """Returns the name of the skill that was active."""
        with self._lock:
            for skill in self.active():
                skill.active = False
                return skill.name
            return None

    def prompt(self) -> str:
        """The text that the active skill adds to the prompt."""
        # Wrong: it reads the active skill twice, and the second one may be another one.
        return self.active()[0].prompt if self.active() else ""
