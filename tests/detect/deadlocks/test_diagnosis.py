"""The cause of a deadlock: which of the waits it is, and why it never ends."""

from __future__ import annotations

import queue
import re
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore, Thread

import pytest

from pytest_interleave.control import Stuck
from pytest_interleave.control.execution import LIVELOCK, TIMEOUT
from pytest_interleave.control.steps import kinds
from pytest_interleave.detect import Diagnosis, diagnose
from pytest_interleave.detect.deadlocks._stuck import describe_stuck
from pytest_interleave.explore import NonPreemptive, RandomWalk
from tests.driving import executions

pytestmark = pytest.mark.usefixtures("controllable")

INVERSION = "acquire these locks in the same order everywhere, or guard both with one more lock"
TWICE = "use threading.RLock, or do not acquire the lock twice"


def in_threads(**functions):
    threads = [Thread(target=function, name=name) for name, function in functions.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def stuck_outcome(body, walks=100):
    """The outcome of the first execution that cannot continue: without switches, else in a random walk."""
    for strategy, number in ((NonPreemptive(), 1), (RandomWalk(3), walks)):
        for outcome in executions(body, strategy, number):
            if outcome.stuck is not None:
                return outcome
    raise AssertionError("no deadlock")


def diagnosis_of(body):
    outcome = stuck_outcome(body)
    diagnosis = diagnose(outcome.stuck, outcome.log)
    return diagnosis._replace(bug=re.sub(r"created at \S+?:\d+\)", "created at HERE)", diagnosis.bug))


def bug_of(body):
    return diagnosis_of(body).bug


def causes_of(diagnosis):
    return [wait.thread for wait in diagnosis.causes]


def message_of(body):
    """The lines of the message, without directories and numbers of lines, which long lines are broken for."""
    outcome = stuck_outcome(body)
    message = describe_stuck(outcome.stuck, outcome.log).replace(",\n    holds", ", holds")
    return re.sub(r"\S*?(\w+\.py):\d+", r"\1", message).splitlines()


def take_two(first, second):
    with first:
        with second:
            pass


def take(lock):
    with lock:
        pass


# -- circles --


def inversion():
    a, b = Lock(), Lock()
    in_threads(left=lambda: take_two(a, b), right=lambda: take_two(b, a))


def test_two_locks_in_opposite_order():
    diagnosis = diagnosis_of(inversion)
    assert diagnosis.bug == "lock-order inversion between Lock #1 and Lock #2"
    assert diagnosis.help == INVERSION
    assert sorted(causes_of(diagnosis)) == ["left", "right"]


def test_each_thread_has_a_line_with_what_it_waits_for_and_what_it_holds():
    head, *waits, created = message_of(inversion)
    assert head == "lock-order inversion between Lock #1 and Lock #2"
    # The locks have their numbers in the order in which the threads took them.
    assert [re.sub("#[12]", "#N", line) for line in sorted(waits)] == [
        "  left waits for Lock #N at test_diagnosis.py, holds Lock #N since test_diagnosis.py",
        "  right waits for Lock #N at test_diagnosis.py, holds Lock #N since test_diagnosis.py",
    ]
    assert all(set(re.findall("#[12]", line)) == {"#1", "#2"} for line in waits)
    assert created == "  Lock #1 and Lock #2 were created at test_diagnosis.py"


def test_a_circular_wait_on_three_locks():
    def body():
        a, b, c = Lock(), Lock(), Lock()
        in_threads(t0=lambda: take_two(a, b), t1=lambda: take_two(b, c), t2=lambda: take_two(c, a))

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "circular wait on 3 locks (t0 -> t1 -> t2)"
    assert diagnosis.help == INVERSION.replace("both", "all of them")
    assert sorted(causes_of(diagnosis)) == ["t0", "t1", "t2"]


def test_a_lock_that_its_thread_holds():
    """The test's own thread waits for it, but that is a consequence."""

    def body():
        lock = Lock()
        in_threads(left=lambda: take_two(lock, lock), right=lambda: take(lock))

    diagnosis = diagnosis_of(body)
    assert (diagnosis.bug, diagnosis.help) == ("left acquires Lock, which it already holds", TWICE)
    assert causes_of(diagnosis) == ["left"]
    assert message_of(body) == [
        "left acquires Lock, which it already holds",
        "  left waits for Lock at test_diagnosis.py, holds Lock since test_diagnosis.py",
        "  right waits for Lock at test_diagnosis.py",
        "  main waits in join() for left at test_diagnosis.py",
        "  Lock was created at test_diagnosis.py",
    ]


def test_a_lock_that_the_tests_own_thread_holds():
    def body():
        lock = Lock()
        take_two(lock, lock)

    assert diagnosis_of(body)[:2] == ("main acquires Lock, which it already holds", TWICE)


def test_a_file_that_its_thread_has_locked(tmp_path):
    fcntl = pytest.importorskip("fcntl")

    def body():
        def lock_twice():
            with open(tmp_path / "lock", "w") as first, open(tmp_path / "lock", "w") as second:
                fcntl.flock(first, fcntl.LOCK_EX)
                fcntl.flock(second, fcntl.LOCK_EX)

        in_threads(left=lock_twice)

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "left acquires file lock lock, which it already holds"
    assert diagnosis.help == "open and lock the file once, and pass the open file on"


def test_a_circle_with_a_join():
    def body():
        lock = Lock()
        worker = Thread(target=lambda: take(lock), name="worker")

        def boss():
            with lock:
                worker.start()
                worker.join()

        in_threads(boss=boss)

    diagnosis = diagnosis_of(body)
    assert (diagnosis.bug, diagnosis.help) == (
        "boss joins worker while it holds Lock, which worker needs",
        "release Lock before join()",
    )
    assert sorted(causes_of(diagnosis)) == ["boss", "worker"]


def test_a_circle_with_a_join_of_the_tests_own_thread():
    def body():
        lock = Lock()
        worker = Thread(target=lambda: take(lock), name="worker")
        with lock:
            worker.start()
            worker.join()

    assert bug_of(body) == "main joins worker while it holds Lock, which worker needs"


def test_threads_that_join_each_other():
    def body():
        threads = []
        threads += [
            Thread(target=lambda: threads[1].join(), name="a"),
            Thread(target=lambda: threads[0].join(), name="b"),
        ]
        for thread in threads:
            thread.start()

    assert bug_of(body) == "circular wait: a -> b"


# -- locks that are held for ever --


@pytest.mark.parametrize(("make", "name"), [(Lock, "Lock"), (RLock, "RLock")])
def test_a_lock_of_a_thread_that_has_ended(make, name):
    def body():
        lock = make()
        in_threads(left=lock.acquire, right=lambda: lock.acquire())

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == f"{name} is held by left, which has ended"
    assert diagnosis.help == "release it in left: use `with`"
    assert causes_of(diagnosis) == ["right"]
    assert message_of(body)[1:3] == [
        f"  right waits for {name} at test_diagnosis.py",
        "    held by left since threading.py",
    ]


def test_a_lock_whose_holder_is_not_known():
    def body():
        lock = Lock()
        in_threads(left=lock.acquire, right=lambda: lock.acquire())

    outcome = stuck_outcome(body)
    waits = [wait._replace(holder=None, acquired=None) for wait in outcome.stuck.waits]
    bug = diagnose(outcome.stuck._replace(waits=waits), outcome.log).bug
    assert re.fullmatch(r"Lock \(created at \S+test_diagnosis\.py:\d+\) is never released", bug)


def test_a_lock_of_a_thread_that_waits_for_something_else():
    def body():
        event, lock = Event(), Lock()

        def left():
            with lock:
                event.wait()

        in_threads(left=left, right=lambda: take(lock))

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "left waits for Event while it holds Lock, which right needs"
    assert diagnosis.help == "release Lock before the wait: right, which needs it, may be the one to end the wait"
    assert causes_of(diagnosis) == ["left"]


def test_a_queue_that_is_full_beside_a_consumer_that_needs_the_lock():
    def body():
        items, lock = queue.Queue(1), Lock()

        def produce():
            for item in range(2):
                with lock:
                    items.put(item)

        def consume():
            with lock:
                items.get()

        in_threads(produce=produce, consume=consume)

    outcome = stuck_outcome(body)
    diagnosis = diagnose(outcome.stuck, outcome.log)
    assert diagnosis.bug == "produce waits in Queue.put() while it holds Lock #1, which consume needs"
    assert causes_of(diagnosis) == ["produce"]
    (taken,) = diagnosis.steps
    assert (outcome.log[taken][0].name, outcome.log[taken][1].kind) == ("produce", kinds.ACQUIRE)


def test_the_holder_of_the_lock_is_named_though_another_thread_has_tried_later():
    def body():
        lock, begun = Lock(), Event()

        def hold():
            assert lock.acquire(blocking=False)
            begun.set()

        def other():
            begun.wait()
            assert not lock.acquire(blocking=False)
            lock.acquire()

        in_threads(hold=hold, other=other)

    outcome = stuck_outcome(body)
    diagnosis = diagnose(outcome.stuck, outcome.log)
    assert diagnosis.bug == "Lock is held by hold, which has ended"
    assert [outcome.log[at][0].name for at in diagnosis.steps] == ["hold"]


# -- conditions --


class Buffer:
    """A buffer for one item. One condition is for both producers and consumers."""

    def __init__(self):
        self.items = []
        self.changed = Condition()

    def put(self, item):
        with self.changed:
            while self.items:
                self.changed.wait()
            self.items.append(item)
            self.changed.notify()

    def get(self):
        with self.changed:
            while not self.items:
                self.changed.wait()
            self.items.pop()
            self.changed.notify()


def wrong_thread_is_woken():
    """Where `first` is notified of the second item, which it has no room for."""
    buffer = Buffer()
    threads = [
        Thread(target=buffer.get, name="get-1"),
        Thread(target=buffer.get, name="get-2"),
        Thread(target=buffer.put, args=(1,), name="put-1"),
        Thread(target=buffer.put, args=(2,), name="put-2"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_notification_of_a_thread_that_only_waits_again():
    outcome = stuck_outcome(wrong_thread_is_woken, walks=2_000)
    diagnosis = diagnose(outcome.stuck, outcome.log)
    bug = re.fullmatch(r"notify\(\) wakes (\S+), which waits again, instead of (\S+)", diagnosis.bug)
    assert bug is not None, diagnosis.bug
    woken, left = bug.groups()
    assert (woken[:3], left[:3]) in (("get", "put"), ("put", "get"))
    assert diagnosis.help.startswith(f"if {left} could have continued, use notify_all()")
    steps = [(unit.name, operation.kind) for unit, operation, _ in (outcome.log[at] for at in diagnosis.steps)]
    assert steps[0] == (left, kinds.WAIT)
    assert steps[1][1] == kinds.NOTIFY
    assert steps[2:] == [(woken, kinds.WOKEN), (woken, kinds.WAIT)]


def test_a_condition_that_is_never_notified():
    def body():
        changed, ready = Condition(), []

        def wait():
            with changed:
                changed.wait_for(lambda: ready)

        def change():
            with changed:
                ready.append(1)

        in_threads(wait=wait, change=change)

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "Condition (created at HERE) is never notified"
    assert diagnosis.help == "call notify() or notify_all() after each change of what the threads wait for"


def test_a_notification_that_wakes_one_of_two_threads():
    def body():
        changed, closed = Condition(), []

        def wait():
            with changed:
                changed.wait_for(lambda: closed)

        def close():
            with changed:
                closed.append(1)
                changed.notify()

        in_threads(one=wait, other=wait, close=close)

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "other waits for notify() on Condition, and no thread can wake it"
    assert diagnosis.help == "if the last notify() concerns other as well as one, use notify_all()"
    assert steps_of(stuck_outcome(body), diagnosis.steps) == [
        ("other", kinds.WAIT),
        ("close", kinds.NOTIFY),
        ("one", kinds.WOKEN),
    ]


def test_no_thread_is_left_that_could_notify():
    def body():
        changed = Condition()

        def wait():
            with changed:
                changed.wait()

        in_threads(one=wait, other=wait)

    assert bug_of(body) == ("one and other wait for notify() on Condition, and no thread can wake them")


def test_a_notification_before_the_wait():
    def body():
        condition = Condition()

        def notify():
            with condition:
                condition.notify()

        def wait():
            with condition:
                condition.wait()

        in_threads(notifies=notify, waits=wait)

    outcome = stuck_outcome(body)
    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "lost wake-up on Condition (created at HERE)"
    assert causes_of(diagnosis) == ["waits"]
    unit, operation, _ = outcome.log[diagnose(outcome.stuck, outcome.log).signal]
    assert (unit.name, operation.kind) == ("notifies", kinds.NOTIFY)


def test_a_notification_between_the_test_and_the_wait():
    items = []

    def body():
        items.clear()
        condition = Condition()

        def put():
            items.append(1)
            with condition:
                condition.notify_all()

        def get():
            if not items:
                with condition:
                    condition.wait()

        in_threads(gets=get, puts=put)

    assert bug_of(body) == "lost wake-up on Condition (created at HERE)"


def never_true(order):
    """A thread that waits in a loop, as it should, for what is never so."""
    items = []

    def body():
        items[:] = [1]
        condition = Condition()

        def notify():
            with condition:
                items.clear()
                condition.notify()

        def wait():
            with condition:
                while len(items) < 2:
                    condition.wait()

        functions = {"waits": wait, "notifies": notify}
        in_threads(**{name: functions[name] for name in order})

    return body


@pytest.mark.parametrize("order", [("notifies", "waits"), ("waits", "notifies")], ids=["tested after", "woken by it"])
def test_a_notification_that_the_waiter_knows_of_is_not_lost(order):
    diagnosis = diagnosis_of(never_true(order))
    assert "lost" not in diagnosis.bug
    assert diagnosis.help == ""
    assert diagnosis.signal is None
    assert causes_of(diagnosis) == ["waits"]
    assert "  waits waits for notify() on Condition at test_diagnosis.py" in message_of(never_true(order))


def test_a_notification_of_another_condition_is_not_it():
    def body():
        condition, other = Condition(), Condition()

        def notify():
            with other:
                other.notify()

        def wait():
            with condition:
                condition.wait()

        in_threads(notifies=notify, waits=wait)

    diagnosis = diagnosis_of(body)
    assert "lost" not in diagnosis.bug
    assert diagnosis.signal is None


# -- what is never done --


def event():
    return Event(), Event.wait, Event.set, "Event", "set"


def semaphore():
    return Semaphore(0), Semaphore.acquire, Semaphore.release, "Semaphore", "released"


def bounded():
    permits = BoundedSemaphore(1)
    permits.acquire()
    return permits, BoundedSemaphore.acquire, BoundedSemaphore.release, "BoundedSemaphore", "released"


@pytest.mark.parametrize("make", [event, semaphore, bounded])
def test_what_is_never_done(make):
    names = []

    def body():
        primitive, wait, _, *names[:] = make()
        in_threads(left=lambda: wait(primitive), right=lambda: wait(primitive))

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "{} (created at HERE) is never {}".format(*names)
    assert causes_of(diagnosis) == ["left", "right"]


@pytest.mark.parametrize("make", [semaphore, bounded])
def test_what_is_not_done_again(make):
    names = []

    def body():
        primitive, wait, end, *names[:] = make()

        def left():
            wait(primitive)
            wait(primitive)

        in_threads(left=left, right=lambda: end(primitive))

    assert bug_of(body) == "{} (created at HERE) is never {} again".format(*names)


@pytest.mark.parametrize("make", [queue.Queue, queue.LifoQueue, queue.PriorityQueue])
def test_queues(make):
    def get():
        jobs = make()
        in_threads(left=lambda: jobs.get(), right=lambda: jobs.get())

    def put():
        jobs = make(1)
        in_threads(left=lambda: [jobs.put(1), jobs.put(2)])

    def join():
        jobs = make()
        jobs.put(1)
        in_threads(left=lambda: jobs.join())

    assert bug_of(get) == "get() on an empty queue, and no thread can put()"
    assert bug_of(put) == "put() to a full queue, and no thread can get()"
    assert bug_of(join) == "Queue.join() waits for task_done(), and no thread can call it"


@pytest.mark.parametrize("consumers", [1, 2])
def test_an_item_without_task_done(consumers):
    def body():
        jobs = queue.Queue()

        def consume():
            while (job := jobs.get()) is not None:
                if job:
                    jobs.task_done()

        jobs.put(1)
        jobs.put(0)
        in_threads(**{f"consumer-{number}": consume for number in range(consumers)}, joins=jobs.join)

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "Queue.join() waits for task_done(), and no thread can call it"
    assert diagnosis.help == "call task_done() for each item that get() has returned, also on errors: use try/finally"
    assert causes_of(diagnosis) == ["joins"]


def test_a_join_of_another_queue():
    def body():
        jobs, others = queue.Queue(), queue.Queue()
        jobs.put(1)
        in_threads(joins=jobs.join, gets=others.get)

    assert bug_of(body) == "joins and gets are blocked forever"


def test_futures():
    def one():
        future = Future()
        in_threads(left=future.result, right=lambda: None)

    def several():
        with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
            pool.submit(lambda: pool.submit(lambda: None).result()).result()

    assert bug_of(one) == "result() of a Future that no thread can complete"
    assert bug_of(several) == "pool_0 waits for a task of its own pool, which has no other thread"


def test_where_the_other_threads_have_ended():
    def body():
        ready = Event()
        counts = []

        def fails():
            counts.append(1)
            raise KeyError(1)

        in_threads(wait=ready.wait, returns=lambda: counts.append(2), fails=fails)

    assert message_of(body)[2:] == [
        "  main waits in join() for wait at test_diagnosis.py",
        "  fails has ended with KeyError at test_diagnosis.py",
        "  returns has ended; its last step was at test_diagnosis.py",
    ]


def test_of_many_threads_that_have_ended_some_are_described():
    def body():
        ready = Event()
        in_threads(wait=ready.wait, **{f"t{number}": lambda: None for number in range(6)})

    assert message_of(body)[3:] == [
        "  t0 has ended",
        "  t1 has ended",
        "  t2 has ended",
        "  t3 has ended",
        "  2 more threads have ended",
    ]


def steps_of(outcome, positions):
    return [(unit.name, operation.kind) for unit, operation, _ in (outcome.log[at] for at in positions)]


@pytest.mark.parametrize(("make", "name"), [(Lock, "Lock"), (lambda: Semaphore(1), "Semaphore (created at HERE)")])
def test_a_release_that_an_exception_has_skipped(make, name):
    def body():
        primitive = make()

        def fails():
            primitive.acquire()
            raise OSError

        in_threads(fails=fails, waits=lambda: primitive.acquire())

    diagnosis = diagnosis_of(body)
    how = "is held by fails, which has" if make is Lock else "is never released; fails has"
    assert diagnosis.bug == f"{name} {how} ended with OSError"
    assert diagnosis.help.endswith("also on errors: use `with`")
    assert steps_of(stuck_outcome(body), diagnosis.steps) == [("fails", kinds.ACQUIRE)]


def test_failed_attempts_to_take_a_lock_are_no_evidence():
    def body():
        lock = Lock()

        def tries():
            assert not lock.acquire(blocking=False)
            assert not lock.acquire(timeout=1)

        in_threads(holds=lock.acquire, tries=tries, waits=lambda: lock.acquire())

    assert steps_of(stuck_outcome(body), diagnosis_of(body).steps) == [("holds", kinds.ACQUIRE)]


@pytest.mark.parametrize(
    ("make", "other", "names"),
    [
        (Semaphore, Semaphore, "Semaphore #1 and Semaphore #2"),
        (BoundedSemaphore, Lock, "BoundedSemaphore and Lock"),
        (Lock, Semaphore, "Lock and Semaphore"),
    ],
)
def test_semaphores_in_opposite_order(make, other, names):
    def body():
        a, b = make(), other()
        in_threads(left=lambda: take_two(a, b), right=lambda: take_two(b, a))

    diagnosis = diagnosis_of(body)
    assert (diagnosis.bug, diagnosis.help) == (f"lock-order inversion between {names}", INVERSION)
    assert sorted(causes_of(diagnosis)) == ["left", "right"]
    taken = [("left", kinds.ACQUIRE), ("right", kinds.ACQUIRE)]
    assert sorted(steps_of(stuck_outcome(body), diagnosis.steps)) == taken


def test_permits_of_several_threads_have_no_order():
    def body():
        a, b = Semaphore(2), Semaphore(1)

        def keep():
            a.acquire()

        in_threads(keeps=keep, left=lambda: take_two(a, b), right=lambda: take_two(b, a))

    assert "inversion" not in bug_of(body)


def test_the_permits_that_are_held_are_evidence():
    def body():
        permits = Semaphore(2)

        def tries():
            assert not permits.acquire(blocking=False)
            assert not permits.acquire(timeout=1)

        def returns():
            permits.acquire()
            permits.release()

        def keeps():
            permits.acquire()

        in_threads(returns=returns, one=keeps, other=keeps, tries=tries, waits=keeps)

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "Semaphore (created at HERE) is never released again"
    assert steps_of(stuck_outcome(body), diagnosis.steps) == [("one", kinds.ACQUIRE), ("other", kinds.ACQUIRE)]


def test_threads_that_hold_permits_and_wait_for_more():
    def body():
        permits, both = Semaphore(2), Barrier(2)

        def takes_two():
            permits.acquire()
            both.wait()
            permits.acquire()

        in_threads(one=takes_two, other=takes_two)

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "2 threads hold permits of Semaphore and wait for more"
    assert steps_of(stuck_outcome(body), diagnosis.steps) == [("one", kinds.ACQUIRE), ("other", kinds.ACQUIRE)]
    assert "one thread at a time" in diagnosis.help


def test_a_lost_wake_up_of_one_of_two_threads_that_wait():
    def body():
        condition = Condition()

        def first():
            with condition:
                condition.notify()
                condition.wait()

        def second():
            with condition:
                condition.wait()
                condition.notify()

        in_threads(first=first, second=second)

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "lost wake-up on Condition (created at HERE)"
    assert [cause.thread for cause in diagnosis.causes] == ["second"]


def test_a_semaphore_that_is_a_signal():
    def body():
        ready = Semaphore(0)
        in_threads(ends=lambda: None, waits=ready.acquire)

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "Semaphore (created at HERE) is never released"
    assert diagnosis.help == "call release() on each path, also on errors"


def test_permits_that_other_threads_release_are_no_threads_own():
    def body():
        permits = Semaphore(0)
        in_threads(gives=permits.release, takes=permits.acquire, waits=lambda: permits.acquire())

    assert diagnosis_of(body).steps == ()


def test_an_event_that_is_cleared_after_it_was_set():
    def body():
        ready = Event()

        def wait():
            ready.clear()
            ready.wait()

        in_threads(sets=ready.set, waits=wait)

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "Event (created at HERE) is cleared after it was set, and never set again"
    assert diagnosis.help == "clear it before any thread can set it, or do not clear it"
    assert steps_of(stuck_outcome(body), diagnosis.steps) == [("sets", kinds.SET), ("waits", kinds.CLEAR)]


@pytest.mark.parametrize(
    ("make", "wait", "helps"),
    [
        (Event, lambda event: event.wait(), "call set() before main joins left"),
        (lambda: Semaphore(0), lambda permits: permits.acquire(), "call release() before main joins left"),
        (queue.Queue, lambda jobs: jobs.get(), "call put() before main joins left"),
        (queue.SimpleQueue, lambda jobs: jobs.get(), "call put() before main joins left"),
        (lambda: queue.Queue(1), lambda jobs: [jobs.put(1), jobs.put(2)], "call get() before main joins left"),
    ],
    ids=["event", "semaphore", "get", "simple queue", "put"],
)
def test_a_join_before_the_call_that_ends_the_wait(make, wait, helps):
    def alone():
        primitive = make()
        in_threads(left=lambda: wait(primitive))

    def not_alone():
        primitive = make()
        in_threads(other=lambda: None, left=lambda: wait(primitive))

    assert diagnosis_of(alone).help == helps
    # The other thread may have been the one to end the wait.
    assert "joins" not in diagnosis_of(not_alone).help


def test_several_threads_that_have_ended_with_exceptions():
    def body():
        ready = Event()

        def fails():
            raise OSError

        in_threads(one=fails, other=fails, waits=ready.wait)

    assert bug_of(body) == "Event (created at HERE) is never set; 2 threads have ended with exceptions"


# -- pools --


@pytest.mark.parametrize(
    ("size", "bug"),
    [
        (1, "pool_0 waits for a task of its own pool, which has no other thread"),
        (2, "both threads of a pool wait for tasks that are in the queue of the same pool"),
        (3, "all 3 threads of a pool wait for tasks that are in the queue of the same pool"),
    ],
)
def test_tasks_that_wait_for_tasks_of_the_same_pool(size, bug):
    def body():
        with ThreadPoolExecutor(size, thread_name_prefix="pool") as pool:
            everybody = Barrier(size)

            def outer():
                everybody.wait()
                return pool.submit(int).result()

            list(pool.map(lambda _: outer(), range(size)))

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == bug
    assert diagnosis.help == "do not wait for tasks in a task of the same pool, or use another pool for the inner tasks"
    assert sorted(causes_of(diagnosis)) == [f"pool_{number}" for number in range(size)]
    lines = message_of(body)[1:]
    assert lines[0].startswith("  main waits in Future.result() for a task in pool_")
    assert all("Future.result() for a task that has not started at" in line for line in lines[1:])


def test_a_thread_of_a_pool_that_waits_for_something_else():
    def body():
        event = Event()
        with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
            pool.submit(event.wait)
            pool.submit(int).result()

    diagnosis = diagnosis_of(body)
    assert diagnosis.bug == "Event (created at HERE) is never set"
    assert causes_of(diagnosis) == ["pool_0"]


def test_a_task_that_needs_the_lock_of_the_thread_that_waits_for_it():
    def body():
        lock = Lock()
        with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool, lock:
            pool.submit(take, lock).result()

    diagnosis = diagnosis_of(body)
    # The pool has a lock, too.
    assert diagnosis.bug == "main waits for a task in pool_0 while it holds Lock #1, which the task needs"
    assert diagnosis.help == "release Lock #1 before result()"
    assert sorted(causes_of(diagnosis)) == ["main", "pool_0"]


# -- many threads --


def test_some_threads_of_a_long_circular_wait_are_in_the_headline():
    def body():
        locks = [Lock() for _ in range(12)]
        everybody = Barrier(12)

        def take_next_of(number):
            with locks[number]:
                everybody.wait()
                take(locks[(number + 1) % 12])

        in_threads(**{f"t{number:02}": lambda number=number: take_next_of(number) for number in range(12)})

    outcome = stuck_outcome(body)
    first, *waits, created = describe_stuck(outcome.stuck, outcome.log).splitlines()
    assert first == "circular wait on 12 locks (t00 -> ... -> t11)"
    assert sum("waits for" in line for line in waits) == 10
    assert waits[-1] == "  … and 2 more threads"
    assert re.match(r"  Lock #1, Lock #2 and 10 more were created at \S+$", created)


def test_of_many_threads_at_a_barrier_the_headline_has_the_number():
    def body():
        barrier = Barrier(9)
        in_threads(**{f"t{number}": lambda: barrier.wait() for number in range(8)})

    assert bug_of(body) == "Barrier waits for 9 threads, only 8 arrived"


def test_threads_that_wait_at_one_line_for_one_object_are_described_together():
    def body():
        done, barrier = Event(), Barrier(4)
        in_threads(
            **{f"t{number:02}": lambda: done.wait() for number in range(50)},
            **{f"b{number}": lambda: barrier.wait() for number in range(2)},
        )

    assert message_of(body)[1:5] == [
        "  t00, t01, t02 and 47 more wait for Event at test_diagnosis.py",
        "  b0 waits for Barrier at test_diagnosis.py",
        "  b1 waits for Barrier at test_diagnosis.py",
        "  main waits in join() for t00 at test_diagnosis.py",
    ]


def test_simple_queues():
    def body():
        jobs = queue.SimpleQueue()
        in_threads(left=lambda: jobs.get())

    assert message_of(body) == [
        "get() on an empty SimpleQueue, and no thread can put()",
        "  left waits for an item in SimpleQueue at test_diagnosis.py",
        "  main waits in join() for left at test_diagnosis.py",
        "  SimpleQueue was created at test_diagnosis.py",
    ]


def test_barriers():
    def body():
        barrier = Barrier(3)
        in_threads(left=lambda: barrier.wait(), right=lambda: barrier.wait())

    assert bug_of(body) == "Barrier waits for 3 threads, only 2 arrived"
    assert message_of(body)[1:] == [
        "  left waits for Barrier at test_diagnosis.py",
        "  right waits for Barrier at test_diagnosis.py",
        "  main waits in join() for left at test_diagnosis.py",
        "  Barrier was created at test_diagnosis.py",
    ]


# -- other endings --


@pytest.mark.parametrize(
    ("kind", "more", "text", "helps"),
    [
        (LIVELOCK, {}, "no thread makes progress after 1,234 steps; each repeats the same steps", ""),
        (
            LIVELOCK,
            {"counts": True},
            "still running after 1,234 steps; the threads repeat the same loop and only count",
            "if the loop ends at a larger number, raise max_steps in the marker of the test. Otherwise add the missing "
            "exit condition.",
        ),
        (
            TIMEOUT,
            {"seconds": 2.5},
            "one execution was still running after 2.5 s and 1,234 steps",
            "make the test shorter, or raise seconds in its marker.",
        ),
    ],
)
def test_endings_that_are_no_deadlocks(kind, more, text, helps):
    stuck = Stuck(kind, [], 1234, cycle=False, pending=[], **more)
    assert diagnose(stuck, []) == Diagnosis(text, helps)
    lines = [line.strip() for line in describe_stuck(stuck, []).splitlines()]
    assert " ".join(lines) == f"{text} help: {helps}" if helps else lines == [text]


# -- others --


def test_threads_that_wait_for_unrelated_things():
    def body():
        first, second = Event(), Semaphore(0)
        in_threads(left=lambda: first.wait(), right=lambda: second.acquire())

    diagnosis = diagnosis_of(body)
    assert (diagnosis.bug, diagnosis.help) == ("left and right are blocked forever", "")
    assert causes_of(diagnosis) == ["left", "right"]


def test_a_thread_that_the_test_leaves_behind():
    def body():
        event = Event()
        Thread(target=lambda: event.wait(), name="left").start()

    assert message_of(body) == [
        "left still waits for Event when the test ends",
        "  left waits for Event at test_diagnosis.py",
        "    started at test_diagnosis.py",
        "  Event was created at test_diagnosis.py",
        "  help: wake the thread and join it before the test ends, or start it",
        "        with daemon=True. Otherwise Python hangs at exit: it waits for",
        "        all threads that are not daemons.",
    ]
