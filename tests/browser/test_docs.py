"""The pages of the documentation in a browser: nothing is wider than the window, and the pictures are there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .chromium import emulate, resize

for module in ("sphinx", "furo", "myst_parser"):
    pytest.importorskip(module, reason=f"{module} is not installed: pip install --group docs")

ROOT = Path(__file__).resolve().parents[2]
#: The texts of elements that do not fit into their boxes.
SCROLLS = """[...document.querySelectorAll(arguments[0])].filter((each) => each.scrollWidth > each.clientWidth + 1)
.map((each) => each.textContent.slice(0, 300))"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> list[Path]:
    """All pages. (With a browser, the build takes the pictures.)"""
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-b", "html", "docs", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "took 6 pictures" in done.stdout
    pages = sorted(folder.rglob("*.html"))
    assert len(pages) > 30
    return pages


def opened(driver: Any, page: Path, width: int, dark: bool) -> Any:
    resize(driver, width)
    emulate(driver, dark=dark)
    driver.get(page.as_uri())

    def ask(expression: str, *arguments: object) -> Any:
        return driver.execute_script(f"return {expression}", *arguments)

    return ask


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_no_page_is_wider_than_the_window(built: list[Path], chromium: Any, width: int, dark: bool) -> None:
    too_wide = []
    for page in built:
        ask = opened(chromium, page, width, dark)
        if ask("document.documentElement.scrollWidth > innerWidth"):
            too_wide.append(page.name)
    assert too_wide == []


def test_output_needs_no_scroll_bar_in_a_wide_window(built: list[Path], chromium: Any) -> None:
    scrolls = {page.name: opened(chromium, page, 1280, False)(SCROLLS, ".highlight-text pre") for page in built}
    assert {name: blocks for name, blocks in scrolls.items() if blocks} == {}


def test_tables_of_a_report_are_not_wrapped(built: list[Path], chromium: Any) -> None:
    """A line of 96 columns is one line."""
    (page,) = (page for page in built if page.name == "read_a_report.html")
    ask = opened(chromium, page, 1280, False)
    assert ask(
        """((block) => {
            const lines = block.textContent.split('\\n').length;
            block.textContent = Array(lines).fill('x'.repeat(96)).join('\\n');
            const one = parseFloat(getComputedStyle(block).lineHeight);
            return Math.round(block.clientHeight / one) <= lines + 2;
        })(document.querySelector('.highlight-text pre'))"""
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_shows_the_pictures_of_its_theme(built: list[Path], chromium: Any, dark: bool) -> None:
    shown: list[str] = []
    for name in ("html.html", "read_a_report.html"):
        (page,) = (page for page in built if page.name == name)
        ask = opened(chromium, page, 1280, dark)
        images = ask(
            "[...document.querySelectorAll('article img')].filter((each) => each.offsetWidth)"
            ".map((each) => [each.src.split('/').at(-1), each.naturalWidth])"
        )
        assert all(width == 1920 for _, width in images)
        shown += [name for name, _ in images]
    theme = "dark" if dark else "light"
    assert shown == [f"{name}-{theme}.png" for name in ("report", "deadlock", "check_then_act")]
