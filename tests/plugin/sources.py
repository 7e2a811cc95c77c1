"""What several modules run pytest on: pieces of test_it.py, which has the imports and `Counter` in front."""

from __future__ import annotations

#: Its failure is not in the first schedule, with any strategy.
LOST_UPDATE = """
def test_it(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2
"""

#: In front of LOST_UPDATE, this fixes it. The place of the context switch in its failing schedules is still there.
LOCKED_COUNTER = """
lock = threading.Lock()

class Locked(Counter):
    def increment(self):
        with lock:
            super().increment()

@pytest.fixture
def counter():
    return Locked()
"""

#: For tests that start their threads themselves.
BOTH_INCREMENT = """
def both_increment(counter):
    threads = [threading.Thread(target=counter.increment) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""

#: Two threads that never overlap.
ONE_BY_ONE = """
@pytest.mark.concurrency
def test_one_by_one(counter):
    for _ in range(2):
        thread = threading.Thread(target=counter.increment)
        thread.start()
        thread.join()
"""

#: A lost update in a test of unittest, with a marker or more in the place of MARK.
LOST_UPDATE_OF_UNITTEST = (
    BOTH_INCREMENT
    + """
class TestCase(unittest.TestCase):
    MARK
    def test_it(self):
        counter = Counter()
        both_increment(counter)
        self.assertEqual(counter.value, 2)
"""
)

#: A fixture of the module, and a list of what has been made and ended.
WIDE = """
made = []

@pytest.fixture(scope="module")
def wide():
    made.append("wide")
    yield
    made.append("wide gone")
"""

DEADLOCK = """
def test_deadlock(run_concurrent):
    first, second = threading.Lock(), threading.Lock()
    def one():
        with first, second:
            pass
    def two():
        with second, first:
            pass
    run_concurrent.together(one, two)
"""

#: The outcomes besides `failed`, the last one by pytest itself.
OUTCOMES = """
@pytest.mark.xfail
def test_xfails(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2

def test_passes(counter, run_concurrent):
    run_concurrent(counter.increment)

def test_skips(run_concurrent):
    run_concurrent.together(int, int)
    pytest.skip("no")

@pytest.mark.skip
def test_never():
    pass
"""


def fragile(name: str = "fragile", *, time: int, does: str, ends: bool) -> str:
    """A fixture that works for all but one time, when it is made or, if `ends`, in its teardown.

    How often it has come so far is the length of the list `times_<name>`.
    """
    return f"""
times_{name} = []

@pytest.fixture
def {name}():
    {"yield" if ends else ""}
    times_{name}.append(1)
    if len(times_{name}) == {time}:
        {does}
"""


#: A thread of a module's fixture that waits for something to do.
IDLE = """
import queue

@pytest.fixture(scope="module")
def idle():
    jobs = queue.Queue()
    thread = threading.Thread(target=jobs.get)
    thread.start()
    yield jobs
    jobs.put(None)
    thread.join()
"""
