"""No line of a report is wider than the terminal, however many threads there are and whatever they do."""

from __future__ import annotations

import re

import pytest

from .test_report_parts import sections

PROGRAMS = {
    "lost update": """
    def work():
        value = counter.value
        counter.value = value + 1
    in_threads(work)
    assert counter.value == count
""",
    "check-then-act": """
    connections, opened = {}, []
    def connection_to(name_of_the_server_with_the_database):
        if name_of_the_server_with_the_database not in connections:
            opened.append(name_of_the_server_with_the_database)
            connections[name_of_the_server_with_the_database] = object()
        return connections[name_of_the_server_with_the_database]
    in_threads(lambda: connection_to("database-17.example.com:5432"))
    assert len(opened) == 1
""",
    "deadlock": """
    forks = [threading.Lock() for _ in range(count)]
    def dine(seat):
        with forks[seat]:
            with forks[(seat + 1) % count]:
                pass
    threads = [threading.Thread(target=dine, args=(seat,)) for seat in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
""",
    "barrier": """
    barrier = threading.Barrier(count + 1)
    in_threads(barrier.wait, name="worker-that-loads-the-index-of-shard-{}")
""",
    "barrier of the fixture": """
    in_threads(fixture.of(count + 1).wait, name="worker-that-loads-the-index-of-shard-{}")
""",
    "condition": """
    changed_since_the_last_time = threading.Condition()
    def wait():
        with changed_since_the_last_time:
            changed_since_the_last_time.wait()
    in_threads(wait)
""",
    "left behind": """
    done = threading.Event()
    for number in range(count):
        threading.Thread(target=done.wait, name=f"worker-that-loads-the-index-of-shard-{number}").start()
""",
    "livelock": """
    def wait():
        while not counter.value:
            pass
    in_threads(wait)
""",
}
SOURCE = """
@pytest.mark.concurrency(seconds=10, schedules=40, max_steps=3000)
def test_it(counter, barrier):
    fixture = barrier
    count = {count}
    def in_threads(target, name=None):
        names = [None if name is None else name.format(number) for number in range(count)]
        threads = [threading.Thread(target=target, name=each) for each in names]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
{program}
"""


@pytest.mark.parametrize("count", [4, 8, 50])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_report_fits_into_the_terminal(run, program, count):
    if (program, count) == ("livelock", 50):
        pytest.skip("takes long")
    done = run(
        SOURCE.replace("{count}", str(count)).replace("{program}", PROGRAMS[program]), "--interleave-shrink-seconds=0"
    )
    done.result.assert_outcomes(failed=1)
    (shown,) = sections(done.text)
    assert len(shown) > 5
    # Commands are never wrapped.
    wide = [line for line in shown if len(line) > 80 and not line.startswith("pytest ")]
    assert wide == []
    # What pytest says of an assertion is not wrapped either.
    message = [line for line in done.text.splitlines() if re.match(r"E +(?! |assert|\+)| *\|", line)]
    assert [line for line in message if len(line) > 80] == []


BARRIER = """
@pytest.mark.concurrency(schedules=5)
def test_it(barrier):
    waits = barrier.of(51)
    threads = [threading.Thread(target=waits.wait) for _ in range(49)]
    for thread in threads: thread.start()
    waits.wait()
"""


def test_a_message_names_only_some_of_many_threads_and_is_as_wide_as_the_terminal(run, monkeypatch):
    said = "barrier timed out after 10 s: 50 of 51 threads arrived (main, Thread-1, Thread-2 and 47 more)"
    monkeypatch.setenv("COLUMNS", "160")
    assert f"threading.BrokenBarrierError: {said}" in run(BARRIER).text
    monkeypatch.setenv("COLUMNS", "80")
    text = run(BARRIER).text
    assert said not in text
    shown = " ".join(line.lstrip("E |") for line in text.splitlines() if line.startswith((" ", "E")))
    assert said in shown


NAME = "number_of_items_that_are_left_in_the_warehouse_of_the_company"


def test_a_headline_shortens_the_name_and_not_the_bug(run):
    done = run(f"""
class Inventory:
    {NAME} = 0

@pytest.mark.concurrency
def test_it(run_concurrent):
    inventory = Inventory()
    def work():
        value = inventory.{NAME}
        inventory.{NAME} = value + 1
    run_concurrent(work)
    assert inventory.{NAME} == 2

@pytest.mark.concurrency(races=True)
def test_race(run_concurrent):
    inventory = Inventory()
    def work():
        value = inventory.{NAME}
        inventory.{NAME} = value + 1
    run_concurrent(work)
""")
    done.result.assert_outcomes(failed=2)
    (lost, *_), race = sections(done.text)
    assert lost == "Lost update on Inventory.number_of_items_th…the_warehouse_of_the_company"
    assert race[0].startswith("Data race on Inventory.num") and race[0].endswith("company: unordered write and read")
    assert max(len(lost), len(race[0])) <= 72
    assert any(re.search(r"race_detector.allow\('test_it.py:\d+'\)$", line) for line in race)
    assert max(len(line) for line in race if not line.startswith("pytest ")) <= 80


WITHOUT_TRACEBACK = {
    "a data race": """
@pytest.mark.concurrency(races=True)
def test_it(counter, run_concurrent):
    run_concurrent(counter.increment)
""",
    "a thread that is left behind": """
@pytest.mark.concurrency
def test_it():
    done = threading.Event()
    threading.Thread(target=done.wait, name="forever").start()
""",
    "a requirement of a stress test": """
@pytest.mark.stress(threads=2, operations=4, min_success_rate=1)
def test_it():
    raise ValueError("first\\nsecond")
""",
}


@pytest.mark.parametrize("source", WITHOUT_TRACEBACK.values(), ids=WITHOUT_TRACEBACK)
@pytest.mark.parametrize("style", ["short", "long"])
def test_each_line_of_a_message_without_a_traceback_is_marked(run, source, style):
    text = run(source, f"--tb={style}").text
    shown = text.partition(" test_it ")[2].partition("\n")[2].partition("\n---")[0].partition("\n===")[0]
    lines = shown.lstrip("\n").rstrip("_\n").splitlines()
    assert len(lines) > 2
    assert [line for line in lines if not line.startswith("E   ")] == []


def test_the_headline_of_a_group_fits_into_the_terminal(run):
    text = run("""
@pytest.mark.concurrency
def test_it(thread_pool):
    def fail(error):
        raise error
    for error in (ValueError, KeyError):
        thread_pool.submit(fail, error())
""").text
    shown = [line for line in text.splitlines() if line.startswith("  |") and "Traceback" not in line][:2]
    assert shown == [
        "  | ExceptionGroup: unchecked exceptions in thread_pool (call future.result() to",
        "  |     handle them) (2 sub-exceptions)",
    ]
