"""Fixtures of the tests. All of them are created again for each schedule."""

import pytest
from assistant.permissions import PermissionChecker
from assistant.skills import Skill, SkillRegistry
from assistant.tokens import TokenCounter
from assistant.tools import Tool, ToolRegistry
from assistant.web_cache import WebCache


@pytest.fixture(autouse=True)
def no_registry_yet(monkeypatch):
    """The singleton would last from one schedule to the next."""
    monkeypatch.setattr(ToolRegistry, "_instance", None)


@pytest.fixture
def registry():
    return ToolRegistry.instance()


@pytest.fixture
def grep(registry):
    tool = Tool("grep", lambda pattern, text: pattern in text, "finds text")
    registry.register(tool)
    return tool


@pytest.fixture
def shell(registry):
    tool = Tool("shell", lambda command: f"$ {command}", "runs a command")
    registry.register(tool)
    return tool


@pytest.fixture
def skills():
    skills = SkillRegistry()
    for name in ("review", "translate", "plan"):
        skills.add(Skill(name, f"You {name}."))
    return skills


@pytest.fixture
def permissions(registry):
    return PermissionChecker(registry)


@pytest.fixture
def counter():
    return TokenCounter(max_entries=2)


@pytest.fixture
def web_cache():
    return WebCache(max_bytes=10)
