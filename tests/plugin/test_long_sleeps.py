"""Threads that sleep again and again while another one works."""

from __future__ import annotations

from pytest_interleave.explore import Token

POLLS = """
class Job:
    def __init__(self):
        self.lock = threading.Lock()
        self.count = 0
        self.done = False

    def work(self, rounds):
        for _ in range(rounds):
            with self.lock:
                self.count += 1
        self.done = True

def polled(rounds, pause=0.01):
    job = Job()
    thread = threading.Thread(target=job.work, args=(rounds,))
    thread.start()
    for _ in range(20):
        if job.done:
            break
        time.sleep(pause)
    assert job.done
    thread.join()
"""


def token_in(done):
    return Token.parse(done.command[-1].removeprefix("--interleave-replay="))


def test_a_thread_that_polls_for_a_long_time_does_not_fail_because_the_work_takes_many_steps(run):
    done = run(
        POLLS
        + """
@pytest.mark.concurrency(schedules=10, strategy="random")
def test_explored():
    polled(6_000)

@pytest.mark.concurrency(schedules=1, max_steps=3_000)
def test_beyond_the_bound():
    polled(60_000, pause=0.1)
"""
    )
    done.result.assert_outcomes(passed=2)


def test_a_failure_found_with_long_sleeps_is_replayed_with_long_sleeps(run):
    source = (
        POLLS
        + """
@pytest.mark.concurrency(strategy="random")
def test_it():
    polled(6_000)
    values = []
    threads = [threading.Thread(target=values.append, args=(value,)) for value in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values == [1, 2]
"""
    )
    done = run(source)
    done.result.assert_outcomes(failed=1)
    assert "assert [2, 1] == [1, 2]" in done.text
    assert token_in(done).long_sleeps
    done = run(source, done.command[-1])
    done.result.assert_outcomes(failed=1)
    assert "assert [2, 1] == [1, 2]" in done.text


def test_a_failure_that_does_not_need_long_sleeps_is_found_with_short_ones(run):
    done = run(
        """
@pytest.mark.concurrency
def test_it():
    stop = threading.Event()
    state = {"a": 0, "b": 0}

    def work():
        while not stop.is_set():
            state["a"] += 1
            state["b"] += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(20):
            time.sleep(0.01)
            assert state["a"] == state["b"]
    finally:
        stop.set()
        thread.join()
"""
    )
    done.result.assert_outcomes(failed=1)
    assert not token_in(done).long_sleeps
