"""The pages of the documentation, and what is fenced in them.

A fenced block may have an HTML comment in the line before it:

    <!-- test: passes -->           the block is a test file, and pytest passes it
    <!-- test: passes: some text --> so it does, and the text is in what it prints
    <!-- test: fails: some text --> pytest fails it, and the text is in what it prints
    <!-- file: name.py -->          the block is that file, for the tests that follow on the page
    <!-- examples/some/file.py -->  the block is a part of that file
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCED = re.compile(
    r"^(?:<!-- (?P<comment>.*?) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


class Block(NamedTuple):
    """A fenced block."""

    page: str
    line: int
    language: str
    #: The comment before it, or nothing.
    comment: str
    text: str
    #: Files that earlier blocks of the page give, by name.
    files: dict[str, str]

    @property
    def name(self) -> str:
        """Page and line."""
        return f"{self.page}:{self.line}"


def blocks() -> Iterator[Block]:
    """All blocks of all pages."""
    for page in PAGES:
        source = page.read_text(encoding="utf-8")
        files: dict[str, str] = {}
        for found in _FENCED.finditer(source):
            comment = found["comment"] or ""
            if comment.startswith("file: "):
                files = {**files, comment.removeprefix("file: "): found["text"]}
            yield Block(
                page=str(page.relative_to(ROOT)),
                line=source.count("\n", 0, found.start("language")) + 1,
                language=found["language"],
                comment=comment,
                text=found["text"],
                files=files,
            )
