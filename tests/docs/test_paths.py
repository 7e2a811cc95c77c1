"""The files and folders that the texts for contributors name exist."""

from __future__ import annotations

import re

import pytest

from .pages import ROOT

PACKAGE = ROOT / "src" / "pytest_interleave"
#: As in `control/_control.py`, `_operands.py`, `plugin/reporting`.
NAMED = re.compile(r"`((?:[\w.-]+/)*[\w.-]*\w(?:\.py|\.md|\.toml|/)?|\.ci/\w+)`")


def paths_in(text: str) -> list[str]:
    return [name for name in NAMED.findall(text) if "/" in name or name.endswith((".py", ".md"))]


@pytest.mark.parametrize("page", ["docs/internals.md", "CONTRIBUTING.md"])
def test_what_is_named_is_there(page: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    files = {path.name for path in PACKAGE.rglob("*.py")}
    named = paths_in(text)
    assert len(named) > 10
    missing = [
        name
        for name in named
        if not (PACKAGE / name).exists() and not (ROOT / name).exists() and name not in files and "<" not in name
    ]
    assert missing == []
