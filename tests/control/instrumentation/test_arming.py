"""The standard library's calls of what it was given are watched from when code begins that may give it something."""

from __future__ import annotations

import sched
import threading
from itertools import count

import pytest

from pytest_interleave.control import Scope, set_scope
from pytest_interleave.control.instrumentation._engine import engine
from pytest_interleave.explore import NonPreemptive
from tests.driving import execute, executions, require_good_end


@pytest.fixture
def made(tmp_path):
    """Makes functions that have not run before."""
    set_scope(Scope(str(tmp_path), ()))
    numbers = count()

    def make(source, **names):
        path = tmp_path / f"made_{next(numbers)}.py"
        path.write_text(source, encoding="utf-8")
        exec(compile(source, str(path), "exec"), names)
        return names["f"]

    return make


def armed():
    return engine()._tables.arming.armed


def announced(body):
    """The names of the methods whose calls are announced, and whether such calls are watched in the end."""
    found = []
    outcome = execute(lambda: (body(), found.append(armed())))
    require_good_end(outcome)
    operations = [operation for _, operation, _ in outcome.log if operation.code.co_filename == sched.__file__]
    return [operation.name for operation in operations if operation.name], found[0]


USE = "def f(events, items):\n    items.append(1)\n    events.run()\n"
GIVE = "def f(events, items):\n    events.enter(0, 1, items.append, (1,))\n"


def test_not_watched_without_need(made):
    items = []
    # The test gives it, where it is not watched.
    events = sched.scheduler()
    events.enter(0, 1, items.append, (1,))
    assert announced(lambda: made(USE)(events, items)) == ([], False)
    assert items == [1, 1]


def test_watched_once_something_may_be_given(made):
    give, use = made(GIVE), made(USE)
    items, events = [], sched.scheduler()
    for _ in range(2):
        assert announced(lambda: (give(events, items), use(events, items))) == ([".append()"], True)
        # Each test begins without. The functions are known by now.
        assert announced(lambda: use(events, items)) == ([], False)


def test_in_functions_that_ran_before(made):
    give, use = made(GIVE), made(USE)
    items, events = [], sched.scheduler()
    events.enter(0, 1, items.append, (1,))
    assert announced(lambda: (use(events, items), give(events, items), use(events, items))) == ([".append()"], True)


def test_in_functions_that_are_running(made):
    source = (
        "def f(events, items):\n"
        "    def give():\n"
        "        give_it(events, items)\n"
        "    thread = threading.Thread(target=events.run)\n"
        "    events.enter(0, 1, give)\n"
        "    thread.start()\n"
        "    thread.join()\n"
    )
    items, events = [], sched.scheduler()
    f = made(source, give_it=made(GIVE), threading=threading)
    assert announced(lambda: f(events, items)) == ([".append()"], True)
    assert items == [1]


def test_in_each_execution(made):
    give, use = made(GIVE), made(USE)
    items, events = [], sched.scheduler()
    lengths = set()
    for outcome in executions(lambda: (give(events, items), use(events, items)), NonPreemptive(), 3):
        require_good_end(outcome)
        lengths.add(len(outcome.log))
    assert len(lengths) == 1


@pytest.mark.parametrize(
    "before",
    [
        "EVENTS.enter(0, 1, ITEMS.append, (1,))\n",
        "class Given:\n    EVENTS.enter(0, 1, ITEMS.append, (1,))\n",
        "def give():\n    EVENTS.enter(0, 1, ITEMS.append, (1,))\ngive()\n",
    ],
)
def test_given_when_the_module_is_imported(made, before):
    items, events = [], sched.scheduler()
    f = made(before + "def f():\n    EVENTS.run()\n", ITEMS=items, EVENTS=events)
    assert announced(f) == ([".append()"], True)


def test_without_source(made):
    def body(source):
        names = {"EVENTS": events, "ITEMS": items}
        exec(compile(source, "<made>", "exec"), names)
        return names["f"]()

    items, events = [], sched.scheduler()
    source = "def f():\n    EVENTS.enter(0, 1, ITEMS.append, (1,))\n    EVENTS.run()\n"
    assert announced(lambda: body(source))[1]
