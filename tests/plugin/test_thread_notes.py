"""One warning for each kind of thread that could not be controlled, whatever the threads' names are."""

from __future__ import annotations

from pytest_interleave.plugin.running.observations._thread_notes import BLOCKED, COMPUTED, NOT_ENDED, ThreadNotes
from tests.thorough import thorough


def test_names_and_places_are_summed_up():
    notes = ThreadNotes()
    assert notes.add(BLOCKED, "writer-1", "io.py:3")
    assert not notes.add(BLOCKED, "writer-1", "io.py:3")
    (alone,) = notes.texts()
    assert alone == (
        "writer-1 blocked at io.py:3 in a call the plugin does not control (I/O, C code, or a lock created before the "
        "plugin was loaded). Schedules past that point may not replay."
    )
    for number in range(2, 6):
        assert not notes.add(BLOCKED, f"writer-{number}", "io.py:3")
    for line in range(5):
        notes.add(BLOCKED, "main", f"main.py:{line}")
    notes.add(COMPUTED, "main", "main.py:9")
    notes.add(NOT_ENDED, "main", None)
    blocked, computed, not_ended = notes.texts()
    assert blocked.startswith(
        "writer-1 and 4 others blocked at io.py:3, main blocked at main.py:0, main blocked at main.py:1, others at 3 "
        "more places in calls the plugin does not control (I/O, C code, or a lock created before"
    )
    assert computed.startswith("main computed at main.py:9 for seconds without a step")
    assert not_ended == "could not stop main: still running at None. It may disturb later tests."


PIPES = """
import itertools

number = itertools.count(1)

@pytest.mark.concurrency(schedules=6)
def test_it():
    "As logging libraries do that write from a thread of their own: it has another name each time."
    end, begin = os.pipe()
    writer = threading.Thread(target=lambda: os.read(end, 1), name=f"writer-{next(number)}")
    writer.start()
    other = threading.Thread(target=lambda: time.sleep(0.1))
    other.start()
    other.join()
    time.sleep(1)
    deadline = time.time()
    SPIN
    os.write(begin, b"x")
    writer.join()
    os.close(end)
    os.close(begin)
"""


@thorough
def test_a_thread_with_another_name_in_each_schedule_is_one_warning(run):
    # In real time: the writer is seen to wait.
    done = run(PIPES.replace("SPIN", "import select; select.select([], [], [], 0.3)"))
    done.result.assert_outcomes(passed=1, warnings=1)
    assert "writer-1 and " in done.text
