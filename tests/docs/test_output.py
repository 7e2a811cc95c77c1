"""The output that pages show is what pytest prints."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests import libraries

from .output import OPTIONS, Shown, missing, shown
from .pages import ROOT

EXAMPLES = list(shown())


@pytest.fixture(autouse=True)
def as_a_reader_runs_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, forget_bytecode: Callable[[], None]
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COLUMNS", "80")
    pytester.plugins.append("pytest_interleave.plugin")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.block.name)
def test_a_page_shows_what_is_printed(example: Shown, pytester: pytest.Pytester) -> None:
    if example.test is None:
        if sys.version_info[:2] != (3, 13) or "t" in sys.abiflags:
            pytest.skip("the page has the output of Python 3.13: on other versions a library takes other steps")
        if reason := libraries.missing(ROOT / example.file.partition("::")[0]):
            pytest.skip(reason)
    printed = pytester.runpytest_subprocess(*OPTIONS, example.prepare(pytester.path)).stdout.str()
    assert example.block.text.strip()
    assert missing(example.block.text, printed) == []


def test_each_recipe_shows_a_report_and_the_test_of_the_fix() -> None:
    recipes = [example for example in EXAMPLES if example.block.page.startswith("docs/cookbook/")]
    for page in {example.block.page for example in recipes}:
        report, *_, fixed = [example.block.text for example in recipes if example.block.page == page]
        assert "--interleave-replay=" in report, page
        assert "exhaustive" in fixed or "sampled" in fixed or "preemptions" in fixed, page
    assert len(recipes) >= 16


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a 0x1\nb\n", ["a 0x1", "b"]),
        ("b at 0x12\nc, 1.5 s\n", []),
        ("a\n...\nc, 2 s\n", []),
        ("c, 2 s\n...\na\n", ["a"]),
        ("get(): [1406640755…  d.py:1\nx/y.py:3: KeyError\n", []),
        ("a\nc, 2 s\n", ["a", "c, …"]),
    ],
)
def test_lines_that_are_shown_but_not_printed(text: str, lines: list[str]) -> None:
    printed = "a\nb at 0xff  \nc, 0.25 s\nget(): [940664075…  d.py:1\nC:\\lib\\site-packages\\x\\y.py:3: KeyError\n"
    assert missing(text, printed) == lines
