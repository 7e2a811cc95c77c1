"""The fixture `race_detector`, and the marker's `races=True`."""

from __future__ import annotations

import re

import pytest

from .conftest import token_in

WATCHED = """
@pytest.mark.concurrency
def test_count(counter, race_detector, run_concurrent):
    race_detector.watch(counter)
    run_concurrent(counter.increment)
"""

EVERYTHING = """
@pytest.mark.concurrency(races=True)
def test_count(counter, run_concurrent):
    run_concurrent(counter.increment)
"""


@pytest.mark.parametrize("source", [WATCHED, EVERYTHING], ids=["watched", "everything"])
def test_a_race_is_a_finding_though_nothing_is_asserted_and_its_token_repeats_it(run, report, source):
    done = run(source, "--interleave-json=report.json")
    done.result.assert_outcomes(failed=1)
    (row,) = report()["tests"]
    assert row["finding"]["kind"] == "data race"
    assert row["found_at"] <= 5
    assert row["finding"]["bug"] == "Data race on Counter.value: unordered write and read"
    for line in (
        r"^E   pytest_interleave.DataRace: Counter.value is accessed without$",
        r"^E       synchronization$",
        r"^E +worker-\d writes  test_it.py:15  self.value = value \+ 1  \(no lock\)$",
        r"^E +worker-\d reads   test_it.py:14  value = self.value  \(no lock\)$",
        r"^Data race on Counter.value: unordered write and read$",
        r"^  1. worker-\d writes 0 -> 1  test_it.py:15  self.value = value \+ 1$",
        r"^  2. worker-\d reads 1        test_it.py:14  value = self.value$",
        r"^      race_detector.allow\('Counter.value'\)$",
    ):
        assert re.search(line, done.text, re.MULTILINE), done.text
    again = run(None, f"--interleave-replay={token_in(done.text)}")
    again.result.assert_outcomes(failed=1)
    assert "Replayed from token" in again.text
    told = _told(done.text)
    assert told.count("(no lock)") == 3
    assert _told(again.text) == told


def _told(text):
    return text.partition("DataRace: ")[2].partition("--- interleaving ---")[0].strip("- \n")


def test_the_evidence_is_about_the_variable_of_the_headline_if_one_line_accesses_several(run):
    done = run("""
@pytest.mark.concurrency(races=True)
def test_it(counter, run_concurrent):
    counter.other = 5
    def work():
        counter.value, counter.other = counter.value + 1, counter.other + 1
    run_concurrent(work, workers=2)
""")
    done.result.assert_outcomes(failed=1)
    assert "\nData race on Counter.value: unordered write and read\n" in done.text
    assert "  1. worker-0 writes 0 -> 1  " in done.text
    assert "  2. worker-1 reads 1  " in done.text


def test_locks_are_named_by_the_place_of_their_creation(run):
    done = run("""
@pytest.mark.concurrency(races=True)
def test_two_locks(counter, run_concurrent):
    def work(lock):
        with lock:
            counter.value = 1
    run_concurrent.each(work, [threading.Lock(), threading.RLock()])

@pytest.mark.concurrency(races=True)
def test_of_one_line(counter, run_concurrent):
    def work(lock):
        with lock:
            counter.value = 1
    run_concurrent.each(work, [threading.Lock() for _ in range(2)])
""")
    two_locks, of_one_line = (_told(text) for text in done.text.split("____ test_")[1:])
    for thread, lock in (("worker-0", "Lock"), ("worker-1", "RLock")):
        assert f"{thread} writes  test_it.py:26  counter.value = 1  ({lock})\n" in two_locks
        assert f"\nE     {lock} (created at test_it.py:27)" in two_locks
    for thread, lock in (("worker-0", "Lock #1"), ("worker-1", "Lock #2")):
        assert f"{thread} writes  test_it.py:33  counter.value = 1  ({lock})\n" in of_one_line
        assert f"\nE     {lock} (created at test_it.py:34)" in of_one_line
    text = " ".join(done.text.split())
    assert "No happens-before relation: no common lock, queue, event, start or join orders these accesses." in text


def test_one_finding_has_five_races(run):
    done = run("""
@pytest.mark.concurrency(races=True)
def test_many(run_concurrent):
    shared = dict.fromkeys(range(7))
    def work():
        for key in range(7):
            shared[key] = 1
    run_concurrent(work)
""")
    told = _told(done.text)
    assert told.endswith("… and 2 more data races")
    assert re.findall(r"item (\d) of a dict is accessed without\s(?:E\s+)?synchronization\n", told) == list("01234")


def test_a_failed_assertion_comes_with_its_race(run):
    done = run("""
@pytest.mark.concurrency
def test_count(counter, race_detector, run_concurrent):
    race_detector.watch(counter)
    run_concurrent(counter.increment)
    assert not counter.value
""")
    assert "E       Also found: data race on Counter.value\n" in done.text


INSIDE = """
@pytest.mark.concurrency(schedules=20)
def test_inside(counter, race_detector, run_concurrent):
    race_detector.watch(counter)
    race_detector.allow("test_it.py:15")
    assert race_detector.races == []
    run_concurrent(counter.increment)
    assert race_detector.races == []
    def look():
        return counter.value
    def change():
        counter.value = 7
    run_concurrent.together(look, change)
    race, = race_detector.races
    assert race.what == "Counter.value"
    assert {race.first.does, race.second.does} == {"reads", "writes"}
    assert {race.first.place.lineno, race.second.place.lineno} == {30, 32}
    assert race.first.thread != race.second.thread
    assert race.first.locks == ()
    race_detector.allow("Counter.value")
    assert race_detector.races == []
"""


def test_races_can_be_inspected_and_allowed(run):
    run(INSIDE).result.assert_outcomes(passed=1)


def test_known_races_can_be_allowed(run):
    source = """
class Base:
    pass

class Counter(Base, Counter):
    pass

@pytest.mark.parametrize("allowed", ["value", "Counter.value", "test_it.py:15", "Base.value"])
class TestAllowed:
    def count(self, race_detector, run_concurrent, allowed):
        counter = race_detector.watch(Counter())
        race_detector.allow(allowed, "test_it.py:999", "nothing")
        run_concurrent(counter.increment)

    @pytest.mark.concurrency(races=True)
    def test_everything(self, race_detector, run_concurrent, allowed):
        self.count(race_detector, run_concurrent, allowed)

    @pytest.mark.concurrency(races=False)
    def test_watched(self, race_detector, run_concurrent, allowed):
        self.count(race_detector, run_concurrent, allowed)
"""
    run(source).result.assert_outcomes(passed=8)


def test_other_names_and_places_allow_nothing(run):
    source = WATCHED.replace("def test_count(", "def test_count(allowed, ").replace(
        "    run_", "    race_detector.allow(allowed)\n    run_"
    )
    others = ["val", "Other.value", "est_it.py:17", "test_it.py:1"]
    run(f"\n@pytest.mark.parametrize('allowed', {others}){source}").result.assert_outcomes(failed=len(others))


def test_watching_classes_names_modules_and_containers(run):
    done = run("""
import sys
total = 0

class Two:
    made = 0
    __slots__ = ("left", "right", "__weakref__")
    def __init__(self):
        self.left = self.right = 0
    def work(self):
        self.left += 1
    def change(self):
        Two.made += 1

class Slotted:
    __slots__ = ("left",)
    def __init__(self):
        self.left = 0
    def work(self):
        self.left += 1

def add():
    global total
    total += 1

@pytest.mark.concurrency
def test_instances_made_later(race_detector, run_concurrent):
    race_detector.watch(Two)
    run_concurrent(Two().work)

@pytest.mark.concurrency
def test_instances_without_weak_references(race_detector, run_concurrent):
    race_detector.watch(Slotted)
    run_concurrent(Slotted().work)

@pytest.mark.concurrency
def test_class_attribute(race_detector, run_concurrent):
    race_detector.watch(Two)
    run_concurrent(Two().change)

@pytest.mark.concurrency
def test_name(race_detector, run_concurrent):
    run_concurrent(race_detector.watch(Two(), "left").work)

@pytest.mark.concurrency(schedules=20)
def test_other_name(race_detector, run_concurrent):
    run_concurrent(race_detector.watch(Two(), "right").work)

@pytest.mark.concurrency
def test_module(race_detector, run_concurrent):
    race_detector.watch(sys.modules[__name__])
    run_concurrent(add)

@pytest.mark.concurrency
def test_key(race_detector, run_concurrent):
    counts = race_detector.watch({"a": 0, "b": 0}, "a")
    def work():
        counts["a"] += 1
    run_concurrent(work)

@pytest.mark.concurrency
def test_appends(race_detector, run_concurrent):
    items = race_detector.watch([])
    run_concurrent(lambda: items.append(1))

@pytest.fixture
def watched(counter, race_detector):
    return race_detector.watch(counter)

@pytest.mark.concurrency
def test_in_a_fixture(watched, run_concurrent):
    run_concurrent(watched.increment)
""")
    done.result.assert_outcomes(failed=8, passed=1)
    for what in ("Two.left", "Slotted.left", "Two.made", "global total", "item 'a' of a dict", "a list"):
        assert f"DataRace: {what} is accessed without synchronization " in done.flat
        assert f"\nData race on {what}: unordered " in done.text


def test_another_object_at_the_same_address_is_none(run):
    done = run("""
@pytest.mark.concurrency(races=True, schedules=30, strategy="random")
def test_lists_of_their_own(run_concurrent):
    def fill(items):
        items[0] = 1
        for _ in items:
            items[1] = 2
        return len(items)

    def cell():
        count = 0
        def more():
            nonlocal count
            count += 1
        more()
        return count

    def work():
        for _ in range(3):
            assert fill([0] * 5) == 5
            assert cell() == 1

    run_concurrent(work, workers=3)
""")
    done.result.assert_outcomes(passed=1)
    assert "30 schedules" in done.text


#: A call, and what is said of it.
WITHOUT_SENSE = (
    ("watch(3)", "TypeError: watch() cannot watch 3: it is immutable"),
    ("watch('name')", "TypeError: watch() cannot watch a str: it is immutable"),
    ("watch((1, 2))", "TypeError: watch() cannot watch a tuple"),
    ("watch(None)", "TypeError: watch() cannot watch None"),
    ("watch(threading.Lock())", "TypeError: watch() cannot watch a Lock: it is thread-safe"),
    ("watch(threading.Event())", "TypeError: watch() cannot watch a Event: it is thread-safe"),
    ("watch(threading.local())", "cannot watch a _local: each thread has its own"),
    ("watch(object(), 3)", "TypeError: watch() takes the names of attributes, as strings, after the object, not 3"),
    ("watch([], 'x')", "TypeError: watch() got names for a list, which has no attributes: watch all of it"),
    ("allow()", "TypeError: allow() needs at least one name of an attribute ('hits'), of an attribute with its"),
    ("allow(3)", "TypeError: allow() takes strings ('hits', 'Stats.hits', 'stats.py:12'), not 3"),
    ("allow('a b')", "ValueError: allow() takes 'hits', 'Stats.hits' or 'stats.py:12', not 'a b'"),
    (
        "explore(print)",
        "RuntimeError: race_detector.explore() cannot be used in a concurrency test: the test itself is",
    ),
)


def test_what_makes_no_sense_is_said(run, report):
    tests = (
        f"""
@pytest.mark.concurrency
def test_{number}(race_detector, run_concurrent):
    race_detector.{call}
    run_concurrent(int)
"""
        for number, (call, _) in enumerate([*WITHOUT_SENSE, ("allow('stats.py')", None)])
    )
    done = run("".join(tests), "--interleave-json=report.json")
    done.result.assert_outcomes(failed=len(WITHOUT_SENSE), passed=1)
    *rows, allowed = report()["tests"]
    assert allowed["finding"] is None
    for (call, error), row in zip(WITHOUT_SENSE, rows, strict=True):
        assert error in row["finding"]["message"], call
        assert error in done.text


def test_races_of_the_marker_is_true_or_false(run):
    done = run("@pytest.mark.concurrency(races=1)\ndef test_it(): pass")
    assert "@concurrency(races=1): must be True (report data races) or False" in done.refused_alone()


def test_unmarked_it_watches_nothing_and_says_so_once(run):
    done = run("""
def test_it(counter, race_detector, run_concurrent):
    assert race_detector.watch(counter) is counter
    race_detector.watch([])
    run_concurrent(counter.increment)
    assert race_detector.races == []
""")
    done.result.assert_outcomes(passed=1, warnings=1)
    assert (
        "race_detector.watch() has no effect in an unmarked test: add @pytest.mark.concurrency, or access" in done.text
    )


def test_under_xdist(run):
    pytest.importorskip("xdist")
    done = run(WATCHED + EVERYTHING.replace("test_count", "test_other"), "-p", "xdist", "-n", "2")
    done.result.assert_outcomes(failed=2)
    assert done.flat.count(" pytest_interleave.DataRace: Counter.value is accessed without synchronization ") == 2
    assert done.text.count("\nData race on Counter.value: unordered ") == 2
    assert "FAILED test_it.py::test_other  data race on " in done.text
