"""The code that runs in the worker processes of a `ProcessPool`."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
from multiprocessing import connection, parent_process
from multiprocessing.reduction import ForkingPickler
from typing import Any

from ._sent_call import SentCall
from ._sent_modules import SentModules

#: Seconds between two checks whether the owner still lives, if the system does not report that at once.
_LOOK_SECONDS = 1.0

#: For the owner: a pair for each worker, its process id and the number of the call that it runs. The index is the
#: process id modulo the number of pairs.
_calls: Any = None
_modules = SentModules()


def begin(calls: Any) -> None:
    """Prepare a new worker: it ends with its owner, and leaves Ctrl-C to it."""
    global _calls
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32" and hasattr(signal, "pthread_sigmask"):
        # The owner has blocked it until here.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _end_with_owner()
    _calls = calls
    sys.meta_path.append(_modules)


def call(number: int, sent: SentCall) -> Any:
    """Make the call `sent`, which has this number, and return its result."""
    at = 2 * (os.getpid() % (len(_calls) // 2))
    _calls[at : at + 2] = (os.getpid(), number)
    try:
        function, args, kwargs = _unpickled(sent)
        return function(*args, **kwargs)
    except BaseException as error:
        unsendable = _why_unsendable(error)
        if unsendable is None:
            raise
        raise RuntimeError(
            f"{type(error).__qualname__}: {error} (the exception itself cannot be pickled: {unsendable})"
        ).with_traceback(error.__traceback__) from None
    finally:
        _calls[at + 1] = 0


def _unpickled(sent: SentCall) -> Any:
    _modules.add(sent.files)
    try:
        return pickle.loads(sent.pickled)
    except Exception as error:
        error.add_note(
            "a worker process could not unpickle the call: it imports modules by name, with the sys.path that pytest "
            "had when the worker was started"
        )
        raise


def _why_unsendable(error: BaseException) -> str | None:
    """Return why the owner could not make the exception again, which would break the whole pool; None if it can."""
    try:
        pickle.loads(bytes(ForkingPickler.dumps(error)))
    except Exception as why:
        return f"{type(why).__name__}: {why}"
    return None


def _end_with_owner() -> None:
    owner = parent_process()
    if owner is None:
        return
    sentinel = owner.sentinel
    if sys.platform == "linux":
        with contextlib.suppress(ImportError, AttributeError, OSError):
            # The kernel ends the worker, even one that stays in C code forever and never lets the thread run.
            import fcntl

            fcntl.fcntl(sentinel, fcntl.F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(sentinel, fcntl.F_SETOWN, os.getpid())
            fcntl.fcntl(sentinel, fcntl.F_SETFL, fcntl.fcntl(sentinel, fcntl.F_GETFL) | os.O_ASYNC)
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            if connection.wait([sentinel], _LOOK_SECONDS):
                break
        os._exit(1)

    threading.Thread(target=watch, name="interleave-owner-watch", daemon=True).start()
