"""What pytest prints for the examples of a page, and the blocks that show it.

A block of the language `text` may have this comment in the line before it:

    <!-- output: test_name.py -->   the block is a part of what pytest prints for the last test block before it, in a
                                    file of that name, with the files that the page gives up to here
    <!-- output: examples/some/test_name.py::test_it -->
                                    the block is a part of what pytest prints for that test, in that folder; without
                                    `::test_it`, for that file
    <!-- output: test_name.py --some-option -->
                                    so it is, if pytest has these options

A line `...` in the block stands for lines that are left out. What depends on the machine, such as times and rates, is
not compared. To write such blocks again after a change of reports:

    python -m tests.docs.output docs/cookbook/lost_update.md …
"""

from __future__ import annotations

import os
import re
import shlex
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
#: there are spaces behind a short one. The threads of a stress run share errors as it happens.
_VARIES = re.compile(
    r" at 0x[0-9a-f]+|(?<=--interleave-replay=)\S+|\b\d{9,}(?:\.\d*)?…? *|\b[0-9.]+ (?:s|ms|µs|ns)\b"
    r"|\b[0-9.]+x(?= \(| to| in)|\b\d+ cores?\b|(?<= )\(\d+ threads?\)"
)
#: What may be different on another system, or version of Python, than the one that has written the pages.
_ESTIMATE = re.compile(
    r"(?<=sampled: )\d+ of at least ~\d+ interleavings \(next new: \d+ %\)|(?<=\(schedule )\d+(?= of up to)"
)
#: The Python whose output the pages show, and the system whose estimates they have.
WRITES_PAGES = sys.version_info[:2] == (3, 13) and "t" not in getattr(sys, "abiflags", "")
_HAS_ESTIMATES = WRITES_PAGES and sys.platform == "linux"
#: A row of the table of stress runs, and its head: rate, latencies and fairness depend on the machine.
_STRESS_ROW = re.compile(
    r"(?P<row>[! ] \S+ +[\d,]+ +[\d,]+ +[\d.]+) +[\d.,]+[kM]?"
    r"(?: +[\d.,]+ (?:s|ms|µs|ns)){3} +[\d.]+ +(?P<errors>[\d,]+)"
)
_STRESS_HEAD = ["test", "thr", "ops", "ok", "%", "ops/s", "p50", "p99", "max", "fair", "errors"]
#: Where a library is installed.
_INSTALLED = re.compile(r"^\S*[/\\](?:site|dist)-packages[/\\](\S+)")
#: The folder of a file that is still open.
_OPEN = re.compile(r"(?<=still open after the test \()/\S+/(?=[^/\s]+ ×)")

_WARNING = "InterleaveWarning: "
_OUTPUT = re.compile(r"^(<!-- output: [^\n]+ -->\n```text\n).*?^```$", re.DOTALL | re.MULTILINE)


class Shown(NamedTuple):
    """A block that shows output, and the test file that prints it."""

    block: Block
    #: Its text. None: the file is one of the examples.
    test: str | None
    file: str
    #: What pytest is called with, besides `OPTIONS`.
    options: tuple[str, ...] = ()

    def prepare(self, folder: Path) -> str:
        """Write the files that it needs, and return the name of what is to run."""
        if self.test is None:
            path, _, name = self.file.partition("::")
            ignored = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree((ROOT / path).parent, folder, ignore=ignored, dirs_exist_ok=True)
            return f"{Path(path).name}::{name}" if name else Path(path).name
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
            file, *options = shlex.split(block.comment.removeprefix("output: "))
            yield Shown(block, None if "/" in file else tests[block.page], file, tuple(options))


def missing(text: str, printed: str, *, estimates: bool = _HAS_ESTIMATES) -> list[str]:
    """Return the first lines of the text that were not printed one after the other, in the order of the text.

    With `estimates`, these are compared as well.
    """
    lines = [_stable(line, estimates) for line in printed.splitlines()]
    at = 0
    for part in re.split(r"^\.\.\.\n", text, flags=re.MULTILINE):
        expected = [_stable(line, estimates) for line in part.splitlines()]
        while expected and lines[at : at + len(expected)] != expected:
            if at == len(lines):
                return expected
            at += 1
        at += len(expected)
    return []


def _stable(line: str, estimates: bool) -> str:
    if (row := _STRESS_ROW.fullmatch(line)) is not None:
        line = f"{row['row']} … {row['errors']}"
    if row is not None or line.split() == _STRESS_HEAD:
        # Columns are as wide as their figures.
        return " ".join(line.split())
    stable = _VARIES.sub("…", _portable(line.rstrip()))
    return stable if estimates else _ESTIMATE.sub("…", stable)


def _portable(line: str) -> str:
    """The line without the folder in which a library is installed, or in which the test runs."""
    return _OPEN.sub("/tmp/shop/", _INSTALLED.sub(lambda found: found[1].replace("\\", "/"), line))


def excerpt(printed: str, before: str = "") -> str:
    """Return what a page shows of a run: an error with its report; the lines of tests that pass; or the summary.

    `before` is what it has shown before.
    """
    lines = printed.splitlines()
    if before.startswith("Replay "):
        at = next(at for at, line in enumerate(lines) if line.startswith("Replay "))
        return "\n".join((*lines[at : at + 2], ""))
    if before.startswith("suite with "):
        start = next(at for at, line in enumerate(lines) if line.startswith("suite with "))
        end = next(at for at in range(start, len(lines)) if lines[at].startswith("==="))
        return "\n".join(lines[start:end]) + "\n"
    if before.startswith("...\n") and _WARNING in before:
        at = next(at for at, line in enumerate(lines) if _WARNING in line)
        return "\n".join(("...", *map(_portable, lines[at : at + before.count("\n") - 2]), "...", ""))
    if before.startswith(("PASSED ", "FAILED ")):
        of_tests = re.compile("(PASSED|FAILED) [^ ]+  ")
        return "".join(f"{line}\n" for line in lines if of_tests.match(line))
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
        options = ("-p", "pytest_interleave.plugin", *OPTIONS, *example.options)
        command = [sys.executable, "-m", "pytest", *options, name]
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
