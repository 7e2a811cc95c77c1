"""States between two writes of one thread that another one finds, and results that one looks for too early."""

from __future__ import annotations

from decimal import Context, Decimal
from queue import Queue
from threading import Lock, Thread

from ..telling import Marks, in_threads, quiet, steps
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet

MARKS = Marks(__file__)
at, line = MARKS.at, MARKS.line


class Room:
    def __init__(self):
        self.free = set()
        self.guest = "a"
        self.lock = Lock()

    def leave(self):
        with self.lock:
            self.free.add(0)  # leave: free
        self.guest = None  # leave: guest

    def book(self):
        with self.lock:
            if not self.free:  # book: free
                return
            self.free.pop()
        self.guest = "b"  # book: guest


def test_one_of_two_writes_is_seen_and_the_other_one_comes_too_late():
    def body():
        room = Room()
        in_threads(books=room.book, leaves=room.leave)
        assert room.free or room.guest == "b"

    timeline = timeline_of(body)
    assert timeline.bug == "Dirty read of self.free by books"
    assert steps(timeline) == [
        ("leaves calls self.free.add() on set()", "leave: free"),
        ("books reads {0}", "book: free"),
        ("books writes Room.guest ('a' -> 'b')", "book: guest"),
        ("leaves writes Room.guest ('b' -> None)", "leave: guest"),
    ]
    # The other thread releases the lock in between, too.
    assert timeline.help == (
        f"make both writes one atomic step: hold one lock from {at('leave: free')} to {line('leave: guest')}, "
        f"and from {at('book: free')} to {line('book: guest')}"
    )


def test_a_call_that_cannot_be_looked_into_between_two_writes():
    def body():
        context, found = Context(prec=10), []

        def rough():
            context.prec = 2  # context: less
            context.prec = 10  # context: again

        def divide():
            found.append(context.divide(Decimal(1), Decimal(3)))  # context: divide

        in_threads(divides=divide, changes=rough)
        assert str(found[0]) == "0.3333333333"

    timeline = timeline_of(body)
    assert timeline.bug == "Dirty read of Context.prec by divides"
    assert steps(timeline) == [
        ("changes writes 2", "context: less"),
        ("divides calls context.divide()", "context: divide"),
        ("changes writes 10", "context: again"),
    ]
    assert timeline.help == (
        f"make both writes one atomic step: hold one lock from {at('context: less')} to {line('context: again')}, "
        f"and at {at('context: divide')}"
    )


# -- loops --


def test_a_consumer_that_has_not_handled_the_next_item_yet():
    def body():
        jobs, done = Queue(), []

        def consume():
            while (job := jobs.get()) is not None:
                done.append(job)  # consumer: append

        thread = Thread(target=consume, name="consumes")
        thread.start()
        in_threads(one=lambda: jobs.put(1), other=lambda: jobs.put(2))
        try:
            assert len(done) == 2  # consumer: look
        finally:
            jobs.put(None)
            thread.join()

    timeline = timeline_of(body)
    assert timeline.bug == "Order violation: main reads done before consumes writes it"
    assert [mark for _, mark in steps(timeline)] == ["consumer: look", "consumer: append"]
    assert timeline.help == "make the order explicit: with an Event, a queue or join()"


def test_the_passes_of_a_loop_are_made_one_step_by_a_lock_around_it():
    def body():
        items, seen = [], []

        def fill():
            for item in (1, 2):  # fill: loop
                items.append(item)  # fill: append

        in_threads(fills=fill, looks=lambda: seen.append(len(items)))  # fill: look
        assert seen[0] in (0, 2)

    timeline = timeline_of(body)
    assert timeline.bug == "Dirty read of items by looks"
    assert timeline.help == (
        f"make both writes one atomic step: hold one lock from {at('fill: loop')} to {line('fill: append')}, "
        f"and in the lambda at {at('fill: look')}"
    )


def test_an_iterator_that_threads_share_and_what_they_do_with_its_items():
    def body():
        numbers, found = enumerate("abcd"), []

        def take():
            for each in numbers:  # share: loop
                found.append(each)  # share: append

        in_threads(one=take, other=take)
        assert found == list(enumerate("abcd"))

    timeline = timeline_of(body)
    assert timeline.bug == "Atomicity violation on found"
    assert timeline.help.endswith(f"hold one lock from {at('share: loop')} to {line('share: append')}")
