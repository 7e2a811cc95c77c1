"""The progress of a long exploration is shown on a terminal only; findings are in color there."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")

SOURCE = """
@pytest.mark.concurrency(schedules=30, seconds=None, strategy="random")
def test_long(counter, run_concurrent):
    run_concurrent(counter.increment)

@pytest.mark.concurrency(seconds=None)
def test_racy(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2
"""
#: From the first schedule on, not after a second.
AT_ONCE = """
from pytest_interleave.plugin.running import _progress_line
_progress_line.FIRST = _progress_line.EVERY = 0
"""


@pytest.fixture
def on_a_terminal(run, pytester, monkeypatch):
    """Runs pytest on a terminal of its own; what it wrote there."""

    def on_a_terminal(*options: str, fewest: int = 24) -> str:
        pytester.makeconftest(f"{AT_ONCE}_progress_line.FEWEST = {fewest}\n")
        run(SOURCE, "--collect-only")
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("PY_COLORS")
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        ours, theirs = pty.openpty()
        words = [sys.executable, "-m", "pytest", "-p", "pytest_interleave.plugin", "--interleave-seed=1", *options]
        process = subprocess.Popen(words, cwd=pytester.path, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError:
                # The other end is closed.
                break
            if not piece:
                break
            written += piece
        os.close(ours)
        assert process.wait() == pytest.ExitCode.TESTS_FAILED
        return written.decode("utf-8").replace("\r\n", "\n")

    return on_a_terminal


def test_schedules_and_rate_stand_behind_the_line_of_pytest(on_a_terminal):
    written = on_a_terminal()
    told = re.findall(r"\x1b7  (\d+) of (\d+) schedules, [\d,]+/s\x1b\[K\x1b8", written)
    assert [int(done) for done, of in told if of == "30"] == list(range(1, 31))
    # Cleared in the end, before the dot is written.
    assert re.search(r"\x1b7\x1b\[K\x1b8\x1b\[32m\.", written)


@pytest.mark.parametrize("options", [("-q",), ("--color=no",)], ids=" ".join)
def test_not_if_it_is_turned_off(on_a_terminal, options):
    assert " schedules, " not in on_a_terminal(*options).partition("FAILURES")[0]


def test_not_where_there_is_no_room(on_a_terminal):
    assert "/s\x1b" not in on_a_terminal(fewest=200)


def test_output_that_is_no_terminal_has_none_of_it(run, pytester):
    pytester.makeconftest(AT_ONCE)
    done = run(SOURCE)
    done.result.assert_outcomes(passed=1, failed=1)
    assert "\x1b" not in done.text
    assert "/s" not in done.text


def test_a_finding_is_in_colors_on_a_terminal_and_plain_in_files(on_a_terminal, pytester):
    written = on_a_terminal("--junitxml=junit.xml")
    assert re.search(r"\x1b\[31m\x1b\[1mLost update on Counter.value\x1b", written)
    assert re.search(r"\n\x1b\[33m\x1b\[1m> .* test_it\.py:\d+ .*\x1b\[0m\n", written)
    assert "\x1b" not in (pytester.path / "junit.xml").read_text("utf-8")


def test_without_colors_it_is_plain(on_a_terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    written = on_a_terminal()
    assert re.search(r"\nLost update on Counter.value\n", written)
    assert "\x1b[" not in written
