"""The HTML report in a browser: what is seen, and what keys and the pointer do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trace import timelines
from tests.trace.timelines import NASTY, STRANGE, page, row

pytest.importorskip("selenium", reason="selenium is not installed: pip install --group browser")

from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

DEPOSIT = [row("test_deposit", timelines.lost_update())]
TRANSFER = [row("test_transfer", timelines.deadlock(), "deadlock")]
CROWD = [row("test_crowd", timelines.crowd())]
ALL = [*DEPOSIT, *TRANSFER, *CROWD, row("test_cache", timelines.locked()), row("test_nasty", timelines.nasty())]


def current(browser: Any) -> int:
    """The number of the row that is the current one, from 1; all that says so agrees."""
    rows = "[...document.querySelectorAll('.test[open] {}')].map((row) => row.style.getPropertyValue('--row'))"
    (row,) = browser.js(rows.format(".current"))
    assert browser.js(rows.format("[aria-selected=true]")) == browser.js(rows.format('.step[tabindex="0"]')) == [row]
    return int(row)


def box(browser: Any, element: Any) -> dict[str, float]:
    found: dict[str, float] = browser.js("arguments[0].getBoundingClientRect().toJSON()", element)
    return found


class TestTimeline:
    def test_lanes_and_steps(self, opened: Any) -> None:
        browser = opened(DEPOSIT)
        assert browser.texts(".head .full") == ["main", "worker-0", "worker-1"]
        steps = browser.all(".step")
        assert len(steps) == 9
        # Time goes down, and each thread is in its column.
        signs = [box(browser, sign) for sign in browser.all(".step .sign")]
        assert [sign["top"] for sign in signs] == sorted(sign["top"] for sign in signs)
        assert len({sign["left"] + sign["width"] / 2 for sign in signs}) == 3
        lines = [box(browser, line) for line in browser.all(".lifeline")]
        for sign, event in zip(signs, timelines.lost_update().events, strict=True):
            line = lines[event.thread]
            assert abs(sign["left"] + sign["width"] / 2 - line["left"] - line["width"] / 2) < 1
        assert browser.texts(".turn") == ["preemption"]

    @pytest.mark.parametrize("width", [1400, 600], ids=["columns", "lanes"])
    def test_arrows_go_from_step_to_step(self, opened: Any, width: int) -> None:
        browser = opened(DEPOSIT, width=width)
        signs = [box(browser, sign) for sign in browser.all(".step .sign")]
        for link in browser.all(".link"):
            first, last = (signs[int(row) - 1] for row in link.get_attribute("data-rows").split())
            drawn = box(browser, link)
            assert abs(drawn["top"] - (first["top"] + first["bottom"]) / 2) < 2
            # The head of the arrow is between the line's end and the step.
            assert 4 < last["top"] - drawn["bottom"] < 12
            ends = sorted((end["left"] + end["right"]) / 2 for end in (first, last))
            assert abs(drawn["left"] - ends[0]) < 12
            assert abs(drawn["right"] - ends[1]) < 12

    def test_bars_end_where_the_lock_is_released(self, opened: Any) -> None:
        browser = opened(TRANSFER)
        first, second = (box(browser, bar) for bar in browser.all(".bar"))
        rows = [box(browser, each) for each in browser.all(".step")]
        assert rows[2]["top"] < first["top"] < rows[2]["bottom"]
        assert rows[3]["top"] < second["top"] < rows[3]["bottom"]
        assert first["bottom"] >= rows[-1]["bottom"]
        assert second["bottom"] >= rows[-1]["bottom"]
        assert browser.texts(".holder") == ["held by worker-0", "held by worker-1"]
        assert len(browser.all(".link.waiting")) == 2

    def test_source_text_of_many_threads_stands_beside_their_lanes(self, opened: Any) -> None:
        browser = opened(CROWD)
        assert len(browser.all(".step")) == 40
        assert len(browser.all(".lifeline")) == 19
        lines = [box(browser, line) for line in browser.all(".lifeline")]
        assert all(box(browser, text)["left"] > max(line["right"] for line in lines) for text in browser.all(".text"))
        assert browser.texts(".who")[0] == "ThreadPoolExecutor-0_0"
        assert browser.texts(".head .short")[-1] == "…PoolExecutor-0_18"


class TestKeyboard:
    @pytest.mark.parametrize(
        ("forward", "back"), [(Keys.ARROW_DOWN, Keys.ARROW_UP), (Keys.ARROW_RIGHT, Keys.ARROW_LEFT), ("j", "k")]
    )
    def test_steps(self, opened: Any, forward: str, back: str) -> None:
        browser = opened(DEPOSIT)
        assert current(browser) == 1
        browser.one(".step:first-child").click()
        browser.press(forward, forward, forward)
        assert current(browser) == 4
        pane = browser.text(".pane")
        assert "Step 6 of 13" in pane
        assert "worker-1 · read" in pane
        assert "balance = self.balance" in pane
        assert "bank.py:15 in deposit" in pane
        assert "The previous thread could have continued." in pane
        browser.press(forward)
        pane = browser.text(".pane")
        assert "100 -> 150" in pane
        assert "The previous thread" not in pane
        browser.press(back, back)
        assert current(browser) == 3

    def test_first_and_last_and_no_further(self, opened: Any) -> None:
        browser = opened(DEPOSIT)
        browser.one(".step:first-child").click()
        browser.press(Keys.END)
        assert current(browser) == 9
        assert "Step 13 of 13" in browser.text(".pane")
        assert not browser.one(".pane header button:last-child").is_enabled()
        browser.press(Keys.ARROW_DOWN)
        assert current(browser) == 9
        browser.press(Keys.HOME, Keys.ARROW_UP)
        assert current(browser) == 1
        assert not browser.one(".pane header button:nth-of-type(1)").is_enabled()

    def test_everything_is_reached_without_a_pointer(self, opened: Any) -> None:
        browser = opened([*DEPOSIT, row("test_b")])
        reached = []
        for _ in range(12):
            browser.press(Keys.TAB)
            reached.append(browser.js("document.activeElement.textContent.trim() || document.activeElement.type"))
            style = browser.js(
                "getComputedStyle(document.activeElement.closest('label') ?? document.activeElement).outlineStyle"
            )
            assert style != "none", reached
            if reached[-1] == "Next":
                break
        assert reached[:3] == ["Dark", "radio", "search"]
        assert [each for each in reached if each in ("Copy", "Back", "Next")] == ["Copy", "Copy", "Next"]
        assert any("run_concurrent(account.deposit" in each for each in reached)
        browser.press(Keys.ENTER, Keys.ENTER)
        assert current(browser) == 3
        # The keys work there, too, and the focus stays in the list from then on.
        browser.press("j")
        assert current(browser) == 4
        assert browser.js("document.activeElement.role") == "option"

    def test_the_current_step_comes_into_view(self, opened: Any) -> None:
        browser = opened(CROWD, width=900, height=600)
        browser.press("j", Keys.END)
        shown = box(browser, browser.one(".current"))
        assert 0 < shown["top"] < shown["bottom"] <= 600
        # Not behind the details, which stand at the bottom in a window as narrow as this.
        assert shown["bottom"] <= box(browser, browser.one(".pane"))["top"]

    def test_keys_of_the_browser_are_left_to_it(self, opened: Any) -> None:
        browser = opened([*DEPOSIT, row("test_b")])
        browser.one(".step:first-child").click()
        browser.press(Keys.CONTROL + "j")
        assert current(browser) == 1
        browser.one("#words").send_keys("jjk")
        assert browser.js("document.getElementById('words').value") == "jjk"
        assert current(browser) == 1

    def test_j_works_from_anywhere(self, opened: Any) -> None:
        browser = opened(DEPOSIT)
        browser.press("j")
        assert current(browser) == 2


class TestPointer:
    def test_what_is_pointed_at_is_shown_as_long_as_it_is(self, opened: Any) -> None:
        browser = opened(DEPOSIT)
        assert "main · start" in browser.text(".pane")
        browser.point_at(browser.all(".step")[5])
        pane = browser.text(".pane")
        assert "worker-0 · write" in pane
        assert "150 -> 150" in pane
        assert "after step 4" not in pane
        assert "after step 6, worker-1 read: Account.balance" in pane
        assert "before step 13, main read: Account.balance" in pane
        assert len(browser.all(".link.related")) == 3
        assert current(browser) == 1
        browser.point_at(browser.one("h1"))
        assert "main · start" in browser.text(".pane")
        assert browser.all(".link.related") == []

    def test_a_pointer_that_rests_does_not_count_when_the_page_is_scrolled_under_it(self, opened: Any) -> None:
        browser = opened(DEPOSIT, height=500)
        browser.one(".step:first-child").click()
        before = browser.js("scrollY")
        browser.press(Keys.END)
        assert browser.js("scrollY") > before
        assert "Step 13 of 13" in browser.text(".pane")

    def test_locks_held_then(self, opened: Any) -> None:
        browser = opened(TRANSFER)
        browser.point_at(browser.all(".step")[4])
        pane = browser.text(".pane")
        assert "worker-1 blocked in acquire" in pane
        assert "Never reached" in pane
        assert "held by worker-0, never released" in pane
        assert browser.js("[...document.querySelectorAll('.pane dt')].map((name) => name.textContent)") == [
            "Place", "On", "Holds", "Held by others", "Never reached",
        ]  # fmt: skip
        assert "B Lock #2 (created at bank.py:11)" in pane
        assert "A Lock #1 (created at bank.py:11): worker-0" in pane

    def test_why_a_step_was_never_reached(self, opened: Any) -> None:
        for kind, holder, main in (
            ("deadlock", "held by worker-0, never released", "All threads are blocked."),
            ("timeout", "held by worker-0", "The execution was stopped first."),
        ):
            browser = opened([row("test_transfer", timelines.deadlock(), kind)])
            browser.point_at(browser.all(".step")[4])
            assert browser.js("document.querySelector('.pane dd:last-child').textContent") == holder
            browser.point_at(browser.all(".step")[6])
            assert browser.js("document.querySelector('.pane dd:last-child').textContent") == main

    def test_a_click_stays(self, opened: Any) -> None:
        browser = opened(DEPOSIT)
        browser.all(".step")[4].click()
        browser.point_at(browser.one("h1"))
        assert current(browser) == 5
        browser.all(".pane dd button")[0].click()
        assert current(browser) == 3
        assert "worker-0 · read" in browser.text(".pane")

    def test_copying(self, opened: Any) -> None:
        browser = opened(DEPOSIT)
        browser.driver.execute_cdp_cmd(
            "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        )
        button, token = browser.all(".copy")
        for each, copied in ((button, DEPOSIT[0]["_command"]), (token, DEPOSIT[0]["finding"]["token"])):
            each.click()
            WebDriverWait(browser.driver, 10).until(lambda _, each=each: each.text == "Copied")
            assert browser.js("navigator.clipboard.readText()") == copied


class TestPage:
    def test_nothing_is_loaded(self, opened: Any) -> None:
        browser = opened(ALL)
        assert browser.requests() == [browser.url]

    def test_dark_where_the_system_is(self, opened: Any) -> None:
        def brightness(browser: Any, selector: str, what: str) -> float:
            color = browser.js(f"getComputedStyle(document.querySelector('{selector}')).{what}")
            red, green, blue = (int(part) for part in color.removeprefix("rgb(").removesuffix(")").split(", "))
            return (red + green + blue) / 765

        browser = opened(DEPOSIT, dark=True)
        assert brightness(browser, "body", "backgroundColor") < 0.2
        assert brightness(browser, ".text code", "color") > 0.7
        browser.emulate(dark=False)
        assert brightness(browser, "body", "backgroundColor") > 0.9
        assert brightness(browser, ".text code", "color") < 0.3
        button = browser.one("#theme")
        # The page gets the change in the next frame.
        WebDriverWait(browser.driver, 10).until(lambda _: button.get_attribute("aria-pressed") == "false")
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        assert brightness(browser, "body", "backgroundColor") < 0.2
        browser.driver.refresh()
        assert brightness(browser, "body", "backgroundColor") < 0.2
        browser.one("#theme").click()
        assert brightness(browser, "body", "backgroundColor") > 0.9
        browser.js("localStorage.clear()")

    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    @pytest.mark.parametrize("width", [320, 375, 400, 600, 820, 1024, 1280, 1400, 2400])
    def test_the_page_is_never_wider_than_the_window(self, opened: Any, width: int, dark: bool) -> None:
        browser = opened([*ALL, row(f"test_{'long' * 50}", message="no" * 300)], width=width, dark=dark)
        browser.js("document.querySelectorAll('.test').forEach((test) => { test.open = true; })")
        assert browser.js("document.documentElement.scrollWidth") <= width
        # And so is each timeline, or there is a way to scroll it.
        assert browser.js(
            "[...document.querySelectorAll('.scroll')].every((each) => getComputedStyle(each).overflowX !== 'visible' "
            "|| each.scrollWidth <= each.clientWidth)"
        )

    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    def test_texts_have_enough_contrast(self, opened: Any, dark: bool) -> None:
        browser = opened([*ALL, row("test_b")], dark=dark)
        browser.js("document.querySelectorAll('.test').forEach((test) => { test.open = true; })")
        poor = browser.driver.execute_script(CONTRAST)
        assert poor == []

    def test_strange_texts_do_nothing(self, opened: Any) -> None:
        tests = [
            row(
                f"test_it[{NASTY}]",
                timelines.nasty(),
                message=NASTY + STRANGE,
                _command=NASTY,
                _difference=NASTY,
                _warnings=[NASTY],
            )
        ]
        browser = opened(tests)
        assert browser.driver.title == "1 of 1 concurrency test failed – pytest-interleave"
        assert browser.js("document.scripts.length") == 2
        assert browser.js("document.querySelectorAll('main, .step').length") == 3
        browser.one(".step:first-child").click()
        pane = browser.text(".pane")
        assert f"print({NASTY!r})" in pane
        assert r"\x00\x1b[31mred\x7f \ud83d lone \u202eturned" in pane
        browser.press("j")
        assert "x" * 3000 in browser.js("document.querySelector('.pane').textContent")

    def test_filter_and_search(self, opened: Any) -> None:
        tests = [row(f"test_many.py::test_number[{number}]") for number in range(480)]
        tests += [row(f"test_many.py::test_bad[{number}]", timelines.lost_update()) for number in range(20)]
        browser = opened(tests)

        def shown() -> int:
            return browser.js("[...document.querySelectorAll('.test')].filter((test) => test.checkVisibility()).length")

        assert shown() == 500
        browser.one(".find fieldset label:last-child").click()
        assert shown() == 20
        assert browser.text("output") == "20 of 500 tests"
        browser.one("#words").send_keys("BAD 17")
        assert shown() == 1
        browser.one(".find fieldset label:nth-of-type(1)").click()
        browser.one("#words").clear()
        browser.one("#words").send_keys("number[4")
        assert shown() == 91
        browser.one("#words").clear()
        browser.one("#words").send_keys("failure")
        assert shown() == 20

    def test_a_test_is_opened_by_its_link(self, opened: Any) -> None:
        browser = opened(ALL, fragment="#test-3")
        assert browser.all("#test-3[open]") != []
        assert box(browser, browser.one("#test-3"))["top"] < 900

    def test_a_timeline_that_is_opened_later_works(self, opened: Any) -> None:
        browser = opened(ALL)
        first, second = browser.all(".test")[:2]
        browser.js("arguments[0].removeAttribute('open')", first)
        second.find_element("css selector", "summary").click()
        browser.press("j")
        assert current(browser) == 2
        assert "main · start" in browser.text(".pane")

    def test_without_scripts_everything_is_there(self, browser: Any) -> None:
        browser.scripts(enabled=False)
        browser.open(page([*DEPOSIT, *TRANSFER]))
        assert browser.texts(".pane, .find, .copy, .keys, #theme") == []
        text = browser.one(".test[open]").text
        for event in timelines.lost_update().events:
            assert all(part in text for part in (event.source, event.value, event.function))
        assert "conflicts with step 7" in text
        browser.all(".test")[1].find_element("css selector", "summary").click()
        text = browser.all(".test")[1].text
        assert "held by worker-0" in text
        assert "holds A" in text

    def test_printing_shows_what_was_found(self, opened: Any) -> None:
        browser = opened([*DEPOSIT, *TRANSFER, row("test_b")], dark=True)
        browser.js("dispatchEvent(new Event('beforeprint'))")
        browser.emulate(dark=True, media="print")
        assert ["open" in (test.get_attribute("outerHTML").partition(">")[0]) for test in browser.all(".test")] == [
            True,
            True,
            False,
        ]
        assert browser.texts(".pane, .find, .copy, #theme") == []
        assert "conflicts with step 7" in browser.one("#test-1").text
        assert browser.js("getComputedStyle(document.querySelector('.text code')).color") == "rgb(27, 28, 31)"
        browser.emulate()
        browser.js("dispatchEvent(new Event('afterprint'))")
        assert len(browser.all(".test[open]")) == 1


#: Elements that show text in too little contrast with what is behind them, by the formula of the WCAG.
CONTRAST = """
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const over = (behind, color) => {
  canvas.fillStyle = `rgb(${behind.join()})`;
  canvas.fillRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
};
const luminance = (color) => {
  const [red, green, blue] = color.map((part) => part / 255).map((part) => (
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  ));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const behind = (element) => {
  const chain = [];
  for (let each = element; each; each = each.parentElement) chain.unshift(getComputedStyle(each).backgroundColor);
  return chain.reduce(over, [255, 255, 255]);
};
const poor = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
  if (!own || !element.checkVisibility() || element.disabled || element.closest("script, .unseen")) continue;
  const ground = behind(element);
  const both = [luminance(over(ground, getComputedStyle(element).color)), luminance(ground)];
  const [high, low] = both.sort((a, b) => b - a);
  const ratio = (high + 0.05) / (low + 0.05);
  if (ratio < 4.5) poor.push([element.className, element.textContent.slice(0, 40), Math.round(ratio * 100) / 100]);
}
return poor;
"""
