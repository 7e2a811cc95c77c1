"""Runs pytest as a user would, in a process of its own: the plugin replaces names in `threading` for all of it."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, NamedTuple, cast

import pytest

from pytest_interleave.plugin._checking import check_marker
from pytest_interleave.plugin.settings._options import options_of, read_options
from pytest_interleave.plugin.settings._stress_settings import check_stress

from .fork_server import HAS_FORK, ForkedRun, end_server

PRELUDE = """
import os
import threading
import time
import unittest

import pytest


class Counter:
    def __init__(self):
        self.value = 0

    def increment(self):
        value = self.value
        self.value = value + 1


@pytest.fixture
def counter():
    return Counter()
"""


class Run(NamedTuple):
    """A pytest run that is over."""

    result: pytest.RunResult
    text: str

    @property
    def flat(self) -> str:
        """The text in one line, so that messages are found wherever pytest or the plugin has wrapped them."""
        return re.sub(r"\s*\n(?:E\s)?[\s|]*", " ", self.text)

    @property
    def command(self) -> list[str]:
        """The line that reproduces the last failure shown, split as a shell does."""
        return shlex.split(self.lines("pytest '")[-1])

    def lines(self, start: str) -> list[str]:
        """Lines that begin with `start`."""
        return [line for line in self.text.splitlines() if line.startswith(start)]

    def one_line_error(self) -> str:
        """The usage error that ended the run, of which there must be one and no traceback."""
        assert self.result.ret == pytest.ExitCode.USAGE_ERROR, self.text
        assert "Traceback" not in self.text
        assert "INTERNALERROR" not in self.text
        errors = self.lines("ERROR: ")
        assert len(errors) == 1, self.text
        return errors[0].removeprefix("ERROR: ")

    def refused(self) -> list[str]:
        """What is said of each test that a wrong marker has failed, without a traceback."""
        assert self.result.ret == pytest.ExitCode.TESTS_FAILED, self.text
        assert "Traceback" not in self.text
        assert "INTERNALERROR" not in self.text
        lines = [line for line in self.text.splitlines() if not line.startswith("[gw")]
        return [lines[number + 1] for number, line in enumerate(lines) if "_ ERROR at setup of " in line]

    def refused_alone(self) -> str:
        """That of the only one."""
        (said,) = self.refused()
        return said


@pytest.fixture
def run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, forget_bytecode: Callable[[], None]
) -> Callable[..., Run]:
    """`run(source, *options)`: writes test_it.py, with counters and imports in front, and runs pytest on it.

    With `plugins`, all plugins that are installed are loaded, as they are for users. A `fresh` process has imported
    nothing before.
    """
    for name in ("CI", "COLUMNS", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def run_pytest(
        source: str | None,
        *options: str,
        seed: int | None = 1,
        stdin: bytes = b"",
        plugins: bool = False,
        verbose: bool = True,
        timeout: float = 60,
        fresh: bool = False,
    ) -> Run:
        if source is not None:
            pytester.makepyfile(test_it=PRELUDE + source)
        seeds = () if seed is None else (f"--interleave-seed={seed}",)
        if plugins:
            monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False)
        else:
            # The other plugins of this environment take longer to import than most of these tests take.
            monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            options = ("-p", "pytest_interleave.plugin", *options)
        if verbose:
            options = ("-v", *options)
        forget_bytecode()
        words = [*pytester._getpytestargs(), f"--basetemp={pytester.path / 'basetemp'}", *seeds, *options]
        # What is replayed has to be found by a process that has nothing in common with the first one.
        fresh = fresh or source is None or any(option.startswith("--interleave-replay") for option in options)
        # That is read as an interpreter starts.
        fresh = fresh or "PYTHONHASHSEED" in os.environ
        with monkeypatch.context() as patched:
            if HAS_FORK and not (fresh or plugins):
                patched.setattr(pytester, "popen", functools.partial(_fork, pytester.path))
            result = pytester.run(*words, timeout=timeout, stdin=stdin)
        return Run(result, result.stdout.str() + "\n" + result.stderr.str())

    return run_pytest


def _fork(folder: Path, words: Sequence[str], *, stdin: bytes, stdout: IO[str], stderr: IO[str]) -> ForkedRun:
    """In the place of `pytester.popen`."""
    given = folder / "stdin"
    given.write_bytes(stdin)
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH", "")]))
    return ForkedRun(words[2:], os.environ | {"PYTHONPATH": path}, [str(given), stdout.name, stderr.name])


@pytest.fixture(scope="session", autouse=True)
def _fork_server() -> Iterator[None]:
    yield
    end_server()


@pytest.fixture
def write(pytester: pytest.Pytester) -> Callable[..., None]:
    """`write(source, ...)`: writes test_0.py and so on, as `run` does; one run of pytest then does for all of them."""

    def write(*sources: str) -> None:
        pytester.makepyfile(**{f"test_{number}": PRELUDE + source for number, source in enumerate(sources)})

    return write


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`refused(option)`, `refused(interleave_name=value)`: what is said of an option or ini value that is wrong."""
    monkeypatch.chdir(tmp_path)

    def read(option: str = "", **ini: str) -> str:
        name, _, value = option.partition("=")
        config = SimpleNamespace(getoption={name: value}.get, getini=lambda name: ini.get(name, ""))
        with pytest.raises(pytest.UsageError) as raised:
            read_options(cast(pytest.Config, config))
        return str(raised.value)

    return read


@pytest.fixture
def report(pytester: pytest.Pytester) -> Callable[[], dict[str, Any]]:
    """The JSON report that a run with --interleave-json=report.json has written."""

    def read() -> dict[str, Any]:
        read_back: dict[str, Any] = json.loads((pytester.path / "report.json").read_text("utf-8"))
        return read_back

    return read


#: Two workers; not all plugins that are installed, which each process would import.
XDIST = ("-p", "xdist", "-n2")

_tokens: dict[str, str] = {}


@pytest.fixture
def token_of(run: Callable[..., Run]) -> Callable[[str], str]:
    """`token_of(source)`: that of its failure, which a process of its own has found; the same for all tests here."""

    def find(source: str) -> str:
        if source not in _tokens:
            _tokens[source] = token_in(run(source, "-p", "no:cacheprovider").text)
        return _tokens[source]

    return find


def token_in(text: str) -> str:
    """The token of the last failure shown."""
    return re.findall(r"--interleave-replay=(\S+)", text)[-1]


@pytest.fixture
def refused_test(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """`refused_test(source)`: what is said at collection of the last test in a module."""

    def check(source: str) -> str:
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.plugins.append("pytest_interleave.plugin")
        item = pytester.getitems(source)[-1]
        with pytest.raises(pytest.UsageError) as raised:
            check_marker(item, options_of(item.config))
            check_stress(item)
        said = str(raised.value)
        # pytest names the test.
        assert item.nodeid not in said
        assert "\n" not in said
        return said

    return check
