"""Child processes under control."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from pytest_interleave.control import Control
from pytest_interleave.control.steps import EXCHANGE
from pytest_interleave.control.system import ENDED, STARTED
from tests.driving import execute

COMMAND = [sys.executable, "-S", "-c", ""]
NAME = os.path.basename(sys.executable)


def used(body: Callable[[], object]) -> list[tuple[str, str, str]]:
    """What is recorded of processes. They take as long as they take: a thread may be set aside."""
    outcome = execute(body)
    assert outcome.exception is None, outcome.exception
    return [(use.thing.name, use.way, use.how) for use in outcome.uses if use.thing.kind == "process"]


def test_what_is_recorded() -> None:
    assert used(lambda: subprocess.run(COMMAND, check=True))[:1] == [(NAME, EXCHANGE, STARTED)]
    assert (NAME, EXCHANGE, ENDED) in used(lambda: subprocess.run(COMMAND, check=True))


def test_a_process_that_somebody_else_has_started() -> None:
    process = subprocess.Popen(COMMAND)
    found = used(lambda: (process.poll(), process.wait()))
    assert found in ([(NAME, EXCHANGE, "polled")], [(NAME, EXCHANGE, "polled"), (NAME, EXCHANGE, ENDED)])


def test_commands_by_the_shell_are_called_by_their_first_word() -> None:
    assert used(lambda: subprocess.call("echo 'a b' > /dev/null", shell=True))[0][0] == "echo"
    assert used(lambda: os.system("exit 0")) == [("exit", EXCHANGE, STARTED), ("exit", EXCHANGE, ENDED)]


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_processes_of_multiprocessing() -> None:
    def body() -> None:
        process = multiprocessing.get_context("fork").Process(target=int, name="child")
        process.start()
        process.join()
        assert process.exitcode == 0

    assert [(name, how) for name, _, how in used(body) if name == "child"] == [("child", STARTED), ("child", ENDED)]


def test_without_control_the_class_is_as_it_was() -> None:
    before = dict(vars(subprocess.Popen))
    with Control():
        assert vars(subprocess.Popen) != before
    assert dict(vars(subprocess.Popen)) == before
