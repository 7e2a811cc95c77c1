"""The page "Troubleshooting" has each error and warning of the plugin, and no other."""

from __future__ import annotations

import re

import pytest

from tests.test_wording import texts_of_module

from .messages import GAP, SOURCE, Message, Messages
from .pages import ROOT

PAGE = (ROOT / "docs" / "howto" / "troubleshooting.md").read_text(encoding="utf-8")
#: What the definitions are about: messages, in backticks.
QUOTED = re.findall(r"^(`.*`)$(?=\n: )", PAGE, re.MULTILINE)
QUOTES = [quote[1:-1] for quote in QUOTED]
MESSAGES = list(Messages())


def quotes(quote: str, message: Message) -> bool:
    """Whether a text of the page is the message, or its beginning."""
    pattern = ".*".join(map(re.escape, quote.removesuffix(GAP).split(GAP)))
    # What composes a message may put the name of a marker in front of it.
    return any(re.match(pattern, text) for text in (message.text, f"@{GAP} {message.text}"))


def test_all_messages_are_found() -> None:
    files = {message.file.rpartition("/")[0] for message in MESSAGES}
    assert files >= {"detect/deadlocks", "plugin/settings", "plugin/known", "plugin/running/observations", "resources"}
    assert len(MESSAGES) > 150


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.text[:60])
def test_the_page_has_the_message(message: Message) -> None:
    assert any(quotes(quote, message) for quote in QUOTES), f"{message.file}: {message.text}"


@pytest.mark.parametrize("quote", QUOTES)
def test_the_message_of_the_page_exists(quote: str) -> None:
    # A quote with too few words would match anything.
    assert len(re.sub(r"\W", "", quote)) >= 5
    assert any(quotes(quote, message) for message in MESSAGES)


def test_each_entry_says_what_to_do() -> None:
    entries = re.findall(r"^: (.*(?:\n  .*)*)", PAGE, re.MULTILINE)
    assert len(entries) > 50
    assert [entry for entry in entries if len(entry) < 20 or entry.startswith("The same.")] == []


def test_the_page_has_each_coverage_line() -> None:
    source = (SOURCE / "explore" / "search" / "_coverage.py").read_text(encoding="utf-8")
    texts = [text for _, text in texts_of_module(source)]
    parts = {part.strip() for text in texts for part in re.split(r"\{\}", text) if len(part.split()) > 1}
    assert {"nothing to interleave", "seen; not controlled:", "total unknown"} <= {part.strip(" ,") for part in parts}
    assert [part for part in sorted(parts) if part not in PAGE and part not in ("under 1 %", "; … and")] == []


@pytest.mark.parametrize(
    ("quote", "text", "expected"),
    [
        ("a … of …", "a … of …: do it", True),
        ("a … of …", "b … of …", False),
        ("a …, fixed", "a …, changed", False),
        ("a …", "a b", True),
    ],
)
def test_what_counts_as_a_quote(quote: str, text: str, expected: bool) -> None:
    assert quotes(quote, Message(text, "")) is expected
