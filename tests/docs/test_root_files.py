"""The changelog on the site has the fragments that no release has collected."""

from __future__ import annotations

import runpy
import tomllib

from .pages import ROOT

PAGE = runpy.run_path(str(ROOT / "docs" / "root_files.py"))
TOWNCRIER = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]


def test_each_fragment_is_shown() -> None:
    shown = " ".join(PAGE["unreleased"]().split())
    fragments = [path for path in (ROOT / "changelog").glob("*.md") if path.name != "README.md"]
    assert [path.name for path in fragments if " ".join(path.read_text("utf-8").split()) not in shown] == []


def test_the_types_are_those_of_towncrier() -> None:
    assert list(PAGE["TYPES"]) == [kind["directory"] for kind in TOWNCRIER["type"]]
    assert PAGE["START"] == TOWNCRIER["start_string"]
    assert (ROOT / "CHANGELOG.md").read_text("utf-8").count(PAGE["START"]) == 1


def test_links_lead_to_pages_or_to_the_repository() -> None:
    shown = PAGE["_at_root"]("CONTRIBUTING.md")
    assert "](internals.md)" in shown
    assert f"]({PAGE['REPOSITORY']}changelog/README.md)" in shown
