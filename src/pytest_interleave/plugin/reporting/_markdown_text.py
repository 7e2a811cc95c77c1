"""Texts of tests in Markdown, and a comment that is cut where it would get too long.

What comes from tests stands in code, and nowhere else: there, nothing is markup, a mention, a reference or a link.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from ...pages import printable

#: What GitHub takes is 65,536; what posts the comment may have to add something.
LIMIT = 65_000
#: For the sentence on what was left out.
_RESERVE = 600
#: Characters of a name.
_NAME = 300


def code(text: str, *, cell: bool = False) -> str:
    """In a line, or in a `cell` of a table."""
    words = _in_a_line(text)
    if not words:
        return ""
    fence = "`" * (_longest_run(words) + 1)
    # One space at each end is taken away again.
    padding = " " if words[0] == "`" or words[-1] == "`" else ""
    if cell:
        # A table is split into cells before anybody looks for code; there, this is a bar, and nothing else is escaped.
        words = words.replace("|", r"\|")
    return f"{fence}{padding}{words}{padding}{fence}"


def fenced(text: str, language: str) -> str:
    """A block of code."""
    shown = printable("\n".join(text.splitlines())) or " "
    fence = "`" * max(3, _longest_run(shown) + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def summary(name: str, what: str, told: str = "") -> str:
    """What is seen of something folded: a name in code, words of ours, and a text in code. It is HTML, not Markdown."""
    parts = [f"{_html_code(name)}:", html.escape(what), _html_code(told) if told else ""]
    return f"<summary>{' '.join(filter(None, parts))}</summary>"


def _html_code(text: str) -> str:
    return f"<code>{html.escape(_in_a_line(text))}</code>"


def folded(summary: str, parts: Iterable[str]) -> str:
    """Blocks that are seen when the summary is unfolded."""
    return "\n\n".join((f"<details>\n{summary}", *parts, "</details>\n\n"))


def _in_a_line(text: str) -> str:
    return shortened(str(printable(" ".join(text.split()))), _NAME)


def shortened(text: str, most: int) -> str:
    """With at most so many characters: what goes is in the middle."""
    if len(text) <= most:
        return text
    return f"{text[: most * 2 // 3]}…{text[len(text) - (most - most * 2 // 3 - 1) :]}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


class Comment:
    """Takes whole parts as long as they fit, and says in the end what did not."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._parts: list[str] = []
        self._left = limit - _RESERVE
        self._left_out: dict[str, int] = {}

    def add(self, part: str) -> None:
        """What has to be there."""
        self._parts.append(part)
        self._left -= length(part)

    def add_rows(self, head: str, rows: Iterable[str], tail: str, what: str, *, share: float = 1.0) -> None:
        """As many rows between `head` and `tail` as fit into this share of what is left; without any, nothing.

        `what` is what one row is, in the sentence on what was left out.
        """
        room = int(self._left * share) - length(head) - length(tail)
        kept: list[str] = []
        left_out = 0
        for row in rows:
            room -= length(row)
            # What comes first is the worst: nothing is there that stands behind what was left out.
            if left_out or room < 0:
                left_out += 1
            else:
                kept.append(row)
        if kept:
            self.add("".join((head, *kept, tail)))
        if left_out:
            self._left_out[what] = self._left_out.get(what, 0) + left_out

    def text(self) -> str:
        """All of it."""
        parts = list(self._parts)
        if self._left_out:
            told = ", ".join(f"{what}: {count:,}" for what, count in self._left_out.items())
            parts.append(
                f"**Left out**, because a comment may not be longer ({told}). The terminal, `--interleave-json` and "
                "`--interleave-html` have everything.\n"
            )
        return "".join(parts)


def length(text: str) -> int:
    """In UTF-16, as browsers count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
