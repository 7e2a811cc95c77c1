"""Takes pictures of the HTML report: of the examples in the documentation, in a browser.

The build of the documentation calls `take_all` if there is a browser. If there is none, it takes the pictures in
`docs/images`, which the README shows, too. To take those again, in an environment with the dependency groups `docs` and
`browser`:

    python docs/pictures.py
"""

from __future__ import annotations

import base64
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))

from tests.browser.chromium import NoBrowser, emulate, resize, start  # noqa: E402
from tests.docs.output import OPTIONS, shown  # noqa: E402

if TYPE_CHECKING:
    from sphinx.application import Sphinx

IMAGES = DOCS / "images"
#: CSS pixels.
WIDTH = 1280
#: Pixels of the picture for each of them: the pages show it smaller.
SCALE = 1.5
#: Below the report, in CSS pixels.
_MARGIN = 20


class Example(NamedTuple):
    """What a picture shows."""

    #: Writes files to a folder, and returns the name of the test that is run there.
    prepare: Callable[[Path], str]
    #: The step that is selected, counted from 1.
    step: int


def _shown(page: str, test: str) -> Callable[[Path], str]:
    """The first example of a page that also shows its output."""

    def prepare(folder: Path) -> str:
        file = test.partition("::")[0]
        next(each for each in shown() if each.block.page == page and each.file == file).prepare(folder)
        return test

    return prepare


def _quickstart(folder: Path) -> str:
    for path in (ROOT / "examples" / "quickstart").glob("*.py"):
        shutil.copy(path, folder)
    return "test_bank.py::test_transfer"


EXAMPLES = {
    "report": Example(_shown("README.md", "test_bank.py::test_deposit"), step=6),
    "check_then_act": Example(_shown("docs/read_a_report.md", "test_gift_card.py"), step=11),
    "deadlock": Example(_quickstart, step=5),
}
NAMES = tuple(f"{name}-{theme}.png" for name in EXAMPLES for theme in ("light", "dark"))


def take_all(directory: Path, driver: Any) -> None:
    """Write the pictures of all examples."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, example in EXAMPLES.items():
        with tempfile.TemporaryDirectory() as folder:
            page = _page(Path(folder), example)
            for theme in ("light", "dark"):
                taken = _picture(driver, page, example.step, dark=theme == "dark")
                directory.joinpath(f"{name}-{theme}.png").write_bytes(_small(taken))


def _page(folder: Path, example: Example) -> Path:
    """Run the example, and return its HTML report."""
    test = example.prepare(folder)
    page = folder / "interleave.html"
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    options = ("-p", "pytest_interleave.plugin", *OPTIONS, f"--interleave-html={page}")
    command = [sys.executable, "-m", "pytest", *options, test]
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=False)
    return page


def _picture(driver: Any, page: Path, step: int, *, dark: bool) -> bytes:
    """The whole page, with one step selected."""
    driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    # In a window that is high enough nothing scrolls.
    resize(driver, WIDTH, 4000, SCALE)
    emulate(driver, dark=dark)
    driver.get(page.as_uri())
    driver.find_elements("css selector", ".step")[step - 1].click()
    # The step that was selected before fades.
    driver.execute_script("document.getAnimations().forEach((each) => each.finish())")
    bottom = driver.execute_script("return Math.ceil(document.querySelector('main').getBoundingClientRect().bottom)")
    height = bottom + _MARGIN
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1}
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "clip": clip})
    return base64.b64decode(taken["data"])


def _small(picture: bytes) -> bytes:
    """The picture with fewer colors, which is not visible, in a third of the bytes."""
    from PIL import Image

    with io.BytesIO() as written:
        image = Image.open(io.BytesIO(picture)).convert("RGB")
        image.quantize(128, dither=Image.Dither.NONE).save(written, "PNG", optimize=True)
        return written.getvalue()


def provide(directory: Path) -> str:
    """Write the pictures that the pages show, and return where they are from."""
    try:
        driver = start()
    except Exception as error:
        directory.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            shutil.copy(IMAGES / name, directory)
        reason = str(error) if isinstance(error, NoBrowser) else f"the browser did not start ({type(error).__name__})"
        return f"pictures are those of docs/images: {reason}"
    try:
        take_all(directory, driver)
    finally:
        driver.quit()
    return f"took {len(NAMES)} pictures"


def setup(app: Sphinx) -> dict[str, bool]:
    """Let Sphinx provide the pictures before it reads the pages."""
    from sphinx.util import logging

    def prepare(app: Sphinx) -> None:
        logging.getLogger(__name__).info(provide(Path(app.srcdir) / "_generated"))

    app.connect("builder-inited", prepare)
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    browser = start()
    try:
        take_all(IMAGES, browser)
    finally:
        browser.quit()
