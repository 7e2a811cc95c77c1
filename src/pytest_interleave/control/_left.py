"""Threads that are blocked for ever when a test has ended: Python waits for them at exit, unless they are daemons."""

from __future__ import annotations

import concurrent.futures.thread as _futures_thread
import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from ._described import awaited, described
from ._kinds import module_of
from ._modules import namespaces_in_scope
from ._outcome import Stuck, WaitingThread
from ._tasks import Task
from ._waits import waits_of

if TYPE_CHECKING:
    from ._execution import Execution

#: At most this many objects are searched for something that a thread waits for; beyond that, nothing is said.
MOST_OBJECTS = 100_000


def left_blocked(execution: Execution) -> tuple[list[Task], bool]:
    """Find the threads that nothing can wake any more; call it when the others have had their turn.

    The answer is False beside them if something that outlives the test can still reach what they wait for.
    """
    if not _is_settled(execution):
        return [], True
    blocked = [task for task in execution.tasks if _is_blocked(task)]
    if not blocked:
        return [], True
    wanted = {id(each) for task in blocked for each in _ways_to_wake(task)}
    return blocked, not _reaches([*_globals_in_scope(), *execution.outlives()], wanted)


def stuck_of_left(execution: Execution, blocked: list[Task]) -> Stuck:
    """What is known of them, as of a deadlock."""
    pending = [(task, task.operation, task.touches) for task in blocked]
    names = described(execution.log, [task.resource for task in blocked])
    started = {
        id(operation.target): operation.where() for _, operation, _ in execution.log if operation.kind == "start"
    }
    waits = [
        WaitingThread(*wait[:-1], started.get(id(task.thread)))
        for task, wait in zip(blocked, waits_of(blocked, sys._current_frames(), names), strict=True)
    ]
    return Stuck("deadlock", waits, len(execution.log), False, pending, left=True)


def _is_settled(execution: Execution) -> bool:
    """Whether nothing else can happen: the test has passed, and nobody can run, wakes up later, or is out of sight."""
    if execution.stuck is not None or execution.foreign or execution.outside.busy:
        return False
    return all(
        task.exception is None and (task.done or not (task.enabled or task.outside or task.deadline is not None))
        for task in execution.tasks
    )


def _is_blocked(task: Task) -> bool:
    if task.done or task.daemon or not task.begun or task.resource is None:
        return False
    # Python itself wakes the idle workers of thread pools at exit.
    return not (_is_worker_of_pool(task) and any(task.resource is given for given in _given(task)))


def _is_worker_of_pool(task: Task) -> bool:
    return getattr(task.thread, "_target", None) is _futures_thread._worker


def _given(task: Task) -> tuple[Any, ...]:
    given: tuple[Any, ...] = getattr(task.thread, "_args", ())
    return given


def _ways_to_wake(task: Task) -> Iterator[object]:
    """The objects by which somebody could wake the thread."""
    resource: Any = task.resource
    if isinstance(resource, Task):
        if resource.thread is not None:
            yield resource.thread
    else:
        yield resource
        yield awaited(resource)


def _globals_in_scope() -> Iterator[object]:
    """What modules in scope hold: it is still there for later tests, and for what runs at exit."""
    for namespace in namespaces_in_scope():
        yield from [value for name, value in list(namespace.items()) if not name.startswith("__")]


#: They lead to everything, or to nothing.
_NOT_SEARCHED = (ModuleType, FrameType, CodeType, BuiltinFunctionType, Task, str, bytes, int, float)
#: So do objects of the test runner's classes.
_RUNNERS = ("_pytest.", "pluggy.", "pytest_interleave.")


def _is_searched(thing: object) -> bool:
    kind = type(thing)
    if isinstance(thing, _NOT_SEARCHED):
        return False
    module = module_of(kind)
    return not module.startswith(_RUNNERS)


def _reaches(roots: Iterable[object], wanted: set[int]) -> bool:
    """Whether one of the objects can be reached from the roots; also True if there are too many to tell."""
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        thing = waiting.pop()
        address = id(thing)
        if address in wanted:
            return True
        if address in seen or not _is_searched(thing):
            continue
        seen.add(address)
        if len(seen) > MOST_OBJECTS:
            return True
        if isinstance(thing, FunctionType):
            # Not its module's names: they lead to all threads that there are.
            waiting += [thing.__closure__, thing.__defaults__, thing.__kwdefaults__, thing.__dict__]
        else:
            waiting += gc.get_referents(thing)
    return False


#: Gives objects that outlive an execution, such as the values of fixtures of a wider scope.
Outliving = Callable[[], Iterable[object]]
