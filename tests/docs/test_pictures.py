"""The pictures of the HTML report, for the documentation and the README."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from .pages import PAGES, ROOT

IMAGES = ROOT / "docs" / "images"
#: A page refers to a picture that the build takes, the README to the committed one.
REFERENCES = re.compile(r"(?:_generated|docs/images)/(\w+-(?:light|dark)\.png)")


def committed() -> list[str]:
    return sorted(path.name for path in IMAGES.iterdir())


def test_each_picture_is_shown() -> None:
    assert sorted({name for page in PAGES for name in REFERENCES.findall(page.read_text("utf-8"))}) == committed()


def test_each_picture_that_is_shown_is_described() -> None:
    for page in PAGES:
        text = page.read_text("utf-8")
        described = re.findall(r"```\{image\} \S+\.png\n:alt: \S.*\n|!\[\w[^\]]+\]\(\S+\.png\)", text)
        assert len(described) == len(REFERENCES.findall(text)), page


@pytest.mark.parametrize("name", committed())
def test_a_picture_is_small_and_sharp(name: str) -> None:
    picture = (IMAGES / name).read_bytes()
    assert len(picture) < 150_000
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    assert (width, height > 1000) == (1920, True)


def test_without_a_browser_the_build_shows_the_committed_pictures(tmp_path: Path) -> None:
    program = "\n".join(
        (
            "import os, sys",
            "from pathlib import Path",
            "os.environ['PATH'] = ''",
            "sys.path.insert(0, 'docs')",
            "import pictures",
            "print(pictures.provide(Path(sys.argv[1])))",
        )
    )
    command = [sys.executable, "-c", program, str(tmp_path / "new")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("pictures are those of docs/images: ")
    copied = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert copied == {name: (IMAGES / name).read_bytes() for name in committed()}
