"""Every step of a token's execution, by --interleave-trace."""

from __future__ import annotations

import re

import pytest

from tests.thorough import thorough

from .conftest import XDIST, token_in
from .sources import LOST_UPDATE

MARK = "@pytest.mark.concurrency(seconds=None)"
OTHER = "\n@pytest.mark.concurrency\ndef test_other(run_concurrent):\n    run_concurrent(int)\n"


@pytest.fixture
def token(token_of):
    return token_of(MARK + LOST_UPDATE)


def steps(text):
    """The printed steps, without addresses."""
    lines = re.sub(r"0x[0-9a-f]+", "", text).splitlines()
    begin = next(number for number, line in enumerate(lines) if line.endswith("every step of the schedule"))
    shown = lines[begin + 1 :]
    end = next(number for number, line in enumerate(shown) if not line or line[0] in "=F" or "%]" in line)
    return shown[:end]


@thorough
def test_every_step_is_printed(run, token):
    done = run(MARK + LOST_UPDATE + OTHER, f"--interleave-trace={token}", seed=7)
    done.result.assert_outcomes(failed=1, deselected=1)
    assert len(done.lines("test_it.py::test_it: every step of the schedule")) == 1
    shown = steps(done.text)
    for wanted in (
        "main*start*run_concurrent(counter.increment)*",
        "worker-0*read*value = self.value*",
        "worker-1*write*self.value = value + 1*",
        "worker-0*write*self.value = value + 1*",
    ):
        pytest.LineMatcher(shown).fnmatch_lines([f"*{wanted}"])
    # The finding is reported as in a replay.
    done.result.stdout.fnmatch_lines(["Replayed from token (1 preemption)."])
    again = run(None, f"--interleave-trace={token}", "-q", verbose=False)
    assert steps(again.text) == shown
    replayed = run(None, f"--interleave-replay={token}")
    assert "every step" not in replayed.text
    both = run(None, f"--interleave-replay={token}", f"--interleave-trace={token}")
    assert steps(both.text) == shown


def test_steps_of_an_execution_without_a_finding(run, token):
    done = run(MARK + LOST_UPDATE.replace("== 2", ">= 1"), f"--interleave-trace={token}")
    done.result.assert_outcomes(passed=1)
    assert any("worker-1" in line for line in steps(done.text))
    done.result.stdout.fnmatch_lines(
        [
            "PASSED *::test_it  replayed: this schedule passes; run the test without the token to check the others "
            "(1 schedule, * s)"
        ]
    )


@thorough
def test_under_xdist_they_are_printed_once(run, token):
    source = MARK + LOST_UPDATE
    shown = steps(run(source, f"--interleave-trace={token}").text)
    done = run(source, *XDIST, f"--interleave-trace={token}")
    done.result.assert_outcomes(failed=1)
    assert len(done.lines("test_it.py::test_it: every step of the schedule")) == 1
    assert steps(done.text) == shown


def test_what_is_no_token(run, token):
    source = MARK + LOST_UPDATE
    for option in ("--interleave-trace=", "--interleave-trace=AAAA"):
        assert run(source, option).one_line_error().startswith("--interleave-trace: ")
    said = run(source, f"--interleave-trace={token}", "--interleave-replay=AAAA").one_line_error()
    assert said == "--interleave-replay and --interleave-trace have different tokens: give only one"
    said = run(OTHER, f"--interleave-trace={token}").one_line_error()
    assert said.startswith("--interleave-trace: token belongs to another test than ")


def test_what_cannot_be_printed_is(run):
    source = """
class Text(str):
    def __repr__(self):
        raise ValueError

@pytest.mark.concurrency(seconds=None)
def test_it(counter, run_concurrent):
    counter.value = Text("\\ud800 \\x1b[31m é")
    def work():
        counter.value = counter.value + "\\ud801"
    run_concurrent(work)
    assert len(counter.value) == 11
"""
    token = token_in(run(source).text)
    done = run(source, f"--interleave-trace={token}")
    done.result.assert_outcomes(failed=1)
    assert "INTERNALERROR" not in done.text
    assert "\x1b" not in "".join(steps(done.text))


DIES = """
import threading

def both(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

def length(view):
    try:
        return len(view)
    except ValueError:
        return None

@pytest.mark.parametrize("time", range(4))
@pytest.mark.concurrency(strategy="exhaustive")
def test_view(time):
    view = memoryview(bytearray(3))
    found = []
    thread = threading.Thread(target=view.release)
    thread.start()
    found.append(length(view))
    thread.join()
    assert found == [3]

@pytest.mark.parametrize("time", range(4))
@pytest.mark.concurrency(strategy="exhaustive")
def test_rows(time):
    rows = [[1], [2]]
    found = []
    both(rows.clear, lambda: found.append(str(rows)))
    assert found == ["[[1], [2]]"]
"""


def test_freed_objects_are_not_read(run, monkeypatch):
    """A thread was about to read it when another one ran: its address may be anything's by then."""
    # Then what is freed is overwritten.
    monkeypatch.setenv("PYTHONMALLOC", "debug")
    done = run(DIES)
    done.result.assert_outcomes(failed=8)
    assert done.result.ret == 1
