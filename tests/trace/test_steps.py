"""Every step of an execution, one line each."""

from __future__ import annotations

import re
from threading import Lock

from pytest_interleave.trace import steps_text

from .telling import in_threads, quiet, told, told_of_finding

pytestmark = quiet


class Box:
    def __init__(self):
        self.value = 0
        self.lock = Lock()


def increments():
    box = Box()

    def work():
        value = box.value
        with box.lock:
            box.value = value + 1

    in_threads(left=work, right=work)
    assert box.value == 2


def lines_of(found):
    return list(steps_text(found.outcome.log, found.recorded.switched, found.recorder))


def test_each_step_is_a_line_with_its_number():
    found = told(increments)
    lines = lines_of(found)
    assert len(lines) == len(found.outcome.log) > 10
    assert [int(line[1:].split()[0]) for line in lines] == list(range(1, len(lines) + 1))
    assert not any("\n" in line for line in lines)


def test_thread_what_value_place_and_source():
    (line,) = (line for line in lines_of(told(increments)) if "left" in line and "write" in line)
    assert re.fullmatch(
        r"   ?\d+  left   write Box\.value 0 -> 1  \S*test_steps\.py:\d+  box\.value = value \+ 1", line
    )


def test_switches_are_marked():
    found = told_of_finding(increments)
    marked = [number for number, line in enumerate(lines_of(found)) if line.startswith(">")]
    assert marked == sorted(found.recorded.switched)
    assert len(marked) == 1
    assert not any(line.startswith(">") for line in steps_text(found.outcome.log))


def test_primitives_and_threads_are_named():
    lines = lines_of(told(increments))
    assert any(re.search(r"left   acquire Lock \(created at \S*test_steps\.py:\d+\)  ", line) for line in lines)
    assert any("main   start thread left  " in line for line in lines)


def test_without_a_recorder_there_are_no_values():
    assert not any("->" in line for line in steps_text(told(increments).outcome.log))


def test_nothing_is_nothing():
    assert list(steps_text([])) == []


def test_reads_of_pytest_for_its_message_are_no_steps():
    box, items = Box(), [1, 2]

    def body():
        in_threads(left=lambda: None)
        assert len(items) + box.value == 1 and not items, "what is said"  # noqa: PT018

    def failing():
        in_threads(left=lambda: None)
        assert items == [box.value]

    def calls():
        in_threads(left=lambda: None)
        assert items.append(3) == 3

    for test, shown in (
        (body, ["read items", "read Box.value"]),
        (failing, ["read Box.value", "read items"]),
        (calls, ["read append", "read items"]),
    ):
        lines = [line for line in lines_of(told_of_finding(test)) if "assert " in line]
        assert [what for line in lines for what in dict.fromkeys(shown) if what in line] == shown
        assert len(lines) == len(shown), lines
