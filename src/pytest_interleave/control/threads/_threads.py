"""`threading.Thread` and `_thread.start_new_thread` under control."""

from __future__ import annotations

import _thread
import concurrent.futures.thread as _futures_thread
import sys
import threading
from collections.abc import Callable
from typing import Any

from ..execution._unit_lives import finish, spawn
from ..execution.outside._left_alone import leave_alone, start_of
from ..execution.units import _current
from ..execution.units._at_large import LetGo, settled
from ..execution.units._units import Unit
from ..identity._written import python_function
from ..instrumentation._announced import announce_call
from ..primitives import Semaphore
from ..scope import _real
from ..steps._kinds import BEGIN, IS_ALIVE, JOIN, START
from ..steps._operations import Operation
from ._carriers import Carrier
from ._thread_half import ThreadHalf

_real_start = threading.Thread.start
_real_run = threading.Thread.run
_real_join = threading.Thread.join
_real_is_alive = threading.Thread.is_alive
_real_start_new_thread = _real.start_new_thread

#: Functions called before a controlled thread starts another one; the start raises what they raise.
start_checks: list[Callable[[], None]] = []

#: Weak references to the pools whose workers run under control now, and the workers.
_pools: list[tuple[Callable[[], Any], threading.Thread]] = []

#: The unit of each `Thread` object that runs under control now, by the object's address.
_unit_of: dict[int, Unit] = {}


def _done_handle() -> Any:
    """Return the handle of a thread that is done, for all threads that ran under control; None before Python 3.13.

    From 3.13 on, a `Thread` determines by a handle whether it has ended.
    """
    make = getattr(_thread, "_make_thread_handle", None)
    if make is None:
        return None
    handle = make(0)
    handle._set_done()
    return handle


_DONE = _done_handle()


def _set_handle(thread: threading.Thread, handle: Any) -> None:
    known: Any = thread
    if hasattr(thread, "_os_thread_handle"):
        known._os_thread_handle = handle
    else:
        known._handle = handle


def _mark_done(thread: threading.Thread) -> None:
    """Put the `Thread` object into the state of one that has ended, also for when nothing is under control any more."""
    known: Any = thread
    if _DONE is None:
        known._is_stopped = True
        known._tstate_lock = None
    else:
        _set_handle(thread, _DONE)


def before_fork(unit: Unit) -> None:
    """Make the `Thread` object one that runs without control, because that is what it will be in the child."""
    if unit.half.thread is not None and _DONE is not None:
        _set_handle(unit.half.thread, _thread._make_thread_handle(unit.half.ident))  # type: ignore[attr-defined]


def after_fork(unit: Unit) -> None:
    """Make the `Thread` object one that runs without control, in the child, for Python versions up to 3.12."""
    known: Any = unit.half.thread
    if known is not None and _DONE is None:
        known._set_tstate_lock()


def start(self: threading.Thread) -> None:
    """See `threading.Thread.start`."""
    unit = _current.current_unit()
    if unit is None:
        _real_start(self)
        return
    known: Any = self
    if not known._initialized:
        raise RuntimeError("thread.__init__() not called")
    if known._started._flag:
        raise RuntimeError("threads can only be started once")
    for check in start_checks:
        check()
    frame = sys._getframe(1)
    execution = unit.execution
    operation = Operation(START, self, frame.f_code, frame.f_lasti)
    if execution.left_alone and start_of(operation, self) in execution.left_alone:
        leave_alone(self, _real_start)
        return
    # No choice here: when the new thread runs is chosen later.
    execution.mark(unit, operation)
    function = getattr(self.run, "__func__", start)
    begin = Operation(BEGIN, self, function.__code__, 0)
    _remember_pool(self)
    runs_target = function is _real_run
    child = spawn(
        execution, unit, lambda: _run(self, runs_target), begin, known._name, daemon=known._daemonic, thread=self
    )
    child.half.started = operation
    _unit_of[id(self)] = child
    known._ident = child.half.ident
    known._native_id = child.half.native_id
    known._started._flag = True
    threading._active[child.half.ident] = self  # type: ignore[attr-defined]


def _run(thread: threading.Thread, runs_target: bool) -> None:
    try:
        known: Any = thread
        target = getattr(known, "_target", None) if runs_target else None
        if target is not None:
            announce_call(target, (*known._args, *known._kwargs.values()))
        elif not runs_target and python_function(known.run) is None:
            announce_call(known.run, ())
        context = getattr(thread, "_context", None)
        if context is None:
            thread.run()
        else:
            context.run(thread.run)
    except SystemExit as request:
        # As documented, `SystemExit` ends a thread silently; with a failure status it does not.
        if request.code not in (None, 0):
            raise
    except Exception as error:
        hook = threading.excepthook
        if hook is _current.state.excepthook:
            raise
        # The program has put its own hook in place, which handles such exceptions.
        given = threading.ExceptHookArgs((type(error), error, error.__traceback__, thread))
        if python_function(hook) is None:
            announce_call(hook, (given,))
        hook(given)
    finally:
        threading._active.pop(_real.get_ident(), None)  # type: ignore[attr-defined]
        _mark_done(thread)
        ended = vars(thread).pop(_ENDED, None)
        if ended is not None:
            for name in ("join", "is_alive"):
                vars(thread).pop(name, None)
            ended.release()


#: The attribute of a thread that outlives the execution that started it: a lock that it holds until it ends.
_ENDED = "_pytest_interleave_ended"


def outlive(unit: Unit) -> None:
    """Let others wait as usual for the end of a thread that continues after the execution that started it."""
    thread = unit.half.thread
    assert thread is not None
    own = vars(thread)
    if _ENDED in own:
        return
    own[_CARRIER] = carrier_of(unit)
    ended = own[_ENDED] = _real.real_lock()
    ended.acquire()

    def join_it(timeout: float | None = None) -> None:
        if _current.current_unit() is not None:
            join(thread, timeout)
        else:
            _join_without_control(thread, timeout)

    own["join"] = join_it
    own["is_alive"] = lambda: ended.locked() if _current.current_unit() is None else is_alive(thread)


def carrier_of(unit: Unit) -> Carrier | None:
    """Return the carrier that runs the thread; None if the thread is one of the interpreter's."""
    return unit.half.carrier if isinstance(unit.half, ThreadHalf) else None


def outlives_executions(thread: threading.Thread) -> bool:
    """Whether the thread was started under control, and continued when the execution was over."""
    return _ENDED in vars(thread)


def wait_for_end(thread: threading.Thread, seconds: float) -> None:
    """Wait, in real time, for the end of a thread of the interpreter's that is about to end."""
    _real_join(thread, seconds)


def adopt(unit: Unit) -> None:
    """Take a thread under control that was there before, as `unit`."""
    thread: Any = unit.half.thread
    _unit_of[id(thread)] = unit
    own = vars(thread)
    if _ENDED in own:
        carrier = own[_CARRIER]
        carrier.unit = unit
        half: Any = unit.half
        half.carrier = carrier
        return
    # A thread of the interpreter's: it reports itself when it ends, and what it has raised.
    own["_delete"] = lambda: _end_of(thread)
    reported = own.get("_invoke_excepthook")
    if reported is not None and not isinstance(reported, _Raised):
        own["_invoke_excepthook"] = _Raised(reported)


#: The attribute of such a thread: its carrier.
_CARRIER = "_pytest_interleave_carrier"


class _Raised:
    """A stand-in for the handler of an exception that ends a thread: under control, the exception is a finding."""

    def __init__(self, real: Callable[[Any], None]) -> None:
        self._real = real

    def __call__(self, thread: threading.Thread) -> None:
        unit = _current.current_unit()
        error = sys.exc_info()[1]
        if unit is None or error is None or isinstance(error, SystemExit):
            self._real(thread)
        else:
            unit.exception = error


def _end_of(thread: Any) -> None:
    ident = _real.get_ident()
    type(thread)._delete(thread)
    unit = _current.units[ident]
    if unit is not None:
        del _current.units[ident]
        sys.settrace(None)
        finish(unit.execution, unit)


def join(self: threading.Thread, timeout: float | None = None) -> None:
    """See `threading.Thread.join`."""
    unit = _current.current_unit()
    if unit is None:
        _real_join(self, timeout)
        return
    known: Any = self
    if not known._initialized:
        raise RuntimeError("Thread.__init__() not called")
    if not known._started._flag:
        raise RuntimeError("cannot join thread before it is started")
    if self is threading.current_thread():
        raise RuntimeError("cannot join current thread")
    execution = unit.execution
    target = _unit_of.get(id(self))
    frame = sys._getframe(1)
    operation = Operation(JOIN, self, frame.f_code, frame.f_lasti)
    if target is not None and target.execution is execution and not target.done:
        deadline = None if timeout is None else execution.clock.deadline(timeout)
        try:
            execution.wait_for(unit, operation, target, deadline)
        except LetGo:
            settled()
            _real_join(self, timeout)
    elif target is not None or not _lives(self):
        execution.mark(unit, operation)
    else:
        # The thread is not under control: it ends in its own time.
        execution.outside.leave(unit)
        try:
            _join_without_control(self, timeout)
        finally:
            execution.outside.come_back(unit)


def _join_without_control(thread: threading.Thread, timeout: float | None) -> None:
    ended = vars(thread).get(_ENDED)
    if ended is None:
        _real_join(thread, timeout)
    elif ended.acquire(True, -1 if timeout is None else max(timeout, 0)):
        ended.release()


def _lives(thread: threading.Thread) -> bool:
    """Whether a thread that is not under control is alive."""
    ended = vars(thread).get(_ENDED)
    return _real_is_alive(thread) if ended is None else ended.locked()


def is_alive(self: threading.Thread) -> bool:
    """See `threading.Thread.is_alive`."""
    unit = _current.current_unit()
    if unit is None:
        return _real_is_alive(self)
    frame = sys._getframe(1)
    operation = Operation(IS_ALIVE, self, frame.f_code, frame.f_lasti, mutates=False)
    unit.execution.point(unit, operation)
    target = _unit_of.get(id(self))
    known: Any = self
    # The real method checks the event again to see whether the thread has started, which would be a step of its own.
    alive = known._started._flag and _lives(self) if target is None else not target.done
    operation.name = str(alive)
    return alive


def start_new_thread(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any = None) -> int:
    """See `_thread.start_new_thread`."""
    unit = _current.current_unit()
    if unit is None:
        return _real_start_new_thread(function, args, *(() if kwargs is None else (kwargs,)))
    if not callable(function):
        raise TypeError("first arg must be callable")
    if not isinstance(args, tuple):
        raise TypeError("2nd arg must be a tuple")
    for check in start_checks:
        check()
    frame = sys._getframe(1)
    execution = unit.execution
    operation = Operation(START, None, frame.f_code, frame.f_lasti, name="thread")
    operation.target = function
    execution.mark(unit, operation)

    def body() -> None:
        try:
            function(*args, **(kwargs or {}))
        except SystemExit:
            pass
        finally:
            threading._active.pop(_real.get_ident(), None)  # type: ignore[attr-defined]

    name = f"{getattr(function, '__name__', 'thread')}-{len(execution.units)}"
    begin = Operation(BEGIN, function, getattr(function, "__code__", start.__code__), 0)
    return spawn(execution, unit, body, begin, name, daemon=True).half.ident


def _remember_pool(thread: threading.Thread) -> None:
    """Remember the pool of a worker of a `ThreadPoolExecutor` that is about to start: it may outlive the execution."""
    known: Any = thread
    if known._target is _futures_thread._worker:
        _pools.append((known._args[0], thread))


def _revive_pools() -> None:
    """Let pools that outlive the execution start new workers, as their workers have ended."""
    while _pools:
        pool_reference, thread = _pools.pop()
        pool: Any = pool_reference()
        if pool is not None:
            pool._threads.discard(thread)
            pool._idle_semaphore = Semaphore(0)


def forget_units() -> None:
    """Forget the units of an execution that is over; threads that never began have ended, too."""
    _revive_pools()
    for unit in _unit_of.values():
        if unit.half.thread is not None and not (unit.at_large or (unit.begun and unit.done)):
            threading._active.pop(unit.half.ident, None)  # type: ignore[attr-defined]
            _mark_done(unit.half.thread)
    _unit_of.clear()


def remember_hook() -> None:
    """Remember the hook for exceptions in threads before a test: the one in place is not the program's own."""
    _current.state.excepthook = threading.excepthook
