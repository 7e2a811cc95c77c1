"""A browser without a window, for the tests of the HTML report; they are skipped where there is none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

#: As different systems name them.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Selenium's driver of the Chromium that is installed: nothing is ever downloaded."""
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason="selenium is not installed: pip install --group browser"
    )
    from selenium.webdriver.chrome.service import Service

    binary = next(filter(None, map(shutil.which, CHROMIUM)), None)
    driver_binary = shutil.which("chromedriver")
    if binary is None or driver_binary is None:
        pytest.skip(f"there is no {'Chromium' if binary is None else 'chromedriver'} on the path")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    # The sandbox does not work for root, as which containers run; the only page that is opened is our own.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--force-device-scale-factor=1"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(driver_binary))
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
        self._devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    def emulate(self, *, dark: bool = False, media: str = "screen") -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._devtools("Emulation.setEmulatedMedia", media=media, features=[scheme])

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
    """Ends with a look at the console."""
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
