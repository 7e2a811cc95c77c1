"""The table shows in few lines, and in columns, what a timeline has."""

from __future__ import annotations

import re

import pytest

from pytest_interleave.explore import RandomWalk
from pytest_interleave.trace import Event, Timeline, interleaving_table
from pytest_interleave.trace._table import GAVE_WAY_LEGEND, LEGEND, MAX_LINES

from .telling import in_threads, quiet, told, told_of_finding
from .timelines import crowd, deadlock, locked, lost_update

pytestmark = quiet


def event(step, thread, kind="read", place="here.py:1", source="x = y", value="", what="Box.value", **more):
    return Event(step, thread, kind, what, place, "work", source, value, **more)


def timeline(*events, threads=("main", "left", "right"), told=()):
    return Timeline(threads, events, (), (), len(events), "", told)


def rows(*events, width=120, **more):
    return interleaving_table(timeline(*events, **more), width).splitlines()


LOST_UPDATE = """\
                   main                  worker-0              worker-1
---------------------------------------------------------------------------------------------------
  test_bank.py:19  start ×2: run_concurrent(account.deposit, 50, workers=2)
  bank.py:15                             read 100: balance = self.balance
> bank.py:15                                                   read 100: balance = self.balance
  bank.py:16                                                   write 100 -> 150: self.balance = bal…
  bank.py:16                             write 150 -> 150: self.balance = balance + amount
  test_bank.py:19  join ×2: run_concurrent(account.deposit, 50, workers=2)
  test_bank.py:20  read 150: assert account.balance == 200
> the schedule switches here: the thread before could have gone on"""


def test_a_lost_update():
    assert interleaving_table(lost_update(), 100) == LOST_UPDATE


def test_successive_steps_at_one_line_are_one_row():
    (row,) = rows(event(1, 1), event(2, 1, "write", value="0 -> 1"), event(3, 1), event(4, 1))[2:]
    assert row.endswith("read ×3, write 0 -> 1: x = y")


@pytest.mark.parametrize(
    "other",
    [
        event(2, 2),
        event(2, 1, place="here.py:2"),
        event(2, 1, source="y = x"),
        event(2, 1, switch=True),
        event(2, 1, waits=True),
    ],
    ids=["thread", "line", "source", "switch", "waits"],
)
def test_others_are_rows_of_their_own(other):
    shown = rows(event(1, 1), other)[2:]
    assert len([row for row in shown if "x" in row and row != LEGEND]) == 2


def test_each_thread_has_its_column_and_those_without_steps_have_none():
    shown = rows(event(1, 1), event(2, 3), event(3, 1), threads=("main", "left", "nobody", "right"))
    assert shown[0].split() == ["left", "right"]
    columns = [row.index("read") for row in shown[2:]]
    assert columns == [shown[0].index("left"), shown[0].index("right"), shown[0].index("left")]
    assert set(shown[1]) == {"-"}


def test_what_a_switch_is_is_said_once_and_only_where_there_is_one():
    without = rows(event(1, 1), event(2, 2))
    assert LEGEND not in without
    assert all(row.startswith("  ") for row in without[2:])
    several = rows(event(1, 1), event(2, 2, switch=True), event(3, 1, switch=True))
    assert several.count(LEGEND) == 1
    assert several[-1] == LEGEND
    assert [row[0] for row in several[2:-1]] == [" ", ">", ">"]


def test_where_the_scheduler_switched_by_itself_there_is_another_mark():
    shown = rows(event(1, 1), event(2, 2, gave_way=True), event(3, 1, switch=True))
    assert [row[0] for row in shown[2:-2]] == [" ", "~", ">"]
    assert shown[-2:] == [LEGEND, GAVE_WAY_LEGEND]
    assert rows(event(1, 1), event(2, 2, gave_way=True))[-1] == GAVE_WAY_LEGEND


def test_what_threads_repeat_has_a_heading():
    loop = {"repeats": "repeats lines 1-2, 40 times"}
    shown = rows(
        event(1, 1), event(5, 1, **loop), event(6, 1, place="here.py:2", **loop), event(7, 2, **loop), width=120
    )
    assert [row.split() for row in shown[2:]] == [
        ["here.py:1", "read:", "x", "=", "y"],
        ["repeats", "lines", "1-2,", "40", "times:"],
        ["here.py:1", "read:", "x", "=", "y"],
        ["here.py:2", "read:", "x", "=", "y"],
        ["repeats", "lines", "1-2,", "40", "times:"],
        ["here.py:1", "read:", "x", "=", "y"],
    ]
    assert shown[3].index("repeats") == shown[4].index("read") < shown[6].index("repeats")


def test_each_thread_that_repeats_something_has_its_heading_however_long_the_loops_are():
    loop = [event(step, 1 + step // 40, place=f"here.py:{step}", repeats=f"repeats {step // 40}") for step in range(80)]
    shown = rows(*loop)
    assert len(shown) <= MAX_LINES
    assert [row.split() for row in shown if "repeats" in row] == [["repeats", "0:"], ["repeats", "1:"]]
    left_out = [int(found[1]) for row in shown if (found := re.fullmatch(r"  … (\d+) steps?", row))]
    assert sum(left_out) + sum("here.py" in row for row in shown) == 80


def test_what_threads_wait_for():
    shown = interleaving_table(deadlock(), 120).splitlines()
    assert [row.partition("waits to ")[2].partition(":")[0] for row in shown if "waits to" in row] == [
        "acquire", "acquire", "join",
    ]  # fmt: skip
    assert rows(event(1, 1, "woken", waits=True))[2].endswith("waits to be woken: x = y")


def test_locks_that_one_line_has_made_are_told_apart():
    assert rows(event(1, 1, "acquire", what="Lock #2 (made at here.py:9)"))[2].endswith("acquire Lock #2: x = y")
    assert rows(event(1, 1, "acquire", what="Lock (made at here.py:9)"))[2].endswith("acquire: x = y")


def test_without_source_the_thing_is_named():
    assert rows(event(1, 1, source="", value="5"))[2].endswith("read Box.value 5")


def test_long_places_lose_their_directories():
    shown = rows(event(1, 1, place="a/very/deep/directory/of/the/project/here.py:1"))
    assert shown[2].split()[0] == "here.py:1"
    shown = rows(event(1, 1, place=f"{'x' * 60}/{'y' * 60}.py:77"))
    assert re.fullmatch(r"…y+\.py:77", shown[2].split()[0])
    assert len(shown[2].split()[0]) == 30


@pytest.mark.parametrize("made", [lost_update, deadlock, locked, crowd], ids=lambda made: made.__name__)
@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_no_line_is_wider_and_there_are_not_too_many(made, width):
    shown = interleaving_table(made(), width).splitlines()
    assert len(shown) <= MAX_LINES
    assert max(map(len, shown)) <= width
    assert all(line == line.rstrip() for line in shown)


def test_the_end_of_a_name_is_what_tells_it_from_the_others():
    names = tuple(f"a thread with a long name {number}" for number in range(8))
    shown = rows(*(event(number, number) for number in range(8)), threads=names, width=120)
    assert re.fullmatch(r" +(…\w* ?name \d )+a thread with a long name 7", shown[0])


def test_nothing_shared_is_said():
    assert interleaving_table(timeline(), 80) == "(no operation that threads share)"


# -- what is left out --


def many(number, **at):
    """So many rows; `at` has what is special about some of them, by "step_N"."""
    return [
        event(step, 1 + step % 2, place=f"here.py:{step}", **at.get(f"step_{step}", {}))
        for step in range(1, number + 1)
    ]


def places(shown):
    return [int(found[1]) for row in shown if (found := re.search(r"here\.py:(\d+)", row))]


def test_where_all_fits_nothing_is_left_out():
    shown = rows(*many(MAX_LINES - 2))
    assert len(shown) == MAX_LINES
    assert "…" not in "".join(shown)


def test_the_end_is_shown_and_what_is_left_out_is_counted():
    shown = rows(*many(60))
    assert len(shown) == MAX_LINES
    assert places(shown) == list(range(39, 61))
    assert shown[2] == "  … 38 steps"


def test_what_is_near_switches_is_shown():
    shown = rows(*many(200, step_50={"switch": True}, step_120={"switch": True}))
    assert len(shown) <= MAX_LINES
    kept = places(shown)
    for near in (49, 50, 51, 119, 120, 121, 199, 200):
        assert near in kept, near
    left_out = [int(found[1]) for row in shown if (found := re.fullmatch(r"  … (\d+) steps?", row))]
    assert sum(left_out) + len(kept) == 200


def test_what_is_told_is_shown():
    kept = places(rows(*many(200), told=(7, 90)))
    assert {7, 90, 200} <= set(kept)


def test_what_threads_wait_for_is_shown():
    kept = places(rows(*many(200, step_100={"waits": True})))
    assert {100, 200} <= set(kept)


@pytest.mark.parametrize("most", [6, 8, 12])
def test_more_switches_than_lines(most):
    several = many(100, **{f"step_{step}": {"switch": True} for step in range(2, 100, 2)})
    shown = interleaving_table(timeline(*several), 120, most).splitlines()
    assert len(shown) <= most
    assert places(shown)


# -- of real executions --


class Shared:
    def __init__(self):
        self.value = 0

    def add_many(self):
        for _ in range(30):
            value = self.value
            self.value = value + 1


def test_of_a_long_execution():
    def body():
        shared = Shared()
        in_threads(left=shared.add_many, right=shared.add_many)
        assert shared.value == 60

    found = told_of_finding(body)
    shown = interleaving_table(found.timeline, 120).splitlines()
    assert len(shown) <= MAX_LINES
    assert len([row for row in shown[:-1] if row.startswith(">")]) == 1
    assert "assert shared.value == 60" in shown[-2]
    # All that the story is about.
    for step in found.timeline.reported:
        (about,) = (event for event in found.timeline.events if event.step == step)
        assert any(f"{about.kind} {about.value}" in row for row in shown)


def test_a_random_walk_with_many_switches_fits_as_well():
    def body():
        shared = Shared()
        in_threads(left=shared.add_many, right=shared.add_many, third=shared.add_many)

    found = told(body, RandomWalk(1))
    assert len(found.recorded.switched) > 40
    assert len(interleaving_table(found.timeline, 100).splitlines()) <= MAX_LINES


def test_switches_without_number_take_no_time_and_leave_room_for_what_is_told():
    """With work for each pair of switches it would take hours."""
    events = [event(step, 1 + step % 2, place=f"here.py:{step}", switch=True) for step in range(1, 50_001)]
    shown = interleaving_table(timeline(*events, told=(25_000, 30_000)), 120).splitlines()
    assert len(shown) <= MAX_LINES
    assert {25_000, 30_000, 50_000} < set(places(shown))
