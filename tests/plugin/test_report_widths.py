"""No line of a report is wider than the terminal, however many threads there are and whatever they do."""

from __future__ import annotations

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
    "livelock": """
    def wait():
        while not counter.value:
            pass
    in_threads(wait)
""",
}
SOURCE = """
@pytest.mark.concurrency(seconds=10, schedules=40, max_steps=3000)
def test_it(counter):
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
