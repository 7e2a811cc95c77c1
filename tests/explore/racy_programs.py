"""Programs that fail in some of their schedules, or in all of them; each has one finding."""

from __future__ import annotations

from threading import Condition, Event, Lock

from .programs import State, in_threads


def lost_update():
    state = State()

    def work():
        state.x += 1

    in_threads(work, work)
    assert state.x == 2


def lost_update_among_much_else():
    state, other = State(), [State() for _ in range(3)]

    def work(own):
        for number in range(15):
            own.y = number
        state.x += 1
        with state.lock:
            state.items.append(own.y)

    in_threads(*(lambda own=own: work(own) for own in other))
    assert state.x == 3


def opposite_locks():
    state = State()

    def work(first, second):
        with first, second:
            state.x += 1

    in_threads(lambda: work(state.lock, state.other), lambda: work(state.other, state.lock))


def written_and_read():
    """What a thread has seen of another one's three writes."""
    a, b, seen = State(), State(), []

    def write():
        a.x = 1
        b.x = 1
        a.x = 2

    def read():
        seen.append((a.x, b.x, b.x, a.x))

    in_threads(write, read)
    return seen


def two_ordered_preemptions():
    # Only if `write` is left after its first step, and `read` after its second.
    assert written_and_read() != [(1, 0, 1, 2)]


def three_ordered_preemptions():
    # Only if `write` is left after its first and after its second step, too.
    assert written_and_read() != [(1, 0, 1, 1)]


def check_then_act():
    state = State()

    def take():
        if state.items:
            state.items.pop()

    state.items.append(1)
    in_threads(take, take, take)


def read_before_it_is_written():
    """The second thread first, as soon as the test waits for the first one: no thread has to stop for that."""
    state, seen = State(), []

    def write():
        state.x = 1

    in_threads(write, lambda: seen.append(state.x))
    assert seen == [1]


def lost_wakeup():
    condition, state = Condition(), State()

    def wait():
        if not state.x:
            with condition:
                condition.wait()

    def tell():
        state.x = 1
        with condition:
            condition.notify()

    in_threads(wait, tell)


def always_fails():
    state = State()

    def work():
        state.x += 1

    in_threads(work, work)
    assert state.x == 3


def never_set():
    in_threads(Event().wait, Event().wait)


def philosophers():
    forks = [Lock() for _ in range(3)]

    def eat(place):
        with forks[place], forks[(place + 1) % 3]:
            pass

    in_threads(*(lambda place=place: eat(place) for place in range(3)))
