"""Child processes under control."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys

import pytest

from pytest_interleave.control import Control
from pytest_interleave.control.system import ENDED, EXCHANGE, STARTED

from .conftest import used

COMMAND = [sys.executable, "-S", "-c", ""]
NAME = os.path.basename(sys.executable)


def test_what_is_recorded() -> None:
    assert used(lambda: subprocess.run(COMMAND, check=True))[:1] == [(NAME, EXCHANGE, STARTED)]
    assert used(lambda: subprocess.run(COMMAND, check=True))[-1] == (NAME, EXCHANGE, ENDED)


def test_a_process_that_somebody_else_has_started() -> None:
    process = subprocess.Popen(COMMAND)
    found = used(lambda: (process.poll(), process.wait()))
    assert found in ([(NAME, EXCHANGE, "polled")], [(NAME, EXCHANGE, "polled"), (NAME, EXCHANGE, ENDED)])


def test_commands_by_the_shell_are_called_by_their_first_word() -> None:
    assert used(lambda: subprocess.call("echo 'a b' > /dev/null", shell=True))[0][0] == "echo"
    assert used(lambda: os.system("exit 0")) == [("exit", EXCHANGE, STARTED)]


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
