"""The story names the bug; the evidence names the threads, the thing, the values and the places."""

from __future__ import annotations

import queue
import re
import types
from collections import Counter
from threading import Condition, Event, Lock, Semaphore, Thread

import pytest

from pytest_interleave.control.execution._fairness import SPIN_STEPS
from pytest_interleave.explore import Follow, RandomWalk
from pytest_interleave.explore.schedules._switches import Switch
from pytest_interleave.trace import timeline_of
from pytest_interleave.trace.causes._failing import end_of_failure
from pytest_interleave.trace.story._story import story_of
from tests.detailing import Laboratory

from ..telling import Marks, in_threads, quiet, texts, told, told_of_finding

pytestmark = quiet

MARKS = Marks(__file__)
at, line = MARKS.at, MARKS.line


class Account:
    def __init__(self):
        self.balance = 0
        self.items = []


def hold(first, last=None, other=None):
    """The advice to hold a lock from one line to another one, and at the one of the other thread."""
    where = f"around {at(first)}" if last is None else f"from {at(first)} to {line(last)}"
    return f"hold one lock {where}" + (f", and at {at(other)}" if other else "")


def lines_of(timeline):
    """The bug, its steps with their places, and what helps."""
    steps = [f"{each.text} at {each.place.rpartition('/')[2]}" for each in timeline.evidence]
    return [timeline.bug, *steps, *([f"help: {timeline.help}"] if timeline.help else ())]


def found_in(body):
    """The same of a body that fails."""
    return lines_of(told_of_finding(body).timeline)


def waited_for(timeline):
    """By thread, what it waits for in the end."""
    waits = [event for event in timeline.events if event.waits]
    return {timeline.threads[event.thread]: event.what.partition(" (")[0] for event in waits}


def test_an_attribute_with_the_name_of_a_function():
    class Numbers:
        next = 0

    numbers = Numbers()

    def work():
        number = numbers.next  # next: read
        numbers.next = number + 1  # next: write

    def body():
        numbers.next = 0
        in_threads(left=work, right=work)
        assert numbers.next == 2

    assert found_in(body) == [
        "Lost update on Numbers.next",
        f"left reads 0 at {at('next: read')}",
        f"right writes 0 -> 1 at {at('next: write')}",
        f"left writes 1 -> 1 at {at('next: write')}",
        f"help: make read and write one atomic step: {hold('next: read', 'next: write')}",
    ]


def test_lost_update():
    account = Account()

    def work():
        value = account.balance  # lost: read
        account.balance = value + 50  # lost: write

    def body():
        account.balance = 100
        in_threads(left=work, right=work)
        assert account.balance == 200

    assert found_in(body) == [
        "Lost update on Account.balance",
        f"left reads 100 at {at('lost: read')}",
        f"right writes 100 -> 150 at {at('lost: write')}",
        f"left writes 150 -> 150 at {at('lost: write')}",
        f"help: make read and write one atomic step: {hold('lost: read', 'lost: write')}",
    ]


def test_check_then_act():
    account = Account()

    def take():
        if account.items:  # taken: check
            account.items.pop()  # taken: act

    def body():
        account.items[:] = [1]
        in_threads(left=take, right=take)

    assert found_in(body) == [
        "Check-then-act race on account.items",
        f"left reads [1] at {at('taken: check')}",
        f"right calls account.items.pop() on [1] at {at('taken: act')}",
        f"left calls account.items.pop() on [] at {at('taken: act')}",
        f"help: make check and act one atomic step: {hold('taken: check', 'taken: act')}",
    ]


def test_deleted_twice():
    table = {}

    def drop():
        if "key" in table:  # dropped: check
            del table["key"]  # dropped: act

    def body():
        table["key"] = 1
        in_threads(left=drop, right=drop)

    assert found_in(body) == [
        "Check-then-act race on table['key']",
        f"left checks, found at {at('dropped: check')}",
        f"right deletes 1 at {at('dropped: act')}",
        f"left deletes nothing at {at('dropped: act')}",
        f"help: make check and act one atomic step: {hold('dropped: check', 'dropped: act')}",
    ]


def test_read_again():
    account = Account()

    def look():
        first = account.balance  # again: first
        assert account.balance == first  # again: second

    def write():
        account.balance = 7  # again: write

    def body():
        account.balance = 0
        in_threads(looks=look, writes=write)

    assert found_in(body) == [
        "Inconsistent reads of Account.balance",
        f"looks reads 0 at {at('again: first')}",
        f"writes writes 0 -> 7 at {at('again: write')}",
        f"looks reads 7 at {at('again: second')}",
        f"help: make both reads one atomic step: {hold('again: first', 'again: second', 'again: write')}",
    ]


def test_a_dirty_read():
    account = Account()

    def write():
        account.balance = 1  # halfway: first
        account.balance = 2  # halfway: second

    def look():
        assert account.balance != 1  # halfway: look

    def body():
        account.balance = 0
        in_threads(writes=write, looks=look)

    found = told_of_finding(body)
    assert lines_of(found.timeline) == [
        "Dirty read of Account.balance by looks",
        f"writes writes 0 -> 1 at {at('halfway: first')}",
        f"looks reads 1 at {at('halfway: look')}",
        f"writes writes 1 -> 2 after the failure at {at('halfway: second')}",
        f"help: make both writes one atomic step: {hold('halfway: first', 'halfway: second', 'halfway: look')}",
    ]
    # That was after the failure.
    assert not any(event.place.endswith(at("halfway: second")) for event in found.timeline.events)


def test_of_two_that_belong_together_both():
    account = Account()

    def write():
        account.balance = 1  # together: first
        account.items = [1]  # together: second

    def look():
        assert not account.balance or account.items  # together: look

    def body():
        account.balance, account.items = 0, []
        in_threads(writes=write, looks=look)

    assert found_in(body) == [
        "Dirty read of Account.balance and Account.items by looks",
        f"writes writes Account.balance (0 -> 1) at {at('together: first')}",
        f"looks reads Account.balance (1) at {at('together: look')}",
        f"looks reads Account.items ([]) at {at('together: look')}",
        f"writes writes Account.items ([] -> [1]) after the failure at {at('together: second')}",
        f"help: make both writes one atomic step: {hold('together: first', 'together: second', 'together: look')}",
    ]


def test_too_early():
    account = Account()

    def begin():
        account.items = [1]  # early: write

    def use():
        assert account.items is not None  # early: read

    def body():
        account.items = None
        in_threads(begins=begin, uses=use)

    found = told_of_finding(body)
    assert found.recorded.switched == frozenset()
    assert lines_of(found.timeline) == [
        "Order violation: uses reads Account.items before begins writes it",
        f"uses reads None at {at('early: read')}",
        f"begins writes None -> [1] after the failure at {at('early: write')}",
        "help: make the order explicit: with an Event, a queue or join()",
    ]


def test_deadlock():
    def body():
        one, other = Lock(), Lock()

        def left():
            with one:
                with other:  # deadlock: left waits
                    pass

        def right():
            with other:
                with one:  # deadlock: right waits
                    pass

        in_threads(left=left, right=right)

    found = told_of_finding(body)
    assert lines_of(found.timeline) == [
        "Deadlock: lock-order inversion between Lock #1 and Lock #2",
        "help: acquire these locks in the same order everywhere, or guard both with one more lock",
    ]
    # Which thread holds which is in the message and in the table.
    waiting = {
        (found.timeline.threads[event.thread], event.what.partition(" (")[0], event.place.rpartition("/")[2])
        for event in found.timeline.events
        if event.waits and event.kind == "acquire"
    }
    assert waiting == {
        ("left", "Lock #2", at("deadlock: left waits")),
        ("right", "Lock #1", at("deadlock: right waits")),
    }


def test_threads_that_wait_at_one_condition_wait_for_the_same():
    def body():
        condition, event = Condition(), Event()

        def wait():
            with condition:
                condition.wait()

        in_threads(left=wait, right=wait, other=event.wait, another=event.wait)

    timeline = told(body).timeline
    assert lines_of(timeline) == ["Deadlock: left, right, other and another are blocked forever"]
    assert waited_for(timeline) == {
        "left": "Condition",
        "right": "Condition",
        "other": "Event",
        "another": "Event",
        "main": "thread left",
    }


def test_conditions_that_one_line_has_made_are_distinguished():
    def body():
        one, other = Condition(), Condition()

        def wait(condition):
            with condition:
                condition.wait()

        in_threads(left=lambda: wait(one), right=lambda: wait(other), third=lambda: wait(one))

    waits = waited_for(told(body).timeline)
    assert waits["left"] == waits["third"] == "Condition #1"
    assert waits["right"] == "Condition #2"


def test_a_condition_and_the_lock_that_it_has_made_have_one_number():
    def body():
        conditions = [Condition(), Condition()]

        def wait(number):
            # The locks are used in the other order.
            conditions[0].acquire()
            conditions[0].release()
            with conditions[number]:
                conditions[number].wait()

        in_threads(left=lambda: wait(1), right=lambda: wait(0))

    timeline = told(body).timeline
    names = {
        (timeline.threads[event.thread], event.kind): event.what.partition(" (")[0]
        for event in timeline.events
        if event.what.startswith("Condition")
    }
    assert names["left", "woken"] == "Condition #2"
    assert names["right", "woken"] == "Condition #1"
    assert names["right", "acquire"] == "Condition #1"


def test_no_context_switch_needed():
    account = Account()

    def work():
        account.balance += 1

    def body():
        in_threads(left=work, right=work)
        raise AssertionError

    timeline = told_of_finding(body).timeline
    assert timeline.is_plain
    assert not timeline.is_alone
    assert lines_of(timeline) == [""]


def test_before_a_second_thread_has_run_there_is_no_race():
    def body():
        Account().missing  # noqa: B018

    timeline = told_of_finding(body).timeline
    assert timeline.is_plain
    assert timeline.is_alone
    assert lines_of(timeline) == [""]


def test_its_steps_are_reported():
    account = Account()

    def work():
        account.balance += 50

    def body():
        account.balance = 0
        in_threads(left=work, right=work)
        assert account.balance == 100

    timeline = told_of_finding(body).timeline
    about = [event for event in timeline.events if event.step in timeline.reported]
    assert [(timeline.threads[event.thread], event.kind, event.value) for event in about] == [
        ("left", "read", "0"),
        ("right", "write", "0 -> 50"),
        ("left", "write", "50 -> 50"),
    ]


def test_of_two_switches_each_has_its_steps_and_the_objects_have_numbers():
    a, b, seen = Account(), Account(), []

    def write():
        a.balance = 1  # both: first
        b.balance = 1  # both: other
        a.balance = 2  # both: second

    def look():
        seen.append((a.balance, b.balance, b.balance, a.balance))  # both: looks

    def body():
        a.balance = b.balance = 0
        seen.clear()
        in_threads(writes=write, looks=look)
        assert seen != [(1, 0, 1, 2)]

    found = told_of_finding(body)
    assert len(found.recorded.switched) == 2
    assert lines_of(found.timeline) == [
        "Dirty read of Account #1.balance by looks",
        f"writes writes 0 -> 1 at {at('both: first')}",
        f"looks reads 1 at {at('both: looks')}",
        f"looks reads Account #2.balance (0) at {at('both: looks')}",
        f"writes writes Account #2.balance (0 -> 1) at {at('both: other')}",
        f"writes writes 1 -> 2 at {at('both: second')}",
        f"looks reads Account #2.balance (1) at {at('both: looks')}",
        f"help: make both writes one atomic step: {hold('both: first', 'both: second', 'both: looks')}",
    ]


def test_a_lost_update_is_reported_before_a_dirty_read():
    """Also where the steps of the other are closer together."""
    account = Account()

    def work():
        value = account.balance  # before: read
        account.items = [1]
        account.items = [2]
        account.balance = value + 1  # before: write

    def other():
        len(account.items)
        account.balance += 10  # before: other

    def body():
        account.balance, account.items = 0, []
        in_threads(left=work, right=other)
        assert account.balance == 11

    with Laboratory() as laboratory:
        usual = laboratory.run(body, Follow(()))
        at_second = [
            point
            for point in usual.recorded.points
            if point.preempts and usual.outcome.log[point.step][1].where().text == "account.items = [2]"
        ]
        found = laboratory.run(body, Follow([Switch(*at_second[0].stand, (1,))]))
        story = story_of(found.outcome, found.recorded.points, end_of_failure(found.outcome))
    assert story.bug == "Lost update on Account.balance"
    assert [each.text for each in story.evidence] == ["left reads it", "right writes it", "left writes it"]
    assert [each.source.rpartition("# ")[2] for each in story.evidence] == [
        "before: read", "before: other", "before: write",
    ]  # fmt: skip


def test_another_item_is_not_taken_for_it():
    """A new key changes all of the dictionary, but the report is about one item."""
    stock = {}

    def move(source):
        stock[source] = 1  # stock: own
        stock["total"] = stock.get("total", 0) + 1  # stock: total

    def body():
        stock.clear()
        stock["total"] = 0
        in_threads(left=lambda: move("a"), right=lambda: move("b"))
        assert stock["total"] == 2

    assert found_in(body) == [
        "Lost update on stock['total']",
        f"left calls .get(): 0 at {at('stock: total')}",
        f"right writes 0 -> 1 at {at('stock: total')}",
        f"left writes 1 -> 1 at {at('stock: total')}",
        f"help: make read and write one atomic step: {hold('stock: total')}",
    ]


def test_of_several_changes_the_last_one():
    account = Account()

    def work():
        value = account.balance  # several: read
        account.balance = value + 1  # several: write

    def other():
        account.balance = 10
        account.balance = 20  # several: last

    def body():
        account.balance = 0
        in_threads(left=work, right=other)
        assert account.balance in (20, 21)

    assert found_in(body) == [
        "Lost update on Account.balance",
        f"left reads 0 at {at('several: read')}",
        f"right writes 10 -> 20 at {at('several: last')}",
        f"left writes 20 -> 1 at {at('several: write')}",
        f"help: make read and write one atomic step: {hold('several: read', 'several: write')}, "
        f"and at {at('several: last')}",
    ]


def test_a_missing_count_is_only_read():
    counts = Counter()

    def hit():
        counts["index"] += 1  # counts

    def body():
        counts.clear()
        in_threads(left=hit, right=hit)
        assert counts["index"] == 2

    _, reads, *rest = found_in(body)
    assert reads == f"left finds nothing at {at('counts')}"
    assert rest[:2] == [f"right sets 1 (was unset) at {at('counts')}", f"left writes 1 -> 1 at {at('counts')}"]
    assert rest[2].endswith(f" one atomic step: {hold('counts')}")


def test_items_that_came_one_by_one():
    values = {}

    def load():
        values["host"] = "here"  # values: host
        values["port"] = 80  # values: port

    def look():
        assert len(list(values)) != 1  # values: look

    def body():
        values.clear()
        in_threads(loads=load, looks=look)

    assert found_in(body) == [
        "Dirty read of values by looks",
        f"loads sets values['host'] to 'here' at {at('values: host')}",
        f"looks reads {{'host': 'here'}} at {at('values: look')}",
        f"loads sets values['port'] to 80 after the failure at {at('values: port')}",
        f"help: make both writes one atomic step: {hold('values: host', 'values: port', 'values: look')}",
    ]


def test_what_the_failure_is_about_comes_first():
    """Though more has changed between two accesses of the other."""
    account, lock = Account(), Lock()

    def work():
        with lock:
            account.items.append(1)
        if account.balance < 1:  # about: check
            with lock:  # about: lock
                account.balance += 1  # about: act
        with lock:
            account.items.append(2)

    def body():
        account.balance = 0
        account.items.clear()
        in_threads(left=work, right=work)
        assert account.balance == 1

    assert found_in(body) == [
        "Check-then-act race on Account.balance",
        f"left reads 0 at {at('about: check')}",
        f"right writes 0 -> 1 at {at('about: act')}",
        f"left writes 1 -> 2 at {at('about: act')}",
        f"help: hold lock from {at('about: check')} to {line('about: act')}; it is taken only at {at('about: lock')}",
    ]


def test_a_change_that_the_continuing_thread_has_seen():
    """The thread that was left is the one that came between."""
    account, lock = Account(), Lock()

    def take():
        if account.items:  # crossed: check
            with lock:  # crossed: lock
                account.items.pop()  # crossed: act

    def drop():
        with lock:
            account.items.pop()  # crossed: drop

    def body():
        account.items[:] = [1]
        in_threads(drops=drop, takes=take)

    assert found_in(body) == [
        "Check-then-act race on account.items",
        f"takes reads [1] at {at('crossed: check')}",
        f"drops calls account.items.pop() on [1] at {at('crossed: drop')}",
        f"takes calls account.items.pop() on [] at {at('crossed: act')}",
        f"help: hold lock from {at('crossed: check')} to {line('crossed: act')}; "
        f"it is taken only at {at('crossed: lock')}",
    ]


def test_check_then_act_on_a_queue():
    def body():
        jobs = queue.Queue()
        jobs.put(1)

        def take():
            if not jobs.empty():  # queue: check
                jobs.get_nowait()  # queue: act

        in_threads(left=take, right=take)

    timeline = told_of_finding(body).timeline
    # The locks and conditions that it is made of are the queue's own affair.
    assert timeline.bug == "Check-then-act race on jobs"
    assert [(each.text, each.place.rpartition("/")[2]) for each in timeline.evidence] == [
        ("left calls jobs.empty()", at("queue: check")),
        ("right calls jobs.get_nowait()", at("queue: act")),
        ("left calls jobs.get_nowait()", at("queue: act")),
    ]
    assert timeline.help == (
        f"make both uses one atomic step: hold one lock from {at('queue: check')} to {line('queue: act')}"
    )


def test_a_notification_without_a_waiter():
    condition, ready = Condition(), []

    def produce():
        ready.append(1)  # missed: change
        with condition:
            condition.notify()  # missed: notify

    def consume():
        if not ready:  # missed: check
            with condition:
                assert condition.wait(timeout=5)  # missed: wait

    def body():
        ready.clear()
        in_threads(consumes=consume, produces=produce)

    assert found_in(body)[1:5] == [
        f"consumes reads ready ([]) at {at('missed: check')}",
        f"produces calls ready.append() on [] at {at('missed: change')}",
        f"produces notifies Condition at {at('missed: notify')}",
        f"consumes starts to wait on Condition at {at('missed: wait')}",
    ]


def test_a_deadlock_of_a_notification_that_came_before():
    def body():
        condition = Condition()

        def notify():
            with condition:
                condition.notify_all()  # before the wait

        def wait():
            with condition:
                condition.wait()  # the wait that is too late

        in_threads(notifies=notify, waits=wait)

    bug, *lines = lines_of(told(body).timeline)
    assert re.fullmatch(r"Deadlock: lost wake-up on Condition \(created at \S+:\d+\)", bug)
    assert lines == [
        f"notifies notifies all on Condition at {at('before the wait')}",
        f"waits starts to wait on Condition at {at('the wait that is too late')}",
        "help: set a flag before notify(), and test it before each wait: while not flag: condition.wait()",
    ]


def test_a_deadlock_for_a_permit_that_was_not_given_back():
    def body():
        permits = Semaphore(1)

        def take():
            permits.acquire()

        in_threads(takes=take, waits=take)

    timeline = told(body).timeline
    assert re.fullmatch(r"Deadlock: Semaphore \(created at \S+:\d+\) is never released", timeline.bug)
    assert waited_for(timeline) == {"waits": "Semaphore", "main": "thread waits"}


def test_a_deadlock_for_a_lock_of_a_thread_that_has_ended():
    def body():
        lock = Lock()

        def take():
            lock.acquire()  # the lock that is not released

        in_threads(takes=take, waits=take)

    assert lines_of(told(body).timeline) == [
        "Deadlock: Lock is held by takes, which has ended",
        f"takes acquires Lock at {at('the lock that is not released')}",
        "help: release it in takes: use `with`",
    ]


def test_threads_of_one_name_have_numbers():
    account = Account()

    def work():
        account.balance += 1

    def body():
        account.balance = 0
        threads = [Thread(target=work, name=name) for name in ("same", "same", "other")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert account.balance == 3

    timeline = told_of_finding(body).timeline
    assert timeline.threads == ("main", "same #1", "same #2", "other")
    assert texts(timeline) == [
        "same #1 reads 0", "same #2 writes 0 -> 1", "same #1 writes 1 -> 1",
    ]  # fmt: skip


def test_without_the_choices_a_lost_update_is_named_but_no_context_switch():
    account = Account()

    def work():
        account.balance += 1

    def body():
        account.balance = 0
        in_threads(left=work, right=work)
        assert account.balance == 2

    found = told_of_finding(body)
    timeline = timeline_of(found.outcome, None)
    assert timeline.bug == "Lost update on Account.balance"
    assert [each.text for each in timeline.evidence] == ["left reads it", "right writes it", "left writes it"]
    assert not timeline.is_plain
    assert not any(event.switch for event in timeline.events)


def test_without_the_choices_nothing_is_said_of_other_bugs():
    account = Account()

    def deposit():
        account.balance = 1

    def check():
        assert account.balance == 0

    def body():
        account.balance = 0
        in_threads(left=check, right=deposit)

    found = told_of_finding(body)
    assert found.timeline.bug
    timeline = timeline_of(found.outcome, None)
    assert lines_of(timeline) == [""]
    assert not timeline.is_plain


ITEMS = [1]
TABLE = {"k": 1}


def expressions():
    holder = Account()
    holder.items = ITEMS
    return [
        ("ITEMS", lambda: ITEMS[0]),
        ("TABLE", lambda: TABLE["k"]),
        ("TABLE", lambda: "k" in TABLE),
        ("TABLE", lambda: "k" not in TABLE),
        ("TABLE", lambda: TABLE.get("k")),
        ("ITEMS", lambda: len(ITEMS)),
        ("holder.items", lambda: holder.items.append(2)),
        ("holder.items", lambda: sorted(holder.items)),
        # No plain name, or too long a one.
        ("a list", lambda: (ITEMS or [1])[0]),
        ("a list", lambda: (holder.items if holder else ITEMS).append(3)),
    ]


@pytest.mark.parametrize(("called", "access"), expressions(), ids=lambda value: value if isinstance(value, str) else "")
def test_containers_are_called_as_in_the_source(called, access):
    def body():
        in_threads(left=access, right=lambda: (ITEMS.append(0), TABLE.update(k=2)))

    names = {
        event.what.rpartition(" of ")[2].partition("[")[0] for event in told(body).timeline.events if event.thread == 1
    }
    assert called in names


def test_a_long_execution_with_many_switches_is_described_quickly():
    """Not each switch is compared with each access: that would take hours."""
    account = Account()

    def work():
        for _ in range(1_000):
            account.balance += 1

    def body():
        account.balance = 0
        in_threads(left=work, right=work)
        assert account.balance == 2_000

    found = told(body, RandomWalk(1))
    assert sum(point.is_switch for point in found.recorded.points) > 1_000
    assert found.timeline.bug == "Lost update on Account.balance"
    # One update that is lost, of hundreds: reads and writes with nothing else in between.
    assert len(found.timeline.evidence) == 3
    first, second, last = (each.text.split() for each in found.timeline.evidence)
    assert (first[1], second[1], last[1]) == ("reads", "writes", "writes")
    assert (first[0], second[2]) == (last[0], first[2])


def test_steps_that_the_failing_line_does_not_depend_on_are_not_reported():
    """Though it is what two threads do in another order than usual."""
    results, journal = {}, []

    def compute():
        journal.append("compute")
        results["x"] = 42  # uninvolved: write

    def report():
        journal.append("report")
        return results["x"]  # uninvolved: read

    def body():
        results.clear()
        in_threads(computes=compute, reports=report)

    bug, reads, *rest = found_in(body)
    assert bug == "Order violation: reports reads results['x'] before computes writes it"
    assert reads == f"reports finds nothing at {at('uninvolved: read')}"
    assert rest == [
        f"computes sets 42 (was unset) after the failure at {at('uninvolved: write')}",
        "help: make the order explicit: with an Event, a queue or join()",
    ]


class Pool:
    """Nothing is live between the last two lines of `drop`."""

    def __init__(self):
        self.live, self.dead, self.turn = [1], queue.Queue(), -1

    def take(self):
        if not self.live and not self.dead.empty():
            self.live.append(self.dead.get())
        self.turn += 1
        self.turn %= len(self.live)  # emptied: fails
        return self.live[0]

    def drop(self):
        self.turn += 1
        self.turn -= 1
        self.live.remove(1)  # emptied: here
        self.dead.put(1)  # emptied: too late


def test_what_a_thread_has_left_behind_unfinished():
    """The failing line reads `turn`, too, which both have written; but its value is the thread's own."""

    def body():
        pool = Pool()
        in_threads(drops=pool.drop, takes=pool.take)

    assert found_in(body)[:3] == [
        "Dirty read of self.live by takes",
        f"drops calls self.live.remove() on [1] at {at('emptied: here')}",
        f"takes reads [] at {at('emptied: fails')}",
    ]


def test_what_was_read_at_two_times():
    ours, theirs = Account(), Account()

    def move():
        ours.balance -= 10  # apart: first
        theirs.balance += 10  # apart: second

    def audit():
        first = ours.balance  # apart: read
        assert first == 90 or theirs.balance == 100  # apart: read later

    def body():
        ours.balance = theirs.balance = 100
        in_threads(audits=audit, moves=move)

    assert found_in(body)[1:] == [
        f"audits reads Account #1.balance (100) at {at('apart: read')}",
        f"moves writes Account #1.balance (100 -> 90) at {at('apart: first')}",
        f"moves writes Account #2.balance (100 -> 110) at {at('apart: second')}",
        f"audits reads Account #2.balance (110) at {at('apart: read later')}",
        f"help: make both reads one atomic step: {hold('apart: read', 'apart: read later')}, and from "
        f"{at('apart: first')} to {line('apart: second')}",
    ]


class Lazy(types.ModuleType):
    def __getattribute__(self, name):
        self.__class__ = types.ModuleType  # lazy: class
        vars(self)["value"] = 1  # lazy: loads
        return getattr(self, name)


def test_a_class_that_is_assigned_changes_every_attribute():
    def body():
        module = types.ModuleType("module")
        module.__class__ = Lazy
        in_threads(left=lambda: module.value, right=lambda: module.value)  # lazy: read

    bug, *lines = found_in(body)
    assert bug.startswith("Dirty read of ")
    assert bug.endswith(" by right")
    assert lines == [
        f"left writes <class Lazy> -> <class module> at {at('lazy: class')}",
        f"right reads attribute value at {at('lazy: read')}",
        f"left sets item 'value' of a dict to 1 after the failure at {at('lazy: loads')}",
        f"help: make both writes one atomic step: {hold('lazy: class', 'lazy: loads')}, and in the "
        f"lambda at {at('lazy: read')}",
    ]


# -- switches of the scheduler's own --


def test_a_thread_that_changed_nothing_for_long_gave_way():
    table = {number: number for number in range(200)}

    def look():
        for _ in table.keys():  # given: looks
            pass

    def add():
        table["new"] = 1  # given: adds

    def body():
        table.pop("new", None)
        in_threads(looks=look, adds=add)

    found = told(body)
    assert not found.recorded.switches
    (note,) = found.timeline.notes
    text = re.fullmatch(r"looks had run (\d+) steps without changing anything, so the scheduler ran adds\.", note)
    assert SPIN_STEPS <= int(text[1]) <= SPIN_STEPS + 5
    # Where calls are seen by `settrace`, the dictionary's name is not known.
    assert re.fullmatch(r"Concurrent modification of (table|a dict) during iteration", found.timeline.bug)
    first, change, last = found.timeline.evidence
    assert first.text.startswith("looks iterates {0: 0, ")
    assert last.text.startswith("looks iterates {0: 0, ")
    assert re.fullmatch(r"adds sets (table\['new'\]|item 'new' of a dict) to 1", change.text)
    assert [each.place.rpartition("/")[2] for each in (first, change, last)] == [
        at("given: looks"), at("given: adds"), at("given: looks"),
    ]  # fmt: skip
    assert found.timeline.help == (
        "hold one lock for the iteration and for each change, or iterate over a copy made under it"
    )
    (event,) = (event for event in found.timeline.events if event.gave_way)
    assert found.timeline.threads[event.thread] == "adds"
    assert not any(event.switch for event in found.timeline.events)


def test_a_thread_that_changes_something_gave_way_as_it_ran_for_long():
    account = Account()

    def work():
        for _ in range(2_500):
            value = account.balance
            account.balance = value + 1

    def body():
        account.balance = 0
        in_threads(left=work, right=work)
        assert account.balance == 5_000

    found = told(body)
    assert not found.recorded.switches
    assert found.timeline.bug == "Lost update on Account.balance"
    assert found.timeline.evidence[0].text.startswith("left reads ")
    text = re.fullmatch(r"left had run ([\d,]+) steps in a row, so the scheduler ran right\.", found.timeline.notes[0])
    names = [unit.name for unit, _, _ in found.outcome.log]
    begin = names.index("left")
    assert int(text[1].replace(",", "")) == names.index("right", begin) - begin


def test_a_turn_without_consequences_is_reported_only_if_there_is_nothing_else():
    account = Account()

    def look():
        for _ in range(100):
            account.balance  # noqa: B018

    def body():
        account.balance = 0
        in_threads(left=look, right=look)
        raise AssertionError

    timeline = told(body).timeline
    (note,) = timeline.notes
    assert re.fullmatch(
        r"(left|right) had run \d+ steps without changing anything, so the scheduler ran (right|left)\.", note
    )
    assert lines_of(timeline) == [""]
    assert timeline.story == note
