"""Links between pages of the documentation lead to pages and sections that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .pages import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
_LINK = re.compile(r"\]\(([\w./-]*\.md)?(?:#([\w-]+))?\)")
_CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def anchors_of(text: str) -> set[str]:
    """The names of the sections of a page, in links."""
    text = _CODE.sub("", text)
    headings = [heading.lower() for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    # As MyST and docutils name them.
    slugs = {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in headings}
    ids = {re.sub(r"[^a-z0-9]+", "-", heading).strip("-") for heading in headings}
    return slugs | ids | set(re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE))


def broken_in(page: Path) -> list[str]:
    found = []
    for target, anchor in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        other = (page.parent / target).resolve() if target else page
        if not other.is_file():
            found.append(target)
        elif anchor and other.is_relative_to(DOCS) and anchor not in anchors_of(other.read_text(encoding="utf-8")):
            found.append(f"{target}#{anchor}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_links_lead_to_sections(page: Path) -> None:
    assert broken_in(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "(named)=\n# Some `heading`: it\n[a](#some-heading-it) [b](#named) [c](none.md) [d](page.md#none)\n"
    )
    assert [target for target, _ in _LINK.findall(page.read_text())] == ["", "", "none.md", "page.md"]
    assert anchors_of(page.read_text()) == {"some-heading-it", "named"}
    assert broken_in(page) == ["none.md"]
