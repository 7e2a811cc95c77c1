"""Programs that hand over a method of a list, and a thread calls it later: `handler.emit = items.append`.

Each changes a list between two looks of the main thread, in some schedules. Not collected with the other tests:
`test_later.py` runs it in a session of its own.
"""

# ruff: noqa: PLC2801
from __future__ import annotations

import collections
import contextlib
import contextvars
import functools
import itertools
import logging
import operator
import queue
import sched
import sys
import threading
import weakref

import pytest


class Thing:
    """Something to refer to."""


def logger_with(handler):
    logger = logging.Logger("app")
    logger.addHandler(handler)
    return logger


# -- code of the standard library calls it ------------------------------------------------------------------------


def scheduler(items):
    events = sched.scheduler()
    events.enter(0, 1, items.append, (1,))
    return events.run


def scheduler_with_partial(items):
    events = sched.scheduler()
    events.enter(0, 1, functools.partial(items.append, 1))
    return events.run


def scheduler_with_method_of_class(items):
    events = sched.scheduler()
    events.enter(0, 1, list.append, (items, 1))
    return events.run


def scheduler_with_operator(items):
    events = sched.scheduler()
    events.enter(0, 1, operator.iadd, (items, [1]))
    return events.run


def emit(items):
    handler = logging.Handler()
    handler.emit = items.append
    return lambda: logger_with(handler).warning("hello")


def emit_beside_another(items):
    handler = logging.Handler()
    handler.emit = items.append
    logger = logger_with(logging.NullHandler())
    logger.addHandler(handler)
    return functools.partial(logger.warning, "hello")


def logging_filter(items):
    logger = logger_with(logging.NullHandler())
    logger.addFilter(items.append)
    return lambda: logger.warning("hello")


def stream_of_handler(items):
    class Stream:
        write = items.append
        flush = items.__len__

    return lambda: logger_with(logging.StreamHandler(Stream())).warning("hello")


def put_of_queue(items):
    waiting = queue.Queue()
    waiting._put = items.append
    return functools.partial(waiting.put, 1)


def finalizer(items):
    things = [Thing()]
    weakref.finalize(things[0], items.append, 1)
    return things.clear


def singledispatch(items):
    function = functools.singledispatch(int)
    function.register(int, items.append)
    return lambda: function(1)


def partialmethod(items):
    class Wrapper:
        push = functools.partialmethod(items.append)

    return Wrapper().push


def closing(items):
    items.append(1)
    thing = Thing()
    thing.close = items.pop

    def run():
        with contextlib.closing(thing):
            pass

    return run


def exit_stack(items):
    stack = contextlib.ExitStack()
    stack.callback(items.append, 1)
    return stack.close


def context(items):
    return functools.partial(contextvars.Context().run, items.append, 1)


# -- code of threads calls it -------------------------------------------------------------------------------------


def run_of_thread(items):
    items.append(1)
    thread = threading.Thread()
    thread.run = items.pop
    return thread


def run_of_class(items):
    class Worker(threading.Thread):
        run = functools.partial(items.append, 1)

    return Worker()


def excepthook(items):
    threading.excepthook = items.append
    return lambda: 1 // 0


def function_of_timer(items):
    timer = threading.Timer(0, int)
    timer.function, timer.args = items.append, [1]
    return timer


# -- code written in C calls it -----------------------------------------------------------------------------------


def weak_reference(items):
    things = [Thing()]
    things.append(weakref.ref(things[0], items.append))
    return functools.partial(things.pop, 0)


def cache(items):
    function = functools.lru_cache(items.append)
    return lambda: function(1)


def cache_of_partial(items):
    return functools.cache(functools.partial(items.append, 1))


def mapping(items):
    return functools.partial(list, map(items.append, [1]))


def groups(items):
    found = itertools.groupby([1], items.append)
    return lambda: list(found)


def copies(items):
    found, _ = itertools.tee(map(items.append, [1]))
    return lambda: next(found)


def until_sentinel(items):
    items += [3, 2]
    found = iter(items.pop, 3)
    return lambda: next(found)


def default_factory(items):
    items += [3, 2]
    numbers = collections.defaultdict(items.pop)
    return lambda: numbers["new"]


def default_factory_of_partial(items):
    numbers = collections.defaultdict(functools.partial(items.append, 1))
    return functools.partial(operator.getitem, numbers, "new")


def missing_key(items):
    class Numbers(dict):
        __missing__ = items.append

    numbers = Numbers()
    return lambda: numbers["new"]


def getter_of_property(items):
    class Owner:
        value = property(items.append)

    owner = Owner()
    return lambda: owner.value


def print_to_object(items):
    class Stream:
        write = items.append

    stream = Stream()
    return lambda: print("hello", file=stream)


def redirected_print(items):
    class Stream:
        write = items.append

    def run():
        with contextlib.redirect_stdout(Stream()):
            print("hello")

    return run


def static_exit(items):
    class Manager:
        def __enter__(self):
            return self

        __exit__ = staticmethod(lambda *_: items.append(1))

    return lambda: enter(Manager())


def special(name, use, *, takes=True):
    def program(items):
        kind = type("Owner", (), {name: items.append if takes else items.pop, "__exit__": lambda *_: None})
        if not takes:
            items += [1, 1]
        owner = kind.__new__(kind)
        return lambda: use(owner)

    program.__name__ = name.strip("_")
    return program


def enter(owner):
    with owner:
        pass


SPECIAL = [
    special("__call__", lambda owner: owner(1)),
    special("__init__", lambda owner: type(owner)(1)),
    special("__getitem__", lambda owner: owner["key"]),
    special("__contains__", lambda owner: 1 in owner),
    special("__getattr__", lambda owner: owner.missing),
    special("__add__", lambda owner: owner + owner),
    special("__len__", len, takes=False),
    special("__bool__", lambda owner: 1 if owner else 2, takes=False),
    special("__enter__", enter, takes=False),
]
#: They need that an object dies at once in the thread that drops it.
OF_DEATHS = [finalizer, weak_reference]
LATER = [
    scheduler, scheduler_with_partial, scheduler_with_method_of_class, scheduler_with_operator, emit,
    emit_beside_another, logging_filter, stream_of_handler, put_of_queue, singledispatch, partialmethod, closing,
    exit_stack, context, run_of_thread, run_of_class, excepthook, function_of_timer, cache, cache_of_partial, mapping,
    groups, copies, until_sentinel, default_factory, default_factory_of_partial, missing_key, getter_of_property,
    print_to_object, redirected_print, static_exit, *SPECIAL,
]  # fmt: skip
if getattr(sys, "_is_gil_enabled", lambda: True)():
    LATER += OF_DEATHS


@pytest.mark.parametrize("program", LATER, ids=lambda program: program.__name__)
@pytest.mark.concurrency(strategy="exhaustive")
def test_later(program, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    items = []
    found = program(items)

    def run():
        # Not each method fits.
        with contextlib.suppress(TypeError):
            found()

    thread = found if isinstance(found, threading.Thread) else threading.Thread(target=run)
    if program is excepthook:
        thread = threading.Thread(target=found)
    thread.start()
    before = len(items)
    after = len(items)
    thread.join()
    assert before == after


@pytest.mark.parametrize("program", [scheduler, emit, singledispatch, cache, default_factory, groups])
@pytest.mark.concurrency(strategy="exhaustive")
def test_by_the_thread_itself(program):
    items = []
    found = program(items)
    thread = threading.Thread(target=found)
    thread.start()
    before = len(items)
    after = len(items)
    thread.join()
    assert before == after


@pytest.mark.parametrize("program", [emit, logging_filter, exit_stack])
@pytest.mark.concurrency(strategy="exhaustive")
def test_lists_of_their_own(program):
    def work():
        items = []
        program(items)()
        assert len(items) == 1

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
