"""Starts the Chromium that is installed. Nothing is ever downloaded."""

from __future__ import annotations

import shutil
from typing import Any

#: As different systems name them.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowser(Exception):
    """There is none; the message says what is missing."""


def start() -> Any:
    """Return Selenium's driver of a Chromium without a window."""
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        raise NoBrowser("selenium is not installed: pip install --group browser") from None
    binary = next(filter(None, map(shutil.which, NAMES)), None)
    driver_binary = shutil.which("chromedriver")
    if binary is None or driver_binary is None:
        raise NoBrowser(f"there is no {'Chromium' if binary is None else 'chromedriver'} on the path")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    # The sandbox does not work for root, as which containers run; the only pages that are opened are our own.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--force-device-scale-factor=1"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver_binary))


def resize(driver: Any, width: int, height: int = 900, scale: float = 1) -> None:
    """Set the size of the window, in CSS pixels; `scale` is the number of pixels for one of them."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def emulate(driver: Any, *, dark: bool = False, media: str = "screen") -> None:
    """Set what the system prefers, and the medium."""
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": [scheme]})
