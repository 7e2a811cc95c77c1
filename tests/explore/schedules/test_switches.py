"""Each schedule can be said in switches, and followed by them step by step."""

from __future__ import annotations

import linecache
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Condition, Event, Lock, RLock, Semaphore, Thread, Timer

import pytest

from pytest_interleave.control import Place, Scope, set_scope
from pytest_interleave.explore import PCT, Follow, RandomWalk
from pytest_interleave.explore.schedules._switches import ENDED, Sites, Switch
from pytest_interleave.trace import first_difference
from tests.detailing import Laboratory, followed

from ..programs import SMALL, State, generated, in_threads
from ..racy_programs import opposite_locks


def condition_with_timeouts():
    condition, state = Condition(), State()

    def consume():
        with condition:
            if not condition.wait_for(lambda: state.x > 1, timeout=2):
                state.y += 1
            condition.wait(0.1)

    def produce():
        with condition:
            state.x += 1
            condition.notify()

    in_threads(consume, consume, produce, produce)


def queues():
    jobs, done = queue.Queue(2), queue.SimpleQueue()

    def work():
        while (job := jobs.get()) is not None:
            done.put(job)
            jobs.task_done()

    def feed():
        for job in range(3):
            jobs.put(job)
        jobs.put(None)
        jobs.put(None)

    in_threads(work, work, feed)


def pool_in_a_pool():
    state = State()

    def add(number):
        state.x += number
        return state.x

    def outer(number):
        with ThreadPoolExecutor(2) as inner:
            return sum(inner.map(add, range(number)))

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(outer, number) for number in (1, 2, 3)]:
            future.result()


def children_of_children():
    state = State()

    def grow(depth):
        state.x += 1
        if depth:
            children = [Thread(target=grow, args=(depth - 1,)) for _ in range(2)]
            for child in children:
                child.start()
            for child in children:
                child.join()

    grow(2)


def spinning():
    state = State()

    def spin():
        while not state.x:
            pass
        state.y += 1

    def tell():
        state.items.append(1)
        state.x = 1

    in_threads(spin, spin, tell)


def spinning_with_a_lock():
    state = State()

    def spin():
        while True:
            with state.lock:
                if state.x:
                    return

    def tell():
        with state.lock:
            state.x = 1

    in_threads(spin, tell, spin)


def changing_for_long():
    """The scheduler itself makes these give way, in the midst of what the strategy wants."""
    state = State()

    def work():
        for number in range(400):
            state.x = number

    in_threads(work, work)


def sleeping():
    state = State()

    def work(seconds):
        time.sleep(seconds)
        state.x += 1
        time.sleep(0)
        state.y += 1

    in_threads(*(lambda seconds=seconds: work(seconds) for seconds in (1, 0, 1, 3600)))


def watching_the_clock():
    state = State()

    def wait():
        end = time.monotonic() + 5
        while time.monotonic() < end and not state.x:
            pass

    def tell():
        state.y += 1
        state.x = 1

    in_threads(wait, wait, tell)


def timers_and_events():
    ready, state = Event(), State()
    timers = [Timer(1, ready.set), Timer(1, lambda: state.items.append(1))]
    for timer in timers:
        timer.start()

    def wait():
        if ready.wait(0.5):
            state.x += 1
        ready.wait()

    in_threads(wait, wait)
    for timer in timers:
        timer.join()


def polling_locks():
    state = State()

    def attempt():
        for _ in range(2):
            if state.lock.acquire(timeout=0.1):
                state.x += 1
                state.lock.release()
            elif state.lock.acquire(blocking=False):
                state.lock.release()

    in_threads(attempt, attempt, attempt)


def daemons():
    state = State()

    def beat():
        while True:
            time.sleep(1)
            state.x += 1

    Thread(target=beat, daemon=True).start()
    Thread(target=beat, daemon=True, name="Thread-1 (beat)").start()
    time.sleep(2.5)
    state.y += 1


def exceptions_in_locks():
    state, outer = State(), RLock()

    def work():
        try:
            with outer, state.lock:
                state.x += 1
                if state.x % 2:
                    raise KeyError(state.x)
        except KeyError:
            state.y += 1
        finally:
            state.x += 1

    in_threads(work, work, work)


def generators():
    state = State()
    lock = Lock()

    def numbers():
        while state.x < 4:
            state.x += 1
            yield state.x

    def locked(iterator):
        while True:
            with lock:
                number = next(iterator, None)
            if number is None:
                return
            yield number

    def take(iterator):
        state.items.extend(number for number in locked(iterator))

    shared = numbers()
    in_threads(lambda: take(shared), lambda: take(shared))


def recursion():
    state, lock = State(), RLock()

    def down(depth):
        with lock:
            state.x += 1
            if depth:
                down(depth - 1)
        state.y += 1

    in_threads(lambda: down(3), lambda: down(2))


def lambdas_on_one_line():
    state = State()
    in_threads(lambda: state.items.append(state.x), lambda: setattr(state, "x", state.x + 1), lambda: state.items.pop() if state.items else None)  # fmt: skip  # noqa: E501


def two_identical_lines():
    state = State()

    def work():
        state.x += 1
        state.x += 1
        if state.x > 2:
            state.x += 1

    in_threads(work, work)


def comprehensions_and_long_statements():
    state = State()

    def work():
        state.table.update(
            {
                str(number): [
                    state.x
                    for _ in range(2)
                ]
                for number in range(2)
            }
        )  # fmt: skip
        state.x = (
            state.x
            + state.y
            + 1
        )  # fmt: skip
        return {key: value for key, value in list(state.table.items()) if value}

    in_threads(work, work)


WITHOUT_SOURCE: dict = {}
exec(
    compile("def add(state):\n    state.x += 1\n    state.x += 1\n", "no such file.py", "exec"),
    WITHOUT_SOURCE,
)


def without_source():
    state = State()

    def work():
        state.y += 1
        WITHOUT_SOURCE["add"](state)

    in_threads(work, work)


def twice(function):
    def both(*arguments):
        function(*arguments)
        function(*arguments)

    return both


def decorated():
    state = State()

    @twice
    def work(state):
        state.x += 1

    in_threads(lambda: work(state), lambda: work(state))


def same_names():
    state = State()

    def work():
        threading.current_thread().name = "one"
        state.x += 1

    threads = [Thread(target=work, name="one") for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def größen():
    Σ = State()

    def zähle():
        Σ.x += 1  # “über”
        Σ.table["ключ"] = Σ.table.get("ключ", 0) + 1

    in_threads(zähle, zähle)


def barriers_and_semaphores():
    state, gate, few = State(), Barrier(2), Semaphore(1)

    def work():
        for _ in range(2):
            gate.wait()
            with few:
                state.x += 1

    in_threads(work, work)


def opposite_locks_with_timeouts():
    state = State()

    def work(first, second):
        with first:
            if second.acquire(timeout=1):
                state.x += 1
                second.release()

    in_threads(lambda: work(state.lock, state.other), lambda: work(state.other, state.lock))


def failing():
    state = State()

    def work():
        state.x += 1
        assert state.x < 2, "too many"

    in_threads(work, work, work)


NASTY = [
    condition_with_timeouts, queues, pool_in_a_pool, children_of_children, spinning, spinning_with_a_lock,
    changing_for_long, sleeping, watching_the_clock, timers_and_events, polling_locks, daemons, exceptions_in_locks,
    generators, recursion, lambdas_on_one_line, two_identical_lines, comprehensions_and_long_statements,
    without_source, decorated, same_names, größen, barriers_and_semaphores, opposite_locks_with_timeouts,
    opposite_locks, failing,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("body", [*NASTY, *SMALL], ids=lambda body: body.__name__)
def test_what_is_recorded_can_be_followed(body):
    with Laboratory() as laboratory:
        # What only the first execution does, because nothing is cached yet.
        laboratory.run(body, Follow(()))
        for seed in range(5):
            assert require_same(laboratory, body, RandomWalk(seed)).recorded.points
        require_same(laboratory, body, PCT(1))


@pytest.mark.parametrize("seed", range(40))
def test_what_is_recorded_of_a_generated_program_can_be_followed(seed):
    with Laboratory() as laboratory:
        laboratory.run(generated(seed), Follow(()))
        require_same(laboratory, generated(seed), RandomWalk(seed))


def require_same(laboratory, body, strategy):
    first = laboratory.run(body, strategy)
    follow = Follow(first.switches)
    second = laboratory.run(body, follow)
    assert first_difference(first.outcome.log, second.outcome.log) is None
    assert second.switches == first.switches
    assert second.recorded.points == first.recorded.points
    assert second.outcome.choices == first.outcome.choices
    assert follow.reached == set(first.switches)
    assert follow.unknown(set()) == []
    assert first.identity == second.identity
    return first


# -- places --


class Standing:
    """An operation at a place."""

    announced = True
    expired_at = None
    patient = True
    mutates = False
    target = code = None
    lasti = 0

    def __init__(self, place, kind="read", name="x"):
        self._place = place
        self.kind = kind
        self.name = name
        self.is_access = kind in ("read", "write")

    def where(self):
        return self._place


class Standstill:
    """A thread, for as long as it stands at one place."""

    index = 0
    name = "one"
    touches = thread = None
    done = False
    held = nestings = ()

    def __init__(self, path=(0,), operation=None, log=()):
        self.path = path
        self.operation = operation
        self.log = log


@pytest.fixture
def source(tmp_path):
    """Writes a file, and gives the place of its nth line."""

    def write(name, *lines):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        linecache.checkcache()
        return lambda number, function="work": Place(str(path), number, function)

    return write


def test_a_site_is_the_function_the_text_of_the_line_and_what_is_done_there(source):
    here = source("here.py", "    x += y", "    x += y", "    x -= y")
    site_of = Sites().site_of
    first = site_of(Standing(here(1)))
    assert 1 <= first <= 0xFFFF
    assert site_of(Standing(here(2))) == first
    others = [
        site_of(Standing(here(3))),
        site_of(Standing(here(1, "other"))),
        site_of(Standing(here(1), kind="write")),
        site_of(Standing(here(1), name="y")),
    ]
    assert len({first, *others}) == 5


def test_a_site_is_the_same_in_another_file_at_another_line_and_indented_otherwise(source):
    here = source("here.py", "    x += y")
    there = source("there.py", "", "# Something", "\t x += y ")
    assert Sites().site_of(Standing(there(3))) == Sites().site_of(Standing(here(1)))


def test_what_a_primitive_is_called_is_no_part_of_a_site(source):
    here = source("here.py", "    with lock:")
    site_of = Sites().site_of
    assert site_of(Standing(here(1), "acquire", "one")) == site_of(Standing(here(1), "acquire", "other"))


def test_lines_without_source_are_distinguished_by_their_numbers(source):
    site_of = Sites().site_of
    first, second, again = (site_of(Standing(Place("no such file.py", line, "work"))) for line in (1, 2, 1))
    assert first == again != second


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("f.<locals>.<listcomp>", "f"),
        ("f.<locals>.<dictcomp>.<listcomp>", "f"),
        ("f.<locals>.<listcomp>.<lambda>", "f.<locals>.<lambda>"),
        ("f.<locals>.<setcomp>.<listcomp>.<lambda>", "f.<locals>.<lambda>"),
        ("A.f.<locals>.g.<locals>.<dictcomp>", "A.f.<locals>.g"),
        ("f.<locals>.<listcomp>.<genexpr>", "f.<locals>.<genexpr>"),
    ],
)
def test_comprehensions_are_no_functions_of_their_own(source, older, newer):
    """As in Python 3.11, and from then on."""
    here = source("here.py", "    x += y")
    assert Sites().site_of(Standing(here(1, older))) == Sites().site_of(Standing(here(1, newer)))


def test_lambdas_and_generators_are_functions_of_their_own(source):
    here = source("here.py", "    x += y")
    names = "f", "f.<locals>.<lambda>", "f.<locals>.<genexpr>", "f.<locals>.g"
    assert len({Sites().site_of(Standing(here(1, name))) for name in names}) == len(names)


def test_how_often_each_thread_has_passed_a_place_is_counted(source):
    here = source("here.py", "    x += y", "    x -= y")
    plus, minus = Standing(here(1)), Standing(here(2))
    silent = Standing(here(1))
    silent.announced = False
    log = []
    one, other = Standstill((0,), plus, log), Standstill((1,), plus, log)
    sites = Sites()
    site = sites.site_of(plus)
    assert sites.stand(one) == ((0,), site, 1)
    log += [(one, plus, None), (one, minus, None), (one, silent, None), (one, plus, None)]
    assert sites.stand(one) == ((0,), site, 3)
    assert sites.stand(other) == ((1,), site, 1)
    log.append((other, plus, None))
    assert sites.stand(one) == ((0,), site, 3)
    assert sites.stand(other) == ((1,), site, 2)
    assert sites.seen == {site, sites.site_of(minus)}
    one.done = True
    assert sites.stand(one) == ((0,), ENDED, 1)
    sites.begin()
    log.clear()
    one.done = False
    assert sites.stand(one) == ((0,), site, 1)
    assert sites.seen == set()


# -- schedules for sources that have changed --

COUNTER = """
from threading import Thread

class Counter:
    value = 0

    def add(self):
        value = self.value
        self.value = value + 1

def body():
    counter = Counter()
    threads = [Thread(target=counter.add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 2
"""


@pytest.fixture
def load(tmp_path):
    """The function `body` of a source text."""

    def load(text, name="program.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        set_scope(Scope(str(tmp_path), [str(tmp_path / "*")]))
        linecache.checkcache()
        namespace = {"__name__": "program"}
        exec(compile(text, str(path), "exec"), namespace)
        return namespace["body"]

    return load


def lost_update(body):
    with Laboratory() as laboratory:
        laboratory.run(body, Follow(()))
        return laboratory.first_with_finding(body, RandomWalk(1)).switches


def test_an_edit_elsewhere_changes_nothing(load):
    switches = lost_update(load(COUNTER))
    edited = "import math\n\n\nPI = math.pi\n" + COUNTER.replace("    def add", '    """Counts."""\n\n    def add')
    edited = edited.replace("        self.value = ", "\n        # One more.\n        self.value = ")
    found = followed(load(edited, "renamed.py"), switches)
    assert isinstance(found.outcome.exception, AssertionError)
    assert found.switches == switches


def test_a_context_switch_at_a_line_that_is_no_more_is_unknown(load):
    body = load(COUNTER)
    switches = lost_update(body)
    site = site_of(followed(body, switches), "self.value = value + 1")
    at_write = [switch for switch in switches if switch.site == site]
    assert at_write
    follow = Follow(switches)
    with Laboratory() as laboratory:
        laboratory.run(load(COUNTER.replace("value + 1", "1 + value"), "changed.py"), follow)
    assert follow.unknown(set()) == at_write
    assert not follow.reached & set(at_write)
    # Some other execution has reached the place.
    assert follow.unknown({site}) == []


def site_of(found, text):
    (site,) = {
        Sites().site_of(operation)
        for _, operation, _ in found.outcome.log
        if operation.announced and operation.where().text == text
    }
    return site


def test_a_context_switch_to_a_thread_that_cannot_continue_is_reached_and_not_made():
    usual = followed(two_identical_lines, ())
    point = next(point for point in usual.recorded.points if point.preempts)
    with Laboratory() as laboratory:
        follow = Follow([Switch(*point.stand, (7, 7))])
        found = laboratory.run(two_identical_lines, follow)
    assert found.switches == ()
    assert first_difference(found.outcome.log, usual.outcome.log) is None
    assert follow.reached == set(follow.switches)
    assert follow.unknown(set()) == []


def test_an_occurrence_that_never_comes_is_not_unknown():
    """The line exists. That the thread reaches it less often is not checked here."""
    point = next(point for point in followed(two_identical_lines, ()).recorded.points if point.preempts)
    thread, site, _ = point.stand
    with Laboratory() as laboratory:
        follow = Follow([Switch(thread, site, 99, (1,))])
        laboratory.run(two_identical_lines, follow)
    assert follow.reached == set()
    assert follow.unknown(set()) == []


def test_the_end_of_a_thread_is_never_unknown():
    with Laboratory() as laboratory:
        follow = Follow([Switch((9,), ENDED, 1, (1,))])
        laboratory.run(two_identical_lines, follow)
    assert follow.unknown(set()) == []


def test_without_switches_threads_run_one_after_the_other():
    order = []

    def body():
        state = State()

        def work(name):
            state.x += 1
            order.append(name)
            state.x += 1
            order.append(name)

        in_threads(lambda: work(1), lambda: work(2), lambda: work(3))

    found = followed(body, ())
    assert order == [1, 1, 2, 2, 3, 3]
    assert found.switches == ()
    assert found.recorded.switched == frozenset()
    assert found.recorded.points


def test_another_thread_than_the_next_one_after_an_end_is_a_context_switch_but_no_preemption():
    order = []

    def body():
        in_threads(*(lambda name=name: order.append(name) for name in (1, 2, 3)))

    usual = followed(body, ())
    joined = next(point for point in usual.recorded.points if not point.preempts and len(point.enabled) == 3)
    order.clear()
    switch = Switch(*joined.stand, joined.enabled[2])
    found = followed(body, [switch])
    assert order == [3, 1, 2]
    assert found.switches == (switch,)
    assert found.attempt.preemptions == 0
    assert found.recorded.switched == frozenset()
