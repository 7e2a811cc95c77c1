"""A browser without a window, for the tests of the HTML report; they are skipped where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .chromium import NoBrowser, emulate, resize, start


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Selenium's driver of the Chromium that is installed."""
    try:
        driver = start()
    except NoBrowser as missing:
        pytest.skip(str(missing))
    try:
        yield driver
    finally:
        driver.quit()


class Browser:
    """One page in it."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver = driver
        self._path = folder / "report.html"

    def open(self, source: str, width: int = 1400, height: int = 900, dark: bool = False, fragment: str = "") -> None:
        """Open a page with this text."""
        self._path.write_text(source, encoding="utf-8")
        self.size(width, height)
        self.emulate(dark=dark)
        self.driver.get("about:blank")
        self.requests()
        self.errors()
        self.driver.get(self._path.as_uri() + fragment)

    def size(self, width: int, height: int = 900) -> None:
        resize(self.driver, width, height)

    def emulate(self, *, dark: bool = False, media: str = "screen") -> None:
        emulate(self.driver, dark=dark, media=media)

    def scripts(self, *, enabled: bool) -> None:
        """Whether pages that are opened from now on may run any; `js` works nevertheless."""
        self._devtools("Emulation.setScriptExecutionDisabled", value=not enabled)

    def _devtools(self, command: str, **arguments: object) -> None:
        self.driver.execute_cdp_cmd(command, arguments)

    def js(self, expression: str, *arguments: object) -> Any:
        return self.driver.execute_script(f"return {expression}", *arguments)

    def texts(self, selector: str) -> list[str]:
        """What is seen of all elements that are."""
        return [found.text for found in self.all(selector) if found.is_displayed()]

    def text(self, selector: str) -> str:
        (found,) = self.texts(selector)
        return found

    def all(self, selector: str) -> list[Any]:
        found: list[Any] = self.driver.find_elements("css selector", selector)
        return found

    def one(self, selector: str) -> Any:
        (found,) = (element for element in self.all(selector) if element.is_displayed())
        return found

    def press(self, *keys: str) -> None:
        """On what has the focus."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def point_at(self, element: Any) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).move_to_element(element).perform()

    def errors(self) -> list[str]:
        """What the console has had to say since it was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """What has been loaded since it was asked last."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]

    @property
    def url(self) -> str:
        return self._path.as_uri()


@pytest.fixture
def browser(chromium: Any, tmp_path: Path) -> Iterator[Browser]:
    """Checks the console at the end."""
    browser = Browser(chromium, tmp_path)
    yield browser
    browser.scripts(enabled=True)
    assert browser.errors() == []


@pytest.fixture
def opened(browser: Browser) -> Callable[..., Browser]:
    """`opened(tests, …)`: a browser that shows the page of these tests."""
    from tests.trace.timelines import page

    def open_page(tests: list[dict[str, Any]] | None = None, **how: Any) -> Browser:
        browser.open(page(tests), **how)
        return browser

    return open_page
