"""The table shows in few lines, and in columns, what a timeline has; the evidence has a line for each step."""

from __future__ import annotations

import dataclasses
import re

import pytest

from pytest_interleave.explore import RandomWalk
from pytest_interleave.trace import Event, Evidence, Timeline, evidence_lines, interleaving_table
from pytest_interleave.trace._table import GAVE_WAY_LEGEND, LEGEND, MAX_LINES

from .telling import in_threads, quiet, told, told_of_finding
from .timelines import crowd, deadlock, locked, lost_update

pytestmark = quiet


def event(step, thread, kind="read", place="here.py:1", source="x = y", value="", what="Box.value", **more):
    return Event(step, thread, kind, what, place, "work", source, value, **more)


def timeline(*events, threads=("main", "left", "right"), told=(), evidence=(), functions=()):
    """A timeline with these events; `told` are the steps of its notes, and `evidence` those of the bug."""
    steps = tuple(
        Evidence(step - 1, f"{threads[each.thread]} {each.kind}s {each.value}", each.place, each.source)
        for step in evidence
        for each in events
        if each.step == step
    )
    reported = tuple(sorted((*told, *evidence)))
    return Timeline(threads, events, (), (), len(events), evidence=steps, reported=reported, functions=functions)


def rows(*events, width=120, **more):
    return interleaving_table(timeline(*events, **more), width).splitlines()


LOST_UPDATE = """\
     worker-0    worker-1    where       source
     ----------  ----------  ----------  ---------------------------------------
     main starts worker-0 and worker-1 (test_bank.py:19)
   1 read 100                bank.py:15  balance = self.balance
>                read 100    bank.py:15  balance = self.balance
   2             100 -> 150  bank.py:16  self.balance = balance + amount
   3 150 -> 150              bank.py:16  self.balance = balance + amount
     main joins worker-0 and worker-1 (test_bank.py:19)
     main: read 150 (test_bank.py:20)  assert account.balance == 200
> preemption: worker-0 could have continued"""


def test_a_lost_update():
    assert interleaving_table(lost_update(), 80) == LOST_UPDATE


def test_successive_steps_at_one_line_are_one_row():
    (row,) = rows(event(1, 1), event(2, 1, "write", value="0 -> 1"), event(3, 1), event(4, 1))[2:]
    assert row.split("  ") == ["", "", " read ×3, 0 -> 1", "here.py:1", "x = y"]


def test_a_row_that_reads_and_writes_shows_only_the_change():
    (row,) = rows(event(1, 1, value="0"), event(2, 1, "write", value="0 -> 1"))[2:]
    assert row.split() == ["0", "->", "1", "here.py:1", "x", "=", "y"]


def test_an_assertion_says_each_value_that_it_reads_once():
    several = [event(step, 1, value=value) for step, value in enumerate(("1", "1", "2", "1"), 1)]

    def does(source):
        return rows(*(each._replace(source=source) for each in several))[2].strip().partition("  ")[0]

    assert does("assert a.x + b.x < c.x") == does("assert(x)") == "read 1, read 2"
    assert does("asserted = a.x + b.x < c.x") == "read 1 ×3, read 2"


def test_a_value_that_is_not_the_one_that_was_overwritten_is_shown():
    (row,) = rows(event(1, 1, value="5"), event(2, 1, "write", value="0 -> 1"))[2:]
    assert "read 5, 0 -> 1" in row


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
    assert len([row for row in shown if "here.py" in row]) == 2


def test_each_thread_has_its_column_and_those_without_steps_have_none():
    shown = rows(event(1, 1), event(2, 3), event(3, 1), threads=("main", "left", "nobody", "right"))
    assert shown[0].split() == ["left", "right", "where", "source"]
    columns = [row.index("read") for row in shown[2:]]
    assert columns == [shown[0].index("left"), shown[0].index("right"), shown[0].index("left")]
    assert set(shown[1]) == {"-", " "}
    # Each rule is under its head, and the places and texts are under theirs.
    starts = [found.start() for found in re.finditer("-+", shown[1])]
    assert starts == [shown[0].index(head) for head in ("left", "right", "where", "source")]
    assert {(row.index("here.py"), row.index("x = y")) for row in shown[2:]} == {tuple(starts[2:])}


def test_what_a_context_switch_is_is_said_once_and_only_where_there_is_one():
    without = rows(event(1, 1), event(2, 2))
    assert LEGEND not in without
    assert all(row.startswith("  ") for row in without[2:])
    (_, _, _, _, legend) = rows(event(1, 1), event(2, 2, switch=True))
    assert legend == "> preemption: left could have continued"
    several = rows(event(1, 1), event(2, 2, switch=True), event(3, 1, switch=True))
    assert several.count(LEGEND) == 1
    assert several[-1] == LEGEND
    assert [row[0] for row in several[2:-1]] == [" ", ">", ">"]


def test_where_the_scheduler_switched_by_itself_there_is_another_mark():
    shown = rows(event(1, 1), event(2, 2, gave_way=True), event(3, 1, switch=True))
    assert [row[0] for row in shown[2:-2]] == [" ", "~", ">"]
    assert shown[-2:] == ["> preemption: right could have continued", GAVE_WAY_LEGEND]
    assert rows(event(1, 1), event(2, 2, gave_way=True))[-1] == GAVE_WAY_LEGEND


def test_a_row_continues_beyond_a_thread_that_is_not_shown():
    # For example, a loop of thousands in two threads, of which only one is shown.
    shown = rows(event(1, 1), event(2, 1, gave_way=True), event(3, 1, gave_way=True))
    assert [row.split()[:2] for row in shown[2:]] == [["read", "×3"]]


def test_writes_of_one_value_after_the_other_are_one():
    def writes(*values):
        return [event(step, 1, "write", value=value) for step, value in enumerate(values, start=1)]

    def does(*values):
        return rows(*writes(*values))[2].partition("  here.py")[0].strip()

    assert does("0 -> 1", "1 -> 2") == "0 -> 1, 1 -> 2"
    assert does("0 -> 1", "1 -> 2", "2 -> 3") == "0 -> 3 (3 writes)"
    assert does("0 -> 1", "5 -> 6", "6 -> 7") == "0 -> 1, 5 -> 6, 6 -> 7"


def test_what_threads_repeat_has_a_heading():
    loop = {"repeats": "repeats lines 1-2, 40 times"}
    shown = rows(
        event(1, 1), event(5, 1, **loop), event(6, 1, place="here.py:2", **loop), event(7, 2, **loop), width=120
    )
    assert [row.split() for row in shown[2:]] == [
        ["read", "here.py:1", "x", "=", "y"],
        ["repeats", "lines", "1-2,", "40", "times:"],
        ["read", "here.py:1", "x", "=", "y"],
        ["read", "here.py:2", "x", "=", "y"],
        ["repeats", "lines", "1-2,", "40", "times:"],
        ["read", "here.py:1", "x", "=", "y"],
    ]
    assert shown[3].index("repeats") == shown[4].index("read") < shown[6].index("repeats")


def test_what_the_tests_own_thread_repeats_has_a_heading_too():
    """Though it has no column."""
    loop = {"repeats": "repeats line 9, 40 times", "place": "test.py:9", "source": "while not x:"}
    shown = rows(event(1, 1), event(2, 2), event(3, 0, **loop))
    assert shown[0].split() == ["left", "right", "where", "source"]
    assert shown[4:] == ["     main: repeats line 9, 40 times:", "     main: read (test.py:9)  while not x:"]


def test_a_heading_in_a_column_for_all_threads_has_the_name():
    loop = {"repeats": "repeats lines 1-2, 40 times"}
    shown = rows(event(1, 1, value="x" * 30), event(2, 2, **loop), width=60)
    assert shown[3:] == [
        "     right   repeats lines 1-2, 40 times:",
        "     right   read           here.py:1  x = y",
    ]


def test_each_thread_that_repeats_something_has_its_heading_however_long_the_loops_are():
    loop = [event(step, 1 + step // 40, place=f"here.py:{step}", repeats=f"repeats {step // 40}") for step in range(80)]
    shown = rows(*loop)
    assert len(shown) <= MAX_LINES
    assert [row.split() for row in shown if "repeats" in row] == [["repeats", "0:"], ["repeats", "1:"]]
    left_out = left_out_of(shown)
    assert sum(left_out) + sum("here.py" in row for row in shown) == 80


def test_what_threads_wait_for():
    shown = interleaving_table(deadlock(), 80).splitlines()
    assert shown[7] == "     main waits for worker-0 (test_bank.py:31)"
    assert [bool(re.search(r"blocked on (Lock )?#[12] ", row)) for row in shown[2:9]] == [
        False, False, False, True, True, False, False,
    ]  # fmt: skip
    assert shown[5].index("blocked") == shown[0].index("worker-1")
    assert shown[6].index("blocked") == shown[0].index("worker-0")


@pytest.mark.parametrize(
    ("kind", "what", "text"),
    [
        ("woken", "notify() on Condition (created at here.py:9)", "waiting for notify"),
        ("wait", "Event (created at here.py:9)", "blocked"),
        ("acquire", "Lock (created at here.py:9)", "blocked on Lock"),
        ("acquire", "Semaphore #2 (created at here.py:9)", "blocked on Semaphore #2"),
        ("get", "SimpleQueue (created at here.py:9)", "waiting for an item"),
        ("pass", "Barrier (created at here.py:9): 1 of 2 arrived (left)", "waiting at the barrier"),
        ("join", "thread right", "waiting for right"),
    ],
)
def test_each_wait_has_its_words(kind, what, text):
    (row,) = rows(event(1, 1, kind, what=what, waits=True))[2:]
    assert row.strip().split("  ") == [text, "here.py:1", "x = y"]


@pytest.mark.parametrize(
    ("kinds", "text"),
    [
        (["wait", "timed out"], "wait (timed out)"),
        (["timed out"], "wait (timed out)"),
        (["wait", "timed out", "wait", "timed out"], "wait (timed out) ×2"),
        (["wait", "timed out", "wait", "woken"], "wait, woken, wait (timed out)"),
        (["wait (timed out)"], "wait (timed out)"),
        (["acquire (timed out)"], "acquire Lock #1 (timed out)"),
    ],
)
def test_a_wait_whose_time_limit_expired_is_one_text(kinds, text):
    steps = [event(step, 1, kind, what="Lock #1 (created at here.py:9)") for step, kind in enumerate(kinds, 1)]
    (row,) = rows(*steps)[2:]
    assert row.strip().partition("  ")[0] == text


def test_a_wait_of_a_queue_whose_time_limit_expired_is_one_text():
    for kinds in (["wait", "timed out"], ["timed out"], ["acquire", "wait (timed out)"]):
        (row,) = rows(*(event(step, 1, kind, within="get()") for step, kind in enumerate(kinds, 1)))[2:]
        assert row.strip().partition("  ")[0] == "get(): timed out"


def test_a_long_text_is_not_cut_where_it_says_that_the_time_limit_expired():
    found = [
        each
        for step in (1, 3)
        for each in (event(step, step, value="x" * 30), event(step + 1, step, "wait (timed out)"))
    ]
    # In columns of their own, and in a column for all threads.
    for width in (100, 80):
        shown = rows(*found, width=width, threads=("main", "left", "middle", "right"))
        assert [bool(re.search(r" read x*…, wait \(timed out\) +here.py", row)) for row in shown[2:]] == [True, True]
    calls = [each._replace(within="get()" if each.kind != "read" else "") for each in found]
    assert all("…, get(): timed out  " in row for row in rows(*calls, threads="abcd", width=100)[2:])


def test_locks_of_one_kind_are_distinguished():
    (row,) = rows(event(1, 1, "acquire", what="Lock #2 (created at here.py:9)"))[2:]
    assert row.strip().startswith("acquire Lock #2  ")
    (row,) = rows(event(1, 1, "acquire", what="Lock (created at here.py:9)"))[2:]
    assert row.strip().startswith("acquire  ")


def test_objects_of_one_kind_are_distinguished():
    first, second = event(1, 1, value="5", what="Box #1.value"), event(2, 2, value="6", what="Box #2.value")
    assert "Box #2: read 6  " in rows(first, second)[3]
    change = event(3, 1, "write", value="6 -> 7", what="Box #2.value")
    assert ["Box #1: read 5  " in row for row in rows(first, second)[2:]] == [True, False]
    assert "Box #2: 6 -> 7  " in rows(change)[2]


def test_without_source_the_thing_is_named():
    assert rows(event(1, 1, source="", value="5"))[2].strip() == "read Box.value 5  here.py:1"


def test_long_places_lose_their_directories():
    (row,) = rows(event(1, 1, place="a/very/deep/directory/of/the/project/here.py:1"))[2:]
    assert row.split()[1] == "here.py:1"
    (row,) = rows(event(1, 1, place=f"{'x' * 60}/{'y' * 60}.py:77"))[2:]
    assert re.fullmatch(r"…y+\.py:77", row.split()[1])
    assert len(row.split()[1]) == 30


@pytest.mark.parametrize("made", [lost_update, deadlock, locked, crowd], ids=lambda made: made.__name__)
@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_no_line_is_wider_and_there_are_not_too_many(made, width):
    shown = interleaving_table(made(), width).splitlines()
    assert len(shown) <= MAX_LINES
    assert max(map(len, shown)) <= width
    assert all(line == line.rstrip() for line in shown)


def test_the_end_of_a_name_distinguishes_it_from_the_others():
    names = ("main", *(f"a thread with a long name {number}" for number in range(8)))
    several = [event(number, number) for number in range(1, 9)]
    shown = rows(*several, threads=names, width=240)
    assert re.fullmatch(r" +(a thread…ng name \d  ){8}where +source", shown[0])
    assert re.findall(r"\d", shown[0]) == list("01234567")
    # They share a column if there is no room for eight of these.
    shown = rows(*several, threads=names, width=80)
    assert shown[0].split() == ["thread", "does", "where", "source"]
    assert [row[5:23] for row in shown[2:]] == [f"a thread…ng name {number}" for number in range(8)]


def test_functions_of_threads_without_names_of_their_own_are_named_once():
    threads = ("main", "Thread-1", "Thread-2", "Thread-3", "Thread-4", "Thread-5")
    functions = tuple(zip(threads[1:], ["work()"] * 4 + ["look()"], strict=True))
    steps = [event(1, 1), event(2, 2)]
    assert "()" not in rows(*steps, threads=threads)[0]
    for count, text in (
        (1, "Thread-1 runs work()"),
        (2, "Thread-1 and Thread-2 run work()"),
        (5, "Thread-1 to Thread-4 run work(); Thread-5 runs look()"),
    ):
        shown = rows(*steps, threads=threads, functions=functions[:count])
        assert shown[0] == f"     {text}"
        assert shown[1].split() == ["Thread-1", "Thread-2", "where", "source"]


# -- the test's own thread --


def test_it_has_no_column_if_it_only_starts_and_joins_the_others():
    own = {"source": "run()", "place": "test.py:1"}
    shown = rows(
        event(1, 0, "start", what="thread left", **own),
        event(2, 0, "start", what="thread right", **own),
        event(3, 1),
        event(4, 2),
        event(5, 0, "join", what="thread left", **own),
        event(6, 0, "join (timed out)", what="thread right", source="run()", place="test.py:2"),
        event(7, 0, value="7", source="assert x", place="test.py:3"),
    )
    assert shown[0].split() == ["left", "right", "where", "source"]
    assert [shown[at] for at in (2, 5, 6, 7)] == [
        "     main starts left and right (test.py:1)",
        "     main joins left (test.py:1)",
        "     main joins right (timed out) (test.py:2)",
        "     main: read 7 (test.py:3)  assert x",
    ]


def test_threads_that_have_ended_and_those_that_have_not_are_different_lists():
    steps = [event(at, 0, "join", what=f"thread {name}", source="run()") for at, name in enumerate(("a", "b"), 3)]
    late = [
        event(at, 0, "join (timed out)", what=f"thread {name}", source="run()") for at, name in enumerate(("c", "d"), 5)
    ]
    for joined, text in (
        (steps + late, "joins a and b, and c and d (timed out)"),
        (late[:1] + steps, "joins a and b, and c (timed out)"),
        (late, "joins c and d (timed out)"),
    ):
        assert rows(event(1, 1), event(2, 2), *joined)[-1] == f"     main {text} (here.py:1)"


def test_it_has_a_column_if_it_uses_what_others_use_while_they_run():
    shown = rows(event(1, 1), event(2, 0, value="7"), event(3, 2))
    assert shown[0].split() == ["main", "left", "right", "where", "source"]
    assert shown[3].index("read 7") == shown[0].index("main")


def test_it_has_a_column_if_it_is_alone():
    assert rows(event(1, 0))[0].split() == ["main", "where", "source"]


# -- the evidence --


def numbers(shown):
    """The numbers in the margin."""
    return [row[1:4].strip() for row in shown]


def test_the_numbers_of_the_evidence_are_in_the_margin():
    steps = (event(1, 1), event(2, 2, switch=True), event(3, 2, "write"), event(4, 1, "write"))
    shown = rows(*steps, evidence=(1, 3, 4))
    assert numbers(shown[2:5]) == ["1", "2", "3"]
    assert shown[2].startswith("   1 ")
    assert shown[3].startswith(">  2 ")


def test_two_steps_of_the_evidence_at_one_line_are_two_rows():
    shown = rows(event(1, 1, value="5"), event(2, 1, "write", value="5 -> 6"), evidence=(1, 2))
    assert numbers(shown[2:]) == ["1", "2"]
    assert "read 5" in shown[2]
    assert "5 -> 6" in shown[3]


def test_a_step_of_the_evidence_that_is_not_the_first_in_its_row_has_its_number():
    shown = rows(event(1, 1), event(2, 1, what="Box.other"), event(3, 2), evidence=(2, 3))
    assert numbers(shown[2:]) == ["1", "2"]


def test_the_evidence_has_columns_for_step_place_and_source():
    assert evidence_lines(lost_update(), 80) == [
        "  1. worker-0 reads 100          bank.py:15  balance = self.balance",
        "  2. worker-1 writes 100 -> 150  bank.py:16  self.balance = balance + amount",
        "  3. worker-0 writes 150 -> 150  bank.py:16  self.balance = balance + amount",
    ]
    assert evidence_lines(deadlock(), 80) == []


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_source_of_the_evidence_is_cut_first(width):
    (line,) = evidence_lines(
        timeline(event(1, 1, "write", value="100 -> 150", source="value = " + "x" * 100), evidence=(1,)), width
    )
    assert len(line) <= width
    assert line.endswith("…")
    if width > 40:
        assert line.startswith("  1. left writes 100 -> 150  here.py:1  value = ")


def test_a_long_value_in_the_evidence_leaves_room_for_the_place():
    steps = timeline(event(1, 1, value=repr("x" * 100)), event(2, 2, value="1"), evidence=(1, 2))
    first, second = evidence_lines(steps, 80)
    assert max(len(first), len(second)) <= 80
    assert first.index("here.py:1") == second.index("here.py:1")
    assert "…  here.py:1  x = y" in first


def crowded(threads):
    """This many threads that each read a balance and write it back; the test's own thread starts and joins them."""
    names = ("main", *(f"worker-{number}" for number in range(threads)))
    start = {"source": "run_concurrent(account.deposit, 50)", "place": "test_bank.py:19"}
    events = [event(number, 0, "start", what=f"thread {names[number]}", **start) for number in range(1, threads + 1)]
    for kind, line, source in (
        ("read", 15, "balance = self.balance"),
        ("write", 16, "self.balance = balance + amount"),
    ):
        # The first one to read is the last one to write.
        for thread in range(1, threads + 1) if kind == "read" else range(threads, 0, -1):
            value = "100" if kind == "read" else f"{50 + 50 * thread} -> 150"
            switch = kind == "read" and thread > 1
            at = {"place": f"bank.py:{line}", "source": source, "value": value, "switch": switch}
            events.append(event(len(events) + 1, thread, kind, what="Account.balance", **at))
    events += [
        event(len(events) + number, 0, "join", what=f"thread {names[number]}", **start)
        for number in range(1, threads + 1)
    ]
    return timeline(*events, threads=names, evidence=(threads + 1, 3 * threads - 1, 3 * threads))


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("threads", [2, 3, 4, 8, 50])
def test_however_many_threads_there_are(threads, width):
    shown = interleaving_table(crowded(threads), width).splitlines()
    assert len(shown) <= MAX_LINES
    assert max(map(len, shown)) <= width
    assert [number for number in numbers(shown) if number.isdigit()] == ["1", "2", "3"]
    # A column each with at least 22 characters for the source, else one for all.
    own_columns = 5 + threads * len("200 -> 150  ") + len("bank.py:15  ") + 22 <= width
    assert (shown[0].split()[0] != "thread") == own_columns
    assert "main" not in shown[0]
    if own_columns:
        assert shown[0].split() == [*(f"worker-{number}" for number in range(threads)), "where", "source"]
    else:
        workers = {found for row in shown[2:] for found in re.findall(r"^.{5}(worker-\d+)  ", row)}
        assert {"worker-0", "worker-1"} <= workers
        # Those of the evidence, and those next to it.
        assert len(workers) == min(threads, 11)
    # No name has lost its digits; the lines of the test's own thread may be cut at their ends.
    assert not re.search(r"worker-?(?!-?\d)", "\n".join(row for row in shown if "main " not in row))
    lines = evidence_lines(crowded(threads), width)
    assert len(lines) == 3
    assert max(map(len, lines)) <= width


def test_nothing_shared_is_said():
    assert interleaving_table(timeline(), 80) == "No shared accesses were recorded."


# -- what is left out --


def many(number, **at):
    """This many rows; `at` has what is special about some of them, by "step_N"."""
    return [
        event(step, 1 + step % 2, place=f"here.py:{step}", **at.get(f"step_{step}", {}))
        for step in range(1, number + 1)
    ]


def places(shown):
    return [int(found[1]) for row in shown if (found := re.search(r"here\.py:(\d+)", row))]


def left_out_of(shown):
    """How many steps each line says are not shown."""
    text = r"     … (\d+) steps? not shown \(--interleave-trace prints all\)"
    return [int(found[1]) for row in shown if (found := re.fullmatch(text, row))]


def rounds(number, thread=1, first=1, **more):
    """Steps of a loop of two lines; the last round ends with the first line."""
    lines = [line for _ in range(number) for line in (1, 2)][:-1]
    return [event(first + at, thread, place=f"here.py:{line}", **more) for at, line in enumerate(lines)]


def test_what_a_thread_repeats_before_the_bug_is_shown_once():
    found = [event(1, 2), *rounds(4, first=2), event(9, 1, place="here.py:3"), event(10, 2, "write")]
    shown = rows(*found, evidence=(9, 10))
    assert places(shown) == [1, 2, 1, 3, 1]
    assert left_out_of(shown) == [5]
    assert shown[3].startswith("     … 5 steps")


def test_what_is_repeated_after_the_first_step_of_the_bug_stays():
    shown = rows(event(1, 2), *rounds(4, first=2), event(9, 1, "write", place="here.py:3"), evidence=(1, 9))
    assert places(shown) == [1, 1, 2, 1, 2, 1, 2, 1, 3]


@pytest.mark.parametrize(
    "more", [{"switch": True}, {"kind": "write"}, {"thread": 2}, {"source": "z"}], ids=lambda more: next(iter(more))
)
def test_only_what_is_the_same_is_left_out(more):
    first, second, third, *others = rounds(4)
    shown = rows(first, second, third._replace(**more), *others, event(9, 1, place="here.py:3"), evidence=(9,))
    # The third row stays.
    assert places(shown) == [1, 2, 1, 3]
    assert left_out_of(shown) == [2, 2]


def test_a_single_row_stays_though_it_is_repeated():
    steps = [event(1, 1), event(2, 2), event(3, 1), event(4, 2, place="here.py:3")]
    assert places(rows(*steps, evidence=(4,))) == [1, 1, 1, 3]


def test_without_a_known_bug_repeated_rows_are_left_out_only_if_there_are_too_many():
    assert left_out_of(rows(*rounds(10))) == []
    several = rows(*rounds(20), event(40, 2, place="here.py:7"))
    assert places(several) == [2, 1, 7]
    assert left_out_of(several) == [37]


def test_what_was_left_out_already_is_counted_with_what_is_repeated():
    found = [*rounds(4), event(9, 1, place="here.py:3"), event(10, 2, "write")]
    found[3] = found[3]._replace(skipped=7)
    assert left_out_of(rows(*found, evidence=(9, 10))) == [12]


def test_where_all_fits_nothing_is_left_out():
    shown = rows(*many(MAX_LINES - 2))
    assert len(shown) == MAX_LINES
    assert "…" not in "".join(shown)


def test_the_end_is_shown_and_what_is_left_out_is_counted():
    shown = rows(*many(60))
    assert len(shown) == MAX_LINES
    assert places(shown) == list(range(39, 61))
    assert shown[2] == "     … 38 steps not shown (--interleave-trace prints all)"
    assert left_out_of(rows(*many(60, step_1={"switch": True}, step_3={"switch": True})))


def test_what_is_near_switches_is_shown():
    shown = rows(*many(200, step_50={"switch": True}, step_120={"switch": True}))
    assert len(shown) <= MAX_LINES
    kept = places(shown)
    for near in (49, 50, 51, 119, 120, 121, 199, 200):
        assert near in kept, near
    left_out = left_out_of(shown)
    assert sum(left_out) + len(kept) == 200


def test_the_steps_of_the_evidence_are_shown():
    kept = places(rows(*many(200), told=(7, 90), evidence=(30, 150)))
    assert {7, 30, 90, 150, 200} <= set(kept)


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


@dataclasses.dataclass(order=True)
class Order:
    price: int


def test_generated_code_has_the_line_that_calls_it():
    def body():
        order = Order(1)

        def compare():
            assert order < Order(3)  # compared

        in_threads(left=lambda: setattr(order, "price", 2), right=compare)

    timeline = told(body).timeline
    assert not any(event.place.startswith("<") for event in timeline.events)
    (compared,) = (event for event in timeline.events if event.source.endswith("# compared"))
    assert compared.value == "2"
    assert compared.function.endswith("compare")
    assert "assert order < Order(3)" in interleaving_table(timeline, 120)


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
    # All steps of the bug, with their numbers.
    evidence = found.timeline.evidence
    margin = [row for row in shown if row[1:4].strip().isdigit()]
    assert [int(row[1:4]) for row in margin] == list(range(1, len(evidence) + 1))
    for row, each in zip(margin, evidence, strict=True):
        assert each.text.rpartition("s ")[2] in row
        assert each.source in row


def test_a_random_walk_with_many_switches_fits_as_well():
    def body():
        shared = Shared()
        in_threads(left=shared.add_many, right=shared.add_many, third=shared.add_many)

    found = told(body, RandomWalk(1))
    assert len(found.recorded.switched) > 40
    assert len(interleaving_table(found.timeline, 100).splitlines()) <= MAX_LINES


def test_very_many_switches_take_no_time_and_leave_room_for_the_evidence():
    """With work for each pair of switches it would take hours."""
    events = [event(step, 1 + step % 2, place=f"here.py:{step}", switch=True) for step in range(1, 50_001)]
    shown = interleaving_table(timeline(*events, told=(25_000, 30_000)), 120).splitlines()
    assert len(shown) <= MAX_LINES
    assert {25_000, 30_000, 50_000} < set(places(shown))


def test_steps_that_are_left_out_before_a_row_are_counted():
    shown = rows(event(1, 1), event(5, 2, skipped=3), event(6, 1))
    assert shown[3] == "     … 3 steps not shown (--interleave-trace prints all)"
    assert places(shown) == [1, 1, 1]


def test_both_sorts_of_gaps_are_one():
    several = [each._replace(skipped=2) if each.step == 10 else each for each in many(60)]
    shown = rows(*several)
    assert len(shown) <= MAX_LINES
    assert sum(left_out_of(shown)) + len(places(shown)) == 62


def test_steps_that_affect_no_other_thread_are_counted_below():
    several = timeline(event(1, 1), event(5, 2))
    last = [interleaving_table(several._replace(private=count), 80).splitlines()[-1] for count in (0, 1, 1234)]
    assert last[0].split()[0] == "read"
    assert last[1:] == [
        "     1 step that affects no other thread is not shown",
        "     1,234 steps that affect no other thread are not shown",
    ]


def test_the_words_are_those_of_the_evidence():
    """Of a check, of what was not there, and of what is set for the first time."""

    def body():
        cache, made = {}, []

        def work():
            if "key" not in cache:
                made.append(1)
                cache["key"] = 5
            return cache.get("other")

        in_threads(left=work, right=work)
        assert len(made) == 1

    found = told_of_finding(body).timeline
    assert [each.text for each in found.evidence][:2] == ["left checks, not found", "right sets 5 (was unset)"]
    does = [
        row.partition("  ")[0] for row in (line[5:].strip() for line in interleaving_table(found, 120).splitlines())
    ]
    assert "not found" in does
    assert "set 5" in does


def test_what_is_found_and_what_is_deleted_twice():
    def body():
        names = {"key": 5}

        def work():
            if "key" in names:
                del names["key"]

        in_threads(left=work, right=work)

    found = told_of_finding(body).timeline
    assert [event.does for event in found.events if event.does] == ["found", "found", "delete nothing"]


def test_a_use_is_no_step_of_the_evidence():
    found = timeline(event(1, 1), event(2, 2), evidence=(1, 2))
    use = event(1, 1, place="here.py:2", uses=True, does="read: file log")
    shown = interleaving_table(found._replace(events=(found.events[0], use, found.events[1])), 120).splitlines()
    assert [(row[3], "read: file log" in row) for row in shown[2:]] == [("1", False), (" ", True), ("2", False)]


def test_the_only_column_has_room_for_what_the_thread_does():
    starts = [event(at, 0, "start", what=f"thread worker-{at}", source="run(work, timeout=2)") for at in (1, 2)]
    late = [
        event(at, 0, "join (timed out)", what=f"thread worker-{at}", source="run(work, timeout=2)") for at in (3, 4)
    ]
    head, _, row = rows(*starts, *late, width=80, threads=("main", "worker-1", "worker-2"))
    assert row.startswith("     start worker-1, worker-2, join worke…(timed out)  here.py:1  run(")
    assert head.split() == ["main", "where", "source"]


def test_a_wait_in_a_queue_has_the_name_of_the_method():
    table = rows(
        event(1, 1, "wait", within="get()", what="Condition"),
        event(2, 2),
        event(3, 1, "woken", within="get()", waits=True),
    )
    assert [row.split()[0:2] for row in table[2:]] == [["get():", "wait"], ["read", "here.py:1"], ["get():", "waiting"]]
