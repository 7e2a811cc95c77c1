"""What pytest prints for the examples of a page, and the blocks that show it.

A block of the language `text` may have this comment in the line before it:

    <!-- output: test_name.py -->   the block is a part of what pytest prints for the last test block before it, in a
                                    file of that name, with the files that the page gives up to here
    <!-- output: examples/some/test_name.py::test_it -->
                                    the block is a part of what pytest prints for that test, in that folder

A line `...` in the block stands for lines that are left out. To write such blocks again after a change of reports:

    python -m tests.docs.output docs/cookbook/lost_update.md …
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .pages import ROOT, Block, blocks

#: A page shows what is printed on a machine that is not busy.
_WITH_TIME = ("--interleave-seconds=60", "--interleave-shrink-seconds=30")
OPTIONS = ("-v", "-p", "no:cacheprovider", "--interleave-seed=0", *_WITH_TIME)
#: What is different in each run, or on each version of Python. Long numbers are ids, or the time of day; in a table,
#: there are spaces behind a short one.
_VARIES = re.compile(
    r" at 0x[0-9a-f]+|(?<=--interleave-replay=)\S+|\b\d{9,}(?:\.\d*)?…? *|\b[0-9.]+ s\b"
    r"|(?<=sampled: )\d+ of at least ~\d+ interleavings \(next new: \d+ %\)"
)
#: Where a library is installed.
_INSTALLED = re.compile(r"^\S*[/\\](?:site|dist)-packages[/\\](\S+)")

_WARNING = "InterleaveWarning: "
_OUTPUT = re.compile(r"^(<!-- output: \S+ -->\n```text\n).*?^```$", re.DOTALL | re.MULTILINE)


class Shown(NamedTuple):
    """A block that shows output, and the test file that prints it."""

    block: Block
    #: Its text. None: the file is one of the examples.
    test: str | None
    file: str

    def prepare(self, folder: Path) -> str:
        """Write the files that it needs, and return the name of what is to run."""
        if self.test is None:
            path, _, name = self.file.partition("::")
            shutil.copy(ROOT / path, folder)
            shutil.copy((ROOT / path).parent / "pytest.ini", folder)
            return f"{Path(path).name}::{name}"
        for name, text in {**self.block.files, self.file: self.test, "pytest.ini": "[pytest]\n"}.items():
            folder.joinpath(name).write_text(text, encoding="utf-8")
        return self.file


def shown() -> Iterator[Shown]:
    """All blocks that show output."""
    tests: dict[str, str] = {}
    for block in blocks():
        if block.comment.startswith("test: "):
            tests[block.page] = block.text
        elif block.comment.startswith("output: "):
            file = block.comment.removeprefix("output: ")
            yield Shown(block, None if "/" in file else tests[block.page], file)


def missing(text: str, printed: str) -> list[str]:
    """Return the first lines of the text that were not printed one after the other, in the order of the text."""
    lines = [_stable(line) for line in printed.splitlines()]
    at = 0
    for part in re.split(r"^\.\.\.\n", text, flags=re.MULTILINE):
        expected = [_stable(line) for line in part.splitlines()]
        while expected and lines[at : at + len(expected)] != expected:
            if at == len(lines):
                return expected
            at += 1
        at += len(expected)
    return []


def _stable(line: str) -> str:
    return _VARIES.sub("…", _portable(line.rstrip()))


def _portable(line: str) -> str:
    """The line without the folder in which a library is installed."""
    return _INSTALLED.sub(lambda found: found[1].replace("\\", "/"), line)


def excerpt(printed: str, before: str = "") -> str:
    """Return what a page shows of a run: an error with its report; or the lines of tests that pass.

    `before` is what it has shown before.
    """
    lines = printed.splitlines()
    if before.startswith("...\n") and _WARNING in before:
        at = next(at for at, line in enumerate(lines) if _WARNING in line)
        return "\n".join(("...", *lines[at : at + before.count("\n") - 2], "...", ""))
    if before.startswith("PASSED "):
        return "".join(f"{line}\n" for line in lines if line.startswith("PASSED "))
    last = next((at for at, line in enumerate(lines) if "--interleave-replay=" in line), None)
    if last is None:
        start = next(at for at, line in enumerate(lines) if re.fullmatch("=+ interleave =+", line)) + 1
        end = next(at for at in range(start, len(lines)) if lines[at].startswith("==="))
        return "\n".join(lines[start:end]) + "\n"
    first = next(at for at, line in enumerate(lines) if line.startswith("E  "))
    return "\n".join(_portable(line.rstrip()) for line in lines[first : last + 1]) + "\n"


def _print(example: Shown) -> str:
    with tempfile.TemporaryDirectory() as folder:
        name = example.prepare(Path(folder))
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "80"}
        command = [sys.executable, "-m", "pytest", "-p", "pytest_interleave.plugin", *OPTIONS, name]
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        return done.stdout


def _updated(example: Shown) -> str:
    printed = _print(example)
    text = example.block.text
    return excerpt(printed, text) if missing(text, printed) else text


def write(page: str) -> None:
    """Write the blocks of a page again, with what is printed now, where they differ in more than what varies."""
    of_page = [example for example in shown() if example.block.page == page]
    printed = iter([_updated(example) for example in of_page])
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    path.write_text(_OUTPUT.sub(lambda found: f"{found[1]}{next(printed)}```", text), encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write(name)
