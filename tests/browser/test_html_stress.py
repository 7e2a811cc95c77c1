"""Stress runs in a browser: what of the charts is seen, in every window, in light and dark, and on paper."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pages.stress_rows import hung, missed, nasty, rows, run, speedup
from tests.trace.timelines import page, row

from .test_html import CONTRAST, box

pytest.importorskip("selenium", reason="selenium is not installed: pip install --group browser")

OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"


@pytest.fixture
def opened(browser: Any) -> Any:
    """`opened(stress, …)`: a browser that shows the page of these runs."""

    def open_page(stress: list[dict[str, Any]], **how: Any) -> Any:
        browser.open(page([row("test_a")], stress, [speedup()]), **how)
        return browser

    return open_page


def test_charts_are_drawn_to_scale(opened: Any) -> None:
    browser = opened([missed()])
    charts = [box(browser, svg) for svg in browser.all(".area svg")]
    assert all(chart["width"] > 200 and chart["height"] > 100 for chart in charts)
    bars = [box(browser, bar) for bar in browser.all(".plot:first-child rect")]
    counts = [count for count in missed()["histogram"]["counts"] if count]
    highest, tallest = counts.index(max(counts)), max(bar["height"] for bar in bars)
    assert bars[highest]["height"] == tallest
    assert abs(tallest - charts[0]["height"]) < 2
    assert all(abs(bar["bottom"] - charts[0]["bottom"]) < 1 for bar in bars)
    # Marks stand in the order of what they mark, and their words do not lie on one another.
    marks = [box(browser, mark) for mark in browser.all(".mark")]
    words = [box(browser, word) for word in browser.all(".mark b")]
    assert [mark["left"] for mark in marks] == sorted(mark["left"] for mark in marks)
    assert all(upper["bottom"] <= lower["top"] + 1 for upper, lower in zip(words, words[1:], strict=False))
    assert all(charts[0]["left"] <= word["left"] < word["right"] <= charts[0]["right"] for word in words)


def test_what_was_missed_is_red_and_open(opened: Any) -> None:
    browser = opened([run(), missed()])
    first = browser.all(".test")[0]
    assert first.get_attribute("id") == "stress-2"
    assert first.get_attribute("open") is not None
    red = browser.js("getComputedStyle(document.querySelector('.missed li')).color")
    assert red == browser.js("getComputedStyle(document.querySelector('.outcome.failed')).color")
    assert browser.texts(".figures dd.bad") == ["88.8 % (required >= 95 %)", "225", "2 threads", "failed"]
    # Where it hung is seen at once, tracebacks are not.
    assert "with second:" in first.text
    assert "raise PoolExhausted" not in first.text
    first.find_element("css selector", ".errors summary").click()
    assert "raise PoolExhausted" in first.text


def test_filter_and_link(opened: Any) -> None:
    browser = opened([run(), missed()], fragment="#stress-1")
    assert browser.all("#stress-1[open]") != []
    browser.one(".find fieldset label:last-child").click()
    assert [test.get_attribute("id") for test in browser.all(".test") if test.is_displayed()] == ["stress-2"]


@pytest.mark.parametrize("width", [320, 600, 1024, 2400])
def test_the_page_is_never_wider_than_the_window(opened: Any, width: int) -> None:
    long = missed() | {"nodeid": f"test_x.py::test_{'long' * 50}", "missed": ["no" * 300]}
    long["hung"] = [hung(stack="x" * 500, where="y" * 300)]
    browser = opened([*rows(), long], width=width)
    browser.js(OPEN_ALL)
    assert browser.js("document.documentElement.scrollWidth") <= width
    # Words under an axis stay within the chart.
    for axis in browser.all(".axis"):
        inside = box(browser, axis)
        for word in axis.find_elements("css selector", "span"):
            shown = box(browser, word)
            assert inside["left"] - 1 <= shown["left"] <= shown["right"] <= inside["right"] + 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_texts_have_enough_contrast(opened: Any, dark: bool) -> None:
    browser = opened(rows(), dark=dark)
    browser.js(OPEN_ALL)
    assert browser.driver.execute_script(CONTRAST) == []


def test_without_scripts_and_on_paper(browser: Any) -> None:
    browser.scripts(enabled=False)
    browser.open(page([], [missed(), nasty()], [speedup()]))
    assert len([svg for svg in browser.all("#stress-1 svg") if svg.is_displayed()]) == 3
    assert "p99 2.0 ms" in browser.one("#stress-1").text
    assert browser.driver.title == "2 of 2 concurrency tests failed – pytest-interleave"
    browser.scripts(enabled=True)
    browser.open(page([], [run(), missed(), nasty()], [speedup()]), dark=True)
    browser.js("dispatchEvent(new Event('beforeprint'))")
    browser.emulate(dark=True, media="print")
    assert [test.get_attribute("id") for test in browser.all(".test[open]")] == ["stress-2", "stress-3"]
    assert browser.js("getComputedStyle(document.querySelector('.plot')).color") == "rgb(27, 28, 31)"
    browser.emulate()
