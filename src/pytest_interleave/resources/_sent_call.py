"""Calls for another process: pickled at once, so that an error is raised where the call is given."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from types import FunctionType
from typing import Any, NamedTuple

from ._described import describe_call
from ._sent_modules import files_of


class SentCall(NamedTuple):
    """A pickled call, and the files of the modules that it needs."""

    pickled: bytes
    files: dict[str, str]


class _Pickler(ForkingPickler):
    """A pickler that finds out which modules are needed on the other side."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.modules: set[str] = set()

    def reducer_override(self, value: Any) -> Any:
        """Note the module of a function or class; everything is pickled as usual.

        See `pickle.Pickler.reducer_override`.
        """
        if isinstance(value, (FunctionType, type)) and isinstance(value.__module__, str):
            self.modules.add(value.__module__)
        return NotImplemented


def pickled_call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> SentCall:
    """Return a call that is ready to be sent.

    Raises `pickle.PicklingError` that says what to do if it cannot be sent.
    """
    __tracebackhide__ = True
    file = io.BytesIO()
    pickler = _Pickler(file)
    try:
        pickler.dump((function, args, kwargs))
    except Exception as error:
        raise pickle.PicklingError(
            f"cannot pickle {describe_call(function, args)} for a worker process ({error}): use a module-level "
            "function, not a lambda or nested function, and arguments without locks, open files or generators"
        ) from error
    return SentCall(file.getvalue(), files_of(pickler.modules))
