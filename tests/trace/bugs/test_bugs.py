"""Each class of bug has its name, its steps and what helps."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
import time
import weakref
from collections import Counter, defaultdict, deque
from queue import Queue, SimpleQueue
from threading import Condition, Event, Lock, Semaphore, Thread

import pytest

from pytest_interleave.trace.bugs._bug import WIDEST

from ..telling import Marks, in_threads, quiet, steps, texts, told, told_of_finding

pytestmark = quiet

line = Marks(__file__).line


class Stock:
    def __init__(self):
        self.left = 1
        self.sold = 0
        self.items = {}


def bug_of(body):
    timeline = told_of_finding(body).timeline
    assert len(timeline.bug) <= WIDEST
    return timeline


# -- lost updates --


def test_a_lost_update_of_one_statement():
    stock = Stock()

    def sell():
        stock.sold += 1  # update

    def body():
        stock.sold = 0
        in_threads(left=sell, right=sell)
        assert stock.sold == 2

    timeline = bug_of(body)
    assert timeline.bug == "Lost update on Stock.sold"
    assert steps(timeline) == [
        ("left reads 0", "update"),
        ("right writes 0 -> 1", "update"),
        ("left writes 1 -> 1", "update"),
    ]
    assert timeline.help == (f"make read and write one atomic step: hold one lock around test_bugs.py:{line('update')}")


def test_a_lost_update_over_two_functions():
    stock = Stock()

    def look():
        return stock.sold

    def write(value):
        stock.sold = value

    def sell():
        write(look() + 1)  # functions: caller

    def body():
        stock.sold = 0
        in_threads(left=sell, right=sell)
        assert stock.sold == 2

    timeline = bug_of(body)
    assert timeline.bug == "Lost update on Stock.sold"
    assert timeline.help == (
        f"make read and write one atomic step: hold one lock around test_bugs.py:{line('functions: caller')}"
    )


# -- checks --


def test_check_then_act_by_a_membership_test():
    table, made = {}, []

    def get():
        if "key" not in table:  # in: check
            table["key"] = made.append(1)  # in: act

    def body():
        table.clear()
        made.clear()
        in_threads(left=get, right=get)
        assert len(made) == 1

    timeline = bug_of(body)
    assert timeline.bug == "Check-then-act race on table['key']"
    assert steps(timeline) == [
        ("left checks, not found", "in: check"),
        ("right sets None (was unset)", "in: act"),
        ("left writes None -> None", "in: act"),
    ]
    assert timeline.help == (
        f"make check and act one atomic step: hold one lock from test_bugs.py:{line('in: check')} "
        f"to {line('in: act')}, or use an atomic call such as dict.setdefault()"
    )


def test_check_then_act_by_a_condition():
    """Though the act reads once more before it writes."""
    stock = Stock()

    def buy():
        if stock.left > 0:  # if: check
            stock.left -= 1  # if: act

    def body():
        stock.left = 1
        in_threads(left=buy, right=buy)
        assert stock.left == 0

    timeline = bug_of(body)
    assert timeline.bug == "Check-then-act race on Stock.left"
    assert steps(timeline) == [
        ("left reads 1", "if: check"),
        ("right writes 1 -> 0", "if: act"),
        ("left writes 0 -> -1", "if: act"),
    ]
    assert timeline.help.endswith(f"hold one lock from test_bugs.py:{line('if: check')} to {line('if: act')}")


def test_check_then_act_by_a_look_up():
    table, made = {}, []

    def get():
        found = table.get("key")  # get: check
        if found is None:
            table["key"] = made.append(1) or 1  # get: act

    def body():
        table.clear()
        made.clear()
        in_threads(left=get, right=get)
        assert len(made) == 1

    timeline = bug_of(body)
    assert timeline.bug == "Check-then-act race on table['key']"
    assert steps(timeline)[1:] == [
        ("right sets 1 (was unset)", "get: act"),
        ("left writes 1 -> 1", "get: act"),
    ]
    assert steps(timeline)[0][0].startswith("left calls .get()")


def test_check_then_act_by_a_variable_that_is_tested_later():
    stock = Stock()

    def buy():
        left = stock.left  # later: check
        if left > 0:
            stock.left = left - 1  # later: act
            stock.sold += 1

    def body():
        stock.left, stock.sold = 1, 0
        in_threads(left=buy, right=buy)
        assert stock.left + stock.sold == 1

    timeline = bug_of(body)
    assert timeline.bug == "Check-then-act race on Stock.left"
    assert steps(timeline) == [
        ("left reads 1", "later: check"),
        ("right writes 1 -> 0", "later: act"),
        ("left writes 0 -> 0", "later: act"),
    ]


def test_check_then_act_by_an_item_that_is_missing():
    table, made = {}, []

    def get():
        try:
            return table["key"]  # missing: check
        except KeyError:
            table["key"] = made.append(1) or 1  # missing: act

    def body():
        table.clear()
        made.clear()
        in_threads(left=get, right=get)
        assert len(made) == 1

    timeline = bug_of(body)
    assert timeline.bug == "Check-then-act race on table['key']"
    assert [mark for _, mark in steps(timeline)] == ["missing: check", "missing: act", "missing: act"]


def test_check_then_act_on_a_container_that_is_emptied():
    jobs = deque()

    def work():
        while jobs:  # emptied: check
            jobs.popleft()  # emptied: act

    def body():
        jobs.clear()
        jobs.append(1)
        in_threads(left=work, right=work)

    timeline = bug_of(body)
    assert timeline.bug == "Check-then-act race on jobs"
    assert [mark for _, mark in steps(timeline)] == ["emptied: check", "emptied: act", "emptied: act"]


# -- reads --


def test_inconsistent_reads():
    stock = Stock()

    def look():
        before = stock.left  # reads: first
        return before - stock.left  # reads: second

    def sell():
        stock.left = 0  # reads: write

    def body():
        stock.left = 1
        found = []
        in_threads(looks=lambda: found.append(look()), sells=sell)
        assert found == [0]

    timeline = bug_of(body)
    assert timeline.bug == "Inconsistent reads of Stock.left"
    assert steps(timeline) == [
        ("looks reads 1", "reads: first"),
        ("sells writes 1 -> 0", "reads: write"),
        ("looks reads 0", "reads: second"),
    ]
    assert timeline.help == (
        f"make both reads one atomic step: hold one lock from test_bugs.py:{line('reads: first')} to "
        f"{line('reads: second')}, "
        f"and at test_bugs.py:{line('reads: write')}"
    )


def test_a_dirty_read_between_two_writes_of_one_attribute():
    stock = Stock()

    def sell():
        stock.left = -1  # dirty: first
        stock.left = 0  # dirty: second

    def look():
        assert stock.left >= 0  # dirty: read

    def body():
        stock.left = 1
        in_threads(sells=sell, looks=look)

    timeline = bug_of(body)
    assert timeline.bug == "Dirty read of Stock.left by looks"
    assert steps(timeline) == [
        ("sells writes 1 -> -1", "dirty: first"),
        ("looks reads -1", "dirty: read"),
        ("sells writes -1 -> 0 after the failure", "dirty: second"),
    ]
    assert timeline.help == (
        f"make both writes one atomic step: hold one lock from test_bugs.py:{line('dirty: first')} to "
        f"{line('dirty: second')}, and at test_bugs.py:{line('dirty: read')}"
    )


def test_a_dirty_read_between_the_writes_of_two_attributes():
    stock = Stock()

    def sell():
        stock.left -= 1  # both: first
        stock.sold += 1  # both: second

    def look():
        assert stock.left + stock.sold == 1  # both: read

    def body():
        stock.left, stock.sold = 1, 0
        in_threads(sells=sell, looks=look)

    timeline = bug_of(body)
    assert timeline.bug == "Dirty read of Stock.left and Stock.sold by looks"
    assert steps(timeline) == [
        ("sells writes Stock.left (1 -> 0)", "both: first"),
        ("looks reads Stock.left (0)", "both: read"),
        ("looks reads Stock.sold (0)", "both: read"),
        ("sells writes Stock.sold (0 -> 1) after the failure", "both: second"),
    ]
    assert timeline.help.startswith("make both writes one atomic step: hold one lock from ")


def test_a_stale_read():
    stock = Stock()

    def body():
        stock.left = 1
        closed = Event()

        def close():
            stock.left = 0  # stale: write
            closed.set()

        def use():
            left = stock.left  # stale: read
            assert left == 0 or not closed.is_set()

        in_threads(uses=use, closes=close)

    timeline = bug_of(body)
    assert timeline.bug == "Stale read of Stock.left by uses"
    assert steps(timeline) == [("uses reads 1", "stale: read"), ("closes writes 1 -> 0", "stale: write")]
    assert timeline.help == ""


# -- orders --


def test_read_before_it_is_set():
    stock = Stock()

    def fill():
        stock.items = {"a": 1}  # set: write

    def use():
        return stock.items["a"]  # set: read

    def body():
        stock.items = None
        in_threads(fills=fill, uses=use)

    timeline = bug_of(body)
    assert timeline.bug == "Order violation: uses reads Stock.items before fills writes it"
    assert steps(timeline) == [
        ("uses reads None", "set: read"),
        ("fills writes None -> {'a': 1} after the failure", "set: write"),
    ]
    assert timeline.help == "make the order explicit: with an Event, a queue or join()"


def test_changed_before_it_is_read():
    stock = Stock()

    def close():
        stock.items = None  # closed: write

    def use():
        return stock.items["a"]  # closed: read

    def body():
        stock.items = {"a": 1}
        in_threads(uses=use, closes=close)

    timeline = bug_of(body)
    assert timeline.bug == "Order violation: closes changes Stock.items before uses reads it"
    assert steps(timeline) == [("closes writes {'a': 1} -> None", "closed: write"), ("uses reads None", "closed: read")]


def test_two_writes_in_another_order():
    stock = Stock()

    def first():
        stock.left = 1  # order: first

    def second():
        stock.left = 2  # order: second

    def body():
        stock.left = 0
        in_threads(first=first, second=second)
        assert stock.left == 2

    timeline = bug_of(body)
    assert timeline.bug == "Order violation: second changes Stock.left before first does"
    assert steps(timeline) == [("second writes 0 -> 2", "order: second"), ("first writes 2 -> 1", "order: first")]


def test_a_headline_does_not_get_too_long():
    stock = Stock()
    names = {f"a thread with a very long name, {name}": None for name in ("first", "second")}

    def write():
        stock.items = {"a": 1}

    def read():
        return stock.items["a"]

    def body():
        stock.items = None
        in_threads(**dict(zip(names, (write, read), strict=True)))

    assert bug_of(body).bug == "Order violation on Stock.items"


# -- others --


def test_a_container_that_changes_while_it_is_iterated_over():
    table = {}

    def add():
        table["new"] = 1  # loop: change

    def total():
        return sum(value for value in table.values())  # loop: iterate

    def body():
        table.clear()
        table.update(a=1, b=2)
        in_threads(totals=total, adds=add)

    timeline = bug_of(body)
    assert timeline.bug in (
        "Concurrent modification of table during iteration",
        "Concurrent modification of a dict during iteration",
    )
    assert [mark for _, mark in steps(timeline)] == ["loop: iterate", "loop: change", "loop: iterate"]
    assert timeline.help == "hold one lock for the iteration and for each change, or iterate over a copy made under it"


def test_atomicity_violation_between_two_uses_of_a_semaphore():
    def body():
        permits = Semaphore(1)

        def take():
            if permits.acquire(blocking=False):  # semaphore: test
                permits.release()  # semaphore: gives back
                assert permits.acquire(blocking=False)  # semaphore: takes

        in_threads(left=take, right=take)

    timeline = bug_of(body)
    assert timeline.bug == "Atomicity violation between two uses of Semaphore"
    threads = [text.partition(" ")[0] for text, _ in steps(timeline)]
    assert list(zip(threads, [mark for _, mark in steps(timeline)], strict=True)) == [
        ("left", "semaphore: gives back"),
        ("right", "semaphore: takes"),
        ("left", "semaphore: takes"),
    ]
    assert timeline.help == (
        "make both uses one atomic step: hold one lock from "
        f"test_bugs.py:{line('semaphore: gives back')} to {line('semaphore: takes')}"
    )


def test_a_notification_before_the_wait():
    condition = Condition()

    def notify():
        with condition:
            condition.notify()  # wake-up: notify

    def wait():
        with condition:
            assert condition.wait(timeout=1)  # wake-up: wait

    def body():
        in_threads(waits=wait, notifies=notify)

    timeline = bug_of(body)
    assert timeline.bug == "Lost wake-up on Condition: notified before the wait"
    assert steps(timeline) == [
        ("notifies notifies Condition", "wake-up: notify"),
        ("waits starts to wait on Condition", "wake-up: wait"),
    ]
    assert timeline.help == "test the condition again in a loop, under the lock: while not ready: condition.wait()"


def test_a_lock_around_one_of_two_steps_does_not_hide_the_bug():
    stock, lock = Stock(), Lock()

    def sell():
        with lock:
            sold = stock.sold  # locked: read
        with lock:
            stock.sold = sold + 1  # locked: write

    def body():
        stock.sold = 0
        in_threads(left=sell, right=sell)
        assert stock.sold == 2

    timeline = bug_of(body)
    assert timeline.bug == "Lost update on Stock.sold"
    assert timeline.help == (
        f"hold lock from test_bugs.py:{line('locked: read')} to {line('locked: write')}, "
        "without releasing it in between"
    )


@pytest.mark.parametrize("loops", [1, 2])
def test_without_a_failure_there_is_no_bug(loops):
    stock = Stock()

    def sell():
        for _ in range(loops):
            stock.sold += 1

    timeline = told(lambda: in_threads(left=sell, right=sell)).timeline
    assert (timeline.bug, timeline.evidence, timeline.help) == ("", (), "")


# -- what has another name than it should --


def test_a_lost_update_of_an_item_that_is_missing():
    counts = Counter()

    def hit():
        counts["hits"] += 1

    def body():
        counts.clear()
        in_threads(left=hit, right=hit)
        assert counts["hits"] == 2

    assert bug_of(body).bug == "Lost update on counts['hits']"


class Document:
    def __init__(self):
        self.text = "x"

    def close(self):
        self.__class__ = Closed


class Closed(Document):
    def __setattr__(self, name, value):
        raise AttributeError(name)


def test_an_object_that_gets_another_class_during_an_update():
    def body():
        document = Document()

        def edit():
            if not isinstance(document, Closed):
                document.text = document.text + "y"

        in_threads(edits=edit, closes=document.close)

    assert bug_of(body).bug == "Atomicity violation on Document.__class__"


def test_an_object_that_gets_another_class_before_a_use():
    def body():
        document = Document()

        def edit():
            document.text = "y"

        in_threads(edits=edit, closes=document.close)

    bug = bug_of(body).bug
    assert "Document.__class__" in bug
    assert not bug.startswith("Lost update")


class WriteBehind:
    def __init__(self):
        self.stored, self.dirty = {}, {"a": 1}

    def put(self):
        self.dirty["b"] = 2

    def flush(self):
        self.stored.update(self.dirty)
        self.dirty.clear()


def test_a_call_on_one_container_that_reads_another_one():
    def body():
        cache = WriteBehind()
        in_threads(flushes=cache.flush, puts=cache.put)
        cache.flush()
        assert cache.stored == {"a": 1, "b": 2}

    timeline = bug_of(body)
    assert timeline.bug == "Lost update on self.dirty"
    assert texts(timeline)[0] == "flushes calls self.stored.update() on {}"


def test_inconsistent_reads_of_two_attributes():
    stock = Stock()

    def sell():
        stock.left -= 1
        stock.sold += 1

    def look():
        left = stock.left
        assert left + stock.sold <= 1

    def body():
        stock.left, stock.sold = 1, 0
        in_threads(looks=look, sells=sell)

    timeline = bug_of(body)
    assert timeline.bug.startswith("Inconsistent reads of ")
    assert timeline.help.startswith("make both reads one atomic step: hold one lock from test_bugs.py:")


class Pair:
    def __init__(self):
        self.left = self.right = 0
        self.lock = Lock()
        self.both = {"left": 0, "right": 0}

    def assign(self):
        with self.lock:
            self.left = 1  # pair: left
            self.right = 1

    def assign_apart(self):
        with self.lock:
            self.left = 1  # apart: left
        with self.lock:
            self.right = 1  # apart: right

    def replace(self):
        self.both = {"left": 1, "right": 1}  # both: write

    def look(self):
        return self.both["left"], self.both["right"]  # both: reads


def test_inconsistent_reads_of_what_is_written_under_a_lock():
    def body():
        pair, found = Pair(), []
        in_threads(
            looks=lambda: found.extend((pair.left, pair.right)),  # pair: reads
            writes=pair.assign,
        )
        assert found[0] >= found[1]

    timeline = bug_of(body)
    assert timeline.bug == "Inconsistent reads of Pair.left and Pair.right"
    place = f"test_bugs.py:{line('pair: left')}"
    where = f"in the lambda at test_bugs.py:{line('pair: reads')}"
    assert timeline.help == f"hold Pair.lock {where}, too, as writes does at {place}"


def test_a_lock_that_is_released_between_two_writes_does_not_make_reads_consistent():
    def body():
        pair, found = Pair(), []
        in_threads(
            looks=lambda: found.extend((pair.left, pair.right)),  # apart: reads
            writes=pair.assign_apart,
        )
        assert found[0] >= found[1]

    lines = f"from test_bugs.py:{line('apart: left')} to {line('apart: right')}"
    where = f"in the lambda at test_bugs.py:{line('apart: reads')}"
    assert bug_of(body).help == f"make both reads one atomic step: hold one lock {where}, and {lines}"


def test_two_reads_in_one_line():
    def body():
        pair, found = Pair(), []
        in_threads(looks=lambda: found.extend(pair.look()), writes=pair.replace)
        assert found[0] == found[1]

    timeline = bug_of(body)
    assert timeline.bug == "Inconsistent reads of Pair.both"
    where = f"around test_bugs.py:{line('both: reads')}, and at test_bugs.py:{line('both: write')}"
    assert timeline.help == f"make both reads one atomic step: hold one lock {where}"


def test_a_line_that_reads_once_in_each_round_of_a_loop():
    def body():
        pair, rounds = Pair(), []

        def look():
            while not pair.left:
                rounds.append(1)

        in_threads(looks=look, writes=pair.assign)
        assert not rounds

    assert "Inconsistent reads" not in bug_of(body).bug


def test_an_event_is_no_container():
    def body():
        opened, stock = Event(), Stock()
        opened.set()

        def close():
            stock.left = 0
            opened.clear()

        def use():
            left = stock.left
            assert left == 0 or opened.is_set()

        in_threads(uses=use, closes=close)

    timeline = bug_of(body)
    assert "clear" not in timeline.bug
    assert not any("clear.clear" in each.text for each in timeline.evidence)


# -- containers that change --


def test_a_list_that_changes_while_it_is_sorted():
    items, ranks = [], {3: 0, 1: 1, 2: 2}

    def rank(item):
        return ranks[item]

    def sort():
        items.sort(key=rank)  # sorted: sort

    def add():
        items.append(1)  # sorted: change

    def body():
        items[:] = [3, 1, 2]
        in_threads(sorts=sort, adds=add)

    timeline = bug_of(body)
    assert timeline.bug == "Concurrent modification of items during sort"
    assert [mark for _, mark in steps(timeline)] == ["sorted: sort", "sorted: change"]


class Ranked:
    def __init__(self, rank):
        self.rank = rank

    def __lt__(self, other):
        return self.rank < other.rank  # within: compare

    def __eq__(self, other):
        return self.rank == other.rank

    __hash__ = None


def three_ranked():
    return [Ranked(3), Ranked(1), Ranked(2)]


def test_a_list_that_changes_while_its_elements_are_compared():
    def body():
        items = three_ranked()

        def look():
            assert items.index(Ranked(2)) in (1, 2)

        in_threads(looks=look, takes=lambda: items.pop(0))

    timeline = bug_of(body)
    assert timeline.bug == "Concurrent modification of items during items.index()"
    first, *others = texts(timeline)
    assert first.startswith("looks reads [")
    assert [text.partition(" on ")[0] for text in others] == [
        "takes calls items.pop()",
        "looks continues items.index()",
    ]


def test_a_list_that_is_read_while_it_is_sorted():
    def body():
        items = three_ranked()

        def sort():
            items.sort()  # within: sort

        def count():
            assert len(items) == 3  # within: count

        in_threads(sorts=sort, counts=count)

    timeline = bug_of(body)
    assert timeline.bug == "Dirty read of items by counts: items.sort() is under way"
    assert [mark for _, mark in steps(timeline)] == ["within: sort", "within: count", "within: compare"]
    assert timeline.help.startswith("hold one lock around ")


def test_an_item_that_two_threads_add_is_no_intermediate_state():
    class Name:
        def __init__(self, name):
            self.name = name

        def __hash__(self):
            return hash(self.name)

        def __eq__(self, other):
            return self.name == other.name

    def body():
        seen, added = set(), []
        names = [Name("one"), Name("one")]

        def add(name):
            if name not in seen:
                seen.add(name)
                added.append(1)

        in_threads(left=lambda: add(names[0]), right=lambda: add(names[1]))
        assert len(added) == 1

    assert not bug_of(body).bug.startswith(("Dirty read", "Concurrent modification"))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="it has a lock there")
def test_a_cached_property_that_is_computed_twice():
    class Report:
        computed = 0

        @functools.cached_property
        def total(self):
            self.computed = 1
            return object()

    def body():
        report, seen = Report(), {}
        in_threads(left=lambda: seen.__setitem__(0, report.total), right=lambda: seen.__setitem__(1, report.total))
        assert seen[0] is seen[1]

    assert bug_of(body).bug == "Check-then-act race on Report.total"


# -- which read an update depends on --


@pytest.mark.parametrize("reads_between", [True, False])
def test_a_read_that_the_write_does_not_depend_on_is_no_part_of_it(reads_between):
    stock = Stock()

    def add():
        sold = stock.sold  # source: read
        if reads_between:
            str(stock.sold)
        stock.sold = sold + 1  # source: write

    def body():
        stock.sold = 0
        in_threads(left=add, right=add)
        assert stock.sold == 2

    timeline = bug_of(body)
    assert timeline.bug == "Lost update on Stock.sold"
    assert [mark for _, mark in steps(timeline)] == ["source: read", "source: write", "source: write"]
    assert timeline.help == (
        f"make read and write one atomic step: hold one lock from test_bugs.py:{line('source: read')} "
        f"to {line('source: write')}"
    )


def test_a_read_under_a_lock_does_not_make_the_one_before_it_right():
    """The second read sees the change, but what is written depends on the first one."""
    lock = Lock()
    value = 0

    def add():
        nonlocal value
        before = value  # apart: read
        with lock:
            str(value)
            value = before + 1  # apart: write

    def body():
        nonlocal value
        value = 0
        in_threads(left=add, right=add)
        assert value == 2

    timeline = bug_of(body)
    assert timeline.bug == "Lost update on closure variable value"
    assert [mark for _, mark in steps(timeline)] == ["apart: read", "apart: write", "apart: write"]


class Breaker:
    def __init__(self):
        self.lock = Lock()
        self.failures = 0
        self.open = False

    def fail(self):
        with self.lock:
            self.failures += 1  # breaker: count
        if self.failures == 3:  # breaker: check
            self.open = True


def test_what_a_lock_protects_says_more_than_its_uses():
    """Though the failing line reads what was never written, because the check has found another value."""

    def body():
        breaker = Breaker()

        def fail_twice():
            for _ in range(2):
                breaker.fail()

        in_threads(left=fail_twice, right=fail_twice)
        assert breaker.open

    timeline = bug_of(body)
    assert timeline.bug == "Atomicity violation on Breaker.failures"
    assert [mark for _, mark in steps(timeline)] == ["breaker: count", "breaker: count", "breaker: check"]
    assert timeline.help == (
        f"hold Breaker.lock from test_bugs.py:{line('breaker: count')} to {line('breaker: check')}, "
        "without releasing it in between"
    )


class Actor:
    def __init__(self):
        self.changed = Condition()
        self.messages = deque()
        self.handled = []
        self.stops = False

    def stop(self):
        with self.changed:
            self.stops = True  # actor: stop
            self.changed.notify()

    def run(self):
        while True:
            with self.changed:
                while not (self.messages or self.stops):
                    self.changed.wait(1)
                if self.stops:  # actor: leave
                    return
                message = self.messages.popleft()
            self.handled.append(message)


def test_what_was_never_written_leads_to_the_lines_that_would_have_written_it():
    def body():
        actor = Actor()
        thread = Thread(target=actor.run, name="runs")
        thread.start()
        actor.messages.append(1)
        actor.stop()
        thread.join()
        assert actor.handled == [1]

    timeline = told(body).timeline
    assert timeline.bug == "Order violation: main changes Actor.stops before runs reads it"
    assert [mark for _, mark in steps(timeline)] == ["actor: stop", "actor: leave"]


# -- conditions --


class Shelf:
    def __init__(self, *, notifies=True):
        self.changed = Condition()
        self.items = []
        self.notifies = notifies

    def put(self):
        with self.changed:
            self.items.append(1)  # shelf: put
            if self.notifies:
                self.changed.notify()

    def take_once(self, timeout=None):
        with self.changed:
            if not self.items:  # shelf: check
                self.changed.wait(timeout)  # shelf: wait
            return self.items.pop()  # shelf: take


def test_a_check_that_is_not_repeated_after_a_wait():
    def body():
        shelf = Shelf()
        in_threads(waits=shelf.take_once, takes=shelf.take_once, puts=lambda: [shelf.put(), shelf.put()])

    timeline = bug_of(body)
    assert timeline.bug == "Check-then-act race on self.items: not checked again after wait()"
    assert [mark for _, mark in steps(timeline)] == ["shelf: check", "shelf: take", "shelf: wait", "shelf: take"]
    assert timeline.help == "check again after the wait: while not ready: condition.wait()"


def test_a_check_that_is_not_repeated_after_a_wait_in_a_thread_that_hands_its_exception_on():
    """As the task of a pool does."""

    def body():
        shelf, errors = Shelf(), []

        def take():
            try:
                shelf.take_once()
            except IndexError as error:
                errors.append(error)

        in_threads(waits=take, takes=take, puts=lambda: [shelf.put(), shelf.put()])
        if errors:
            raise errors[0]

    timeline = bug_of(body)
    assert timeline.bug == "Check-then-act race on self.items: not checked again after wait()"
    assert [mark for _, mark in steps(timeline)] == ["shelf: check", "shelf: take", "shelf: wait", "shelf: take"]


def test_a_change_without_a_notification():
    def body():
        shelf = Shelf(notifies=False)

        def take():
            with shelf.changed:
                while not shelf.items:
                    if not shelf.changed.wait(5):  # vain: wait
                        raise TimeoutError
                return shelf.items.pop()

        in_threads(waits=take, puts=shelf.put)

    timeline = bug_of(body)
    assert timeline.bug == "Lost wake-up on Condition: never notified"
    assert steps(timeline)[1] == ("puts calls self.items.append() on []", "shelf: put")
    assert steps(timeline)[2] == ("waits times out waiting for Condition", "vain: wait")


def test_a_lost_update_that_the_failing_lines_do_not_depend_on():
    def body():
        stock, done, ended = Stock(), [], Event()
        stock.left = 2

        def work():
            done.append(1)
            stock.left -= 1
            if stock.left == 0:
                ended.set()

        in_threads(left=work, right=work)
        result = ended.is_set(), len(done)
        assert result == (True, 2)

    assert bug_of(body).bug == "Lost update on Stock.left"


def test_a_call_that_a_thread_makes_itself():
    def body():
        items = three_ranked()

        def count():
            assert len(items) == 3

        threads = [Thread(target=items.sort, name="sorts"), Thread(target=count, name="counts")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    timeline = bug_of(body)
    assert timeline.bug == "Dirty read of items by counts: sort() is under way"
    assert [each.text.partition(" on ")[0] for each in timeline.evidence] == [
        "sorts calls sort()",
        "counts reads []",
        "sorts continues sort() after the failure",
    ]
    assert timeline.help == "give the threads functions that hold one lock around these calls"


def test_elements_that_are_skipped():
    """Though no exception says so."""
    items, found = [], []

    def walk():
        for item in items:  # skipped: loop
            found.append(item)

    def drop():
        items.remove(1)  # skipped: change

    def body():
        items[:] = [1, 2, 3]
        found.clear()
        in_threads(walks=walk, drops=drop)
        assert found[-2:] == [2, 3]

    timeline = bug_of(body)
    assert timeline.bug == "Concurrent modification of items during iteration"
    assert [mark for _, mark in steps(timeline)] == ["skipped: loop", "skipped: change", "skipped: loop"]


def test_a_loop_over_what_a_method_returns_has_not_the_name_of_its_argument():
    table, topic, found = {}, "news", []

    def walk():
        for item in table.get(topic, []):
            found.append(item)

    def body():
        table[topic] = [1, 2, 3]
        found.clear()
        in_threads(walks=walk, drops=lambda: table[topic].remove(1))
        assert found[-2:] == [2, 3]

    timeline = bug_of(body)
    assert timeline.bug == "Concurrent modification of table[topic] during iteration"
    assert not any("topic" in text.replace("table[topic]", "") for text, _ in steps(timeline))


def test_elements_that_the_loop_itself_removes():
    items = []

    def purge():
        for item in items:  # purged: loop
            if item % 2 == 0:
                items.remove(item)  # purged: act

    def body():
        items[:] = [1, 2, 3, 4]
        in_threads(left=purge, right=purge)

    assert bug_of(body).bug == "Concurrent modification of items during iteration"


def test_indices_that_are_no_longer_there():
    numbers = []

    def total():
        found = 0
        for at in range(len(numbers)):
            found += numbers[at]
        return found

    def body():
        numbers[:] = [1, 2, 3]
        in_threads(totals=total, drops=lambda: numbers.pop())

    assert bug_of(body).bug == "Concurrent modification of numbers during iteration"


def test_a_line_in_no_loop_that_is_run_twice_is_no_iteration():
    numbers = []

    def get(at):
        return numbers[at]

    def read():
        first = get(0)
        return first + get(1)

    def body():
        numbers[:] = [1, 2]
        in_threads(reads=read, drops=numbers.clear)

    assert "iteration" not in bug_of(body).bug


@pytest.mark.parametrize("way", ["remove", "pop", "del"])
def test_check_then_act_by_taking_what_was_read_before(way):
    free = []

    def take():
        chosen = free[-1]  # taken: check
        if way == "remove":
            free.remove(chosen)
        elif way == "pop":
            free.pop()
        else:
            del free[-1]
        return chosen

    def body():
        free[:] = [1, 2]
        found = []
        in_threads(left=lambda: found.append(take()), right=lambda: found.append(take()))
        assert len(set(found)) == 2

    timeline = bug_of(body)
    if way != "del":
        assert timeline.bug == "Check-then-act race on free"
        assert timeline.help.startswith("make check and act one atomic step: ")
    assert steps(timeline)[0][1] == "taken: check"
    assert "Lost update" not in timeline.bug


def test_a_method_that_adds_loses_no_update():
    numbers = []

    def add():
        numbers.append(len(numbers))

    def body():
        numbers.clear()
        in_threads(left=add, right=add)
        assert numbers == [0, 1]

    assert bug_of(body).bug == "Atomicity violation on numbers"


def test_parts_that_are_written_in_turns():
    stream = io.StringIO()

    def write(text):
        for each in text:
            stream.write(each)

    def body():
        stream.seek(0)
        stream.truncate()
        in_threads(left=lambda: write("ab"), right=lambda: write("cd"))
        assert stream.getvalue() in ("abcd", "cdab")

    assert bug_of(body).bug == "Atomicity violation on stream"


# -- items that are made when they are missing --


def test_a_lost_update_of_an_item_that_a_defaultdict_makes():
    counts = defaultdict(int)

    def hit():
        counts["hits"] += 1

    def body():
        counts.clear()
        in_threads(left=hit, right=hit)
        assert counts["hits"] == 2

    timeline = bug_of(body)
    assert timeline.bug == "Lost update on counts['hits']"
    assert [text for text, _ in steps(timeline)] == [
        "left finds nothing",
        "right writes 0 -> 1",
        "left writes 1 -> 1",
    ]


def test_check_then_act_on_a_table_of_locks():
    locks, stock = {}, Stock()

    def sell():
        if "key" not in locks:
            locks["key"] = Lock()
        with locks["key"]:
            sold = stock.sold
            stock.sold = sold + 1

    def body():
        locks.clear()
        stock.sold = 0
        in_threads(left=sell, right=sell)
        assert stock.sold == 2

    assert bug_of(body).bug == "Check-then-act race on locks['key']"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="until Python 3.11, it had a lock")
def test_check_then_act_by_a_cached_property():
    class Lazy:
        @functools.cached_property
        def value(self):
            return object()

    def body():
        lazy, found = Lazy(), []
        in_threads(left=lambda: found.append(lazy.value), right=lambda: found.append(lazy.value))
        assert found[0] is found[1]

    timeline = bug_of(body)
    assert timeline.bug == "Check-then-act race on Lazy.value"
    assert steps(timeline)[0][0] == "left finds nothing"


# -- what belongs to the interpreter or the library --


@pytest.mark.parametrize("made", [Queue, SimpleQueue])
def test_check_then_act_on_a_queue(made):
    def body():
        jobs = made()
        jobs.put(1)

        def take():
            if not jobs.empty():  # queue: check
                jobs.get_nowait()  # queue: act

        in_threads(left=take, right=take)

    timeline = bug_of(body)
    assert timeline.bug == "Check-then-act race on jobs"
    assert [mark for _, mark in steps(timeline)] == ["queue: check", "queue: act", "queue: act"]
    assert all(text.endswith(("jobs", "jobs.empty()", "jobs.get_nowait()")) for text, _ in steps(timeline))


def test_two_threads_that_redirect_the_output():
    def show(text):
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            print(text)
        return stream.getvalue()

    def body():
        shown = []
        in_threads(left=lambda: shown.append(show("a")), right=lambda: shown.append(show("b")))
        assert sorted(shown) == ["a\n", "b\n"]

    timeline = bug_of(body)
    assert timeline.bug == "Race condition on sys.stdout: two threads redirect it"


def test_another_bug_while_the_output_is_redirected():
    stock = Stock()

    def sell():
        with contextlib.redirect_stdout(io.StringIO()):
            stock.sold += 1

    def body():
        stock.sold = 0
        in_threads(left=sell, right=sell)
        assert stock.sold == 2

    assert bug_of(body).bug == "Lost update on Stock.sold"


def test_two_threads_that_run_one_generator():
    def count():
        number = 0
        while True:
            number += 1
            yield number

    def body():
        numbers = count()
        in_threads(left=lambda: next(numbers), right=lambda: next(numbers))

    assert bug_of(body).bug == "Race condition on numbers: two threads run one generator"


# -- locks that a program has made --


class ReadersWriters:
    """Writers do not wait for each other: `_writing` is tested only once."""

    def __init__(self):
        self._changed = Condition()
        self._readers = 0
        self._writing = False

    def acquire_write(self):
        with self._changed:
            if self._writing or self._readers:
                self._changed.wait()
            self._writing = True

    def release_write(self):
        with self._changed:
            self._writing = False
            self._changed.notify_all()


def test_a_lock_of_the_program_that_does_not_hold():
    stock = Stock()

    def body():
        stock.sold = 0
        lock = ReadersWriters()

        def sell():
            lock.acquire_write()
            stock.sold += 1
            lock.release_write()

        in_threads(one=sell, two=sell, three=sell)
        assert stock.sold == 3

    timeline = bug_of(body)
    assert timeline.bug == "Lost update on Stock.sold"
    # A part of the lock is no lock to hold.
    assert "_changed" not in timeline.help


# -- locks that one side holds --


class Shop(Stock):
    def __init__(self):
        super().__init__()
        self.lock = Lock()

    def sell(self):
        with self.lock:
            sold = self.sold  # shop: read
            self.sold = sold + 1  # shop: write

    def sell_unlocked(self):
        self.sold += 1  # shop: unlocked


def test_the_lock_that_only_the_delayed_thread_holds():
    def body():
        shop = Shop()
        in_threads(locked=shop.sell, unlocked=shop.sell_unlocked)
        assert shop.sold == 2

    timeline = bug_of(body)
    assert timeline.bug == "Lost update on Shop.sold"
    reads, writes, unlocked = (line(f"shop: {mark}") for mark in ("read", "write", "unlocked"))
    assert timeline.help in (
        f"hold Shop.lock at test_bugs.py:{unlocked}, too, as locked does from test_bugs.py:{reads} to {writes}",
        f"hold Shop.lock around test_bugs.py:{unlocked}, too, as locked does at test_bugs.py:{writes}",
    )


def test_the_lock_that_only_the_other_thread_holds():
    def body():
        shop = Shop()
        in_threads(unlocked=shop.sell_unlocked, locked=shop.sell)
        assert shop.sold == 2

    assert bug_of(body).help.startswith("hold Shop.lock ")


# -- without preemption --


def test_a_lost_update_while_the_threads_sleep():
    stock = Stock()

    def sell():
        sold = stock.sold  # sleeps: read
        time.sleep(0.01)
        stock.sold = sold + 1  # sleeps: write

    def body():
        stock.sold = 0
        in_threads(left=sell, right=sell)
        assert stock.sold == 2

    timeline = told(body).timeline
    assert timeline.bug == "Lost update on Stock.sold"
    assert (timeline.is_plain, timeline.is_certain) == (True, True)
    assert sorted(mark for _, mark in steps(timeline)) == ["sleeps: read", "sleeps: write", "sleeps: write"]


def test_a_read_before_a_thread_has_started():
    """That is a bug only if another schedule passes."""

    def body():
        stock = Stock()

        def sell():
            stock.sold = 1

        thread = Thread(target=sell, name="sells")
        thread.start()
        assert stock.sold == 1
        thread.join()

    timeline = told(body).timeline
    assert timeline.bug == "Order violation: main reads Stock.sold before sells writes it"
    assert (timeline.is_plain, timeline.is_certain) == (True, False)
    bare = timeline.without_bug()
    assert (bare.bug, bare.evidence, bare.help, bare.reported) == ("", (), "", ())


def test_a_step_that_is_missing():
    """The failing line depends on a line that was not run."""
    table, refused = {}, []

    def register(number):
        if "name" in table:  # refused: check
            refused.append(number)
        else:
            table["name"] = number  # refused: act

    def body():
        table.clear()
        refused.clear()
        in_threads(left=lambda: register(1), right=lambda: register(2))
        assert len(refused) == 1

    assert bug_of(body).bug == "Check-then-act race on table['name']"


def test_threads_that_run_the_same_code_have_no_order():
    class Cart:
        def __init__(self):
            self.items, self.total = [], 0

        def add(self, price):
            self.items.append(price)
            self.total = sum(self.items)

    cart = Cart()

    def body():
        cart.__init__()
        in_threads(left=lambda: cart.add(1), right=lambda: cart.add(2))
        assert cart.total == 3

    timeline = bug_of(body)
    assert timeline.bug in ("Stale read of self.items by left", "Stale read of self.items by right")
    assert "make the order explicit" not in timeline.help


def test_an_object_that_only_a_library_knows_has_the_name_in_the_source():
    images = weakref.WeakValueDictionary()

    def get():
        image = images.get(1)
        if image is None:
            image = images[1] = Stock()
        return image

    def body():
        found = []
        images.clear()
        in_threads(left=lambda: found.append(get()), right=lambda: found.append(get()))
        assert found[0] is found[1]

    assert bug_of(body).bug == "Check-then-act race on images"


def test_a_lookup_that_has_raised_is_a_check():
    cache = {}

    class Loader:
        def __init__(self):
            self.loads = 0

        def get(self, key):
            try:
                return cache[key]
            except KeyError:
                self.loads += 1
                cache[key] = key
                return key

    loader = Loader()

    def body():
        cache.clear()
        loader.loads = 0
        in_threads(left=lambda: loader.get(1), right=lambda: loader.get(1))
        assert loader.loads == 1

    assert bug_of(body).bug == "Check-then-act race on cache[1]"
