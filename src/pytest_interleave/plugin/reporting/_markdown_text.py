"""Puts texts of tests into Markdown, and cuts a comment that would get too long.

Texts of tests are only in code: there, nothing is markup, a mention, a reference or a link.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from ...pages import printable

#: Characters of a comment; the rest is left out. GitHub takes 65,536, and a tool that posts it may add something.
LIMIT = 65_000
#: Characters that are kept free for the sentence on what was left out.
_RESERVE = 600
#: At most this many characters of a name are shown; the middle is cut.
_NAME = 300


def code(text: str, *, cell: bool = False) -> str:
    """Return the text as code in a line, or in a `cell` of a table."""
    words = _in_a_line(text)
    if not words:
        return ""
    fence = "`" * (_longest_run(words) + 1)
    # One space at each end is taken away again.
    padding = " " if words[0] == "`" or words[-1] == "`" else ""
    if cell:
        # A table is split into cells before code is parsed: only there, a bar is escaped, and nothing else is.
        words = words.replace("|", r"\|")
    return f"{fence}{padding}{words}{padding}{fence}"


def fenced(text: str, language: str) -> str:
    """Return the text as a block of code."""
    shown = printable("\n".join(text.splitlines())) or " "
    fence = "`" * max(3, _longest_run(shown) + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def summary(name: str, what: str, text: str = "", after: str = "") -> str:
    """Return the visible line of a fold, as HTML: a name in code, words of the plugin, and a text in code in them."""
    parts = [f"{_html_code(name)}:", html.escape(what), _html_code(text) if text else "", html.escape(after)]
    return f"<summary>{' '.join(filter(None, parts))}</summary>"


def _html_code(text: str) -> str:
    return f"<code>{html.escape(_in_a_line(text))}</code>"


def folded(summary: str, parts: Iterable[str]) -> str:
    """Return a fold: blocks that are visible when its summary is unfolded."""
    return "\n\n".join((f"<details>\n{summary}", *parts, "</details>\n\n"))


def _in_a_line(text: str) -> str:
    return shortened(str(printable(" ".join(text.split()))), _NAME)


def shortened(text: str, most: int) -> str:
    """Cut the middle of a text so that it has at most `most` characters."""
    if len(text) <= most:
        return text
    return f"{text[: most * 2 // 3]}…{text[len(text) - (most - most * 2 // 3 - 1) :]}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


class Comment:
    """A comment of limited length: takes parts as long as they fit, and ends with a sentence on those that did not."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._parts: list[str] = []
        self._left = limit - _RESERVE
        self._left_out: dict[str, int] = {}

    def add(self, part: str) -> None:
        """Add a part that is needed, whether it fits or not."""
        self._parts.append(part)
        self._left -= length(part)

    def add_rows(self, head: str, rows: Iterable[str], tail: str, what: str, *, share: float = 1.0) -> None:
        """Add `head`, as many rows as fit into this share of the room left, and `tail`; nothing if no row fits.

        `what` names one row, in the sentence on what was left out.
        """
        room = int(self._left * share) - length(head) - length(tail)
        kept: list[str] = []
        left_out = 0
        for row in rows:
            room -= length(row)
            # The worst rows come first: after one that is left out, all others are left out, too.
            if left_out or room < 0:
                left_out += 1
            else:
                kept.append(row)
        if kept:
            self.add("".join((head, *kept, tail)))
        if left_out:
            self._left_out[what] = self._left_out.get(what, 0) + left_out

    def text(self) -> str:
        """Return the whole comment."""
        parts = list(self._parts)
        if self._left_out:
            counts = ", ".join(f"{what}: {count:,}" for what, count in self._left_out.items())
            parts.append(
                f"**Truncated** to fit GitHub's comment limit ({counts}). Full results: terminal, "
                "`--interleave-json`, `--interleave-html`.\n"
            )
        return "".join(parts)


def length(text: str) -> int:
    """Return the length of a text in units of UTF-16, as browsers count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
