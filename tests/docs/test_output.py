"""The output that pages show is what pytest prints."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests import libraries

from .output import OPTIONS, WRITES_PAGES, Shown, missing, shown
from .pages import ROOT

EXAMPLES = list(shown())


@pytest.fixture(autouse=True)
def as_a_reader_runs_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, forget_bytecode: Callable[[], None]
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COLUMNS", "80")
    # Otherwise pytest shortens the messages of assertions.
    monkeypatch.setenv("CI", "1")
    pytester.plugins.append("pytest_interleave.plugin")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.block.name)
def test_a_page_shows_what_is_printed(example: Shown, pytester: pytest.Pytester) -> None:
    if example.test is None:
        if not WRITES_PAGES:
            pytest.skip("the page has the output of Python 3.13: on other versions a library takes other steps")
        path = ROOT / example.file.partition("::")[0]
        if path.parent == libraries.FOLDER and (reason := libraries.missing(path)):
            pytest.skip(reason)
    if "files still open" in example.block.text and sys.platform == "win32":
        pytest.skip("open files are not found on Windows")
    options = (*OPTIONS, *example.options)
    printed = pytester.runpytest_subprocess(*options, example.prepare(pytester.path)).stdout.str()
    assert example.block.text.strip()
    assert missing(example.block.text, printed) == []


def test_each_recipe_shows_a_report_and_the_test_of_the_fix() -> None:
    recipes = [example for example in EXAMPLES if example.block.page.startswith("docs/cookbook/")]
    for page in {example.block.page for example in recipes}:
        report, *_, fixed = [example.block.text for example in recipes if example.block.page == page]
        assert "--interleave-replay=" in report, page
        assert "exhaustive" in fixed or "sampled" in fixed or "preemptions" in fixed, page
    assert len(recipes) >= 20


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


ROW = "  test_reads   10  1,000   100   1.0M  0.3 µs  2.1 µs  6.3 µs  0.95       0"


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (ROW, "  test_reads   10  1,000   100   985k  0.3 µs   41 µs   1.2 ms  1.00       0"),
        (
            "  test  thr ops  ok %  ops/s  p50  p99  max  fair  errors",
            "  test thr ops ok % ops/s p50 p99 max fair errors",
        ),
        ("t: 4 × TimeoutError at a.py:3 (2 threads): no", "t: 4 × TimeoutError at a.py:3 (1 thread): no"),
        (
            "t: speed-up 3.79x (3.7x to 3.8x in 3 pairs): 80.6 ms sequential, 21.3 ms parallel, 2 cores",
            "t: speed-up 0.98x (1x to 4.25x in 3 pairs): 1.02 s sequential, 990 ms parallel, 1 core",
        ),
    ],
)
def test_figures_of_a_machine_are_not_compared(shown: str, printed: str) -> None:
    assert missing(shown, printed) == []


@pytest.mark.parametrize(
    "printed", [ROW.replace("1,000", "1,001"), ROW.replace("       0", "       1"), ROW.replace("100   1", "99.9   1")]
)
def test_counts_of_a_stress_run_are_compared(printed: str) -> None:
    assert missing(ROW, printed) != []


def test_estimates_are_compared_on_one_version_of_python() -> None:
    text, printed = (f"sampled: {seen} of at least ~203 interleavings (next new: 31 %)" for seen in (85, 86))
    assert missing(text, printed, estimates=True) == [text]
    assert missing(text, printed, estimates=False) == []
