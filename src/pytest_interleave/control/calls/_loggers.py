"""The touches of logging: of the loggers that pass a message on, and of what their handlers keep of it in memory."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from typing import Any

from ..identity._owners import MISSING, stored_attribute
from ..identity._types import OTHER, kind_of, module_of
from ..identity._wholes import contents, native, whole
from ..steps._touches import NOTHING, READS, WRITES, Touches

#: Methods of loggers and logger adapters by which a message goes to the handlers; also functions that do so.
LOGGING = frozenset("critical debug error exception fatal handle info log warn warning".split())

_STREAMS = (io.StringIO, io.BytesIO)
#: Handlers of pytest whose records the test can read.
_read: list[logging.Handler] = []


@contextlib.contextmanager
def records_read(handler: logging.Handler) -> Iterator[None]:
    """Treat what this handler of pytest keeps as shared by threads that log, while entered: the test can read it."""
    _read.append(handler)
    try:
        yield
    finally:
        _read.remove(handler)


def of_logger(logger: Any, how: int) -> Touches:
    """Return what using a logger touches, and the loggers above it, which are asked for what it does not have.

    For a handler, it is the handler itself.
    """
    # All loggers together can be disabled.
    touches = whole(logging.root.manager, READS)
    while logger is not None and logger is not MISSING:
        if kind_of(type(logger)) != OTHER:
            break
        touches += whole(logger, how)
        if how == WRITES:
            break
        logger = stored_attribute(logger, "parent")
    return touches


def of_handlers(logger: Any) -> Touches:
    """Return what handlers keep in memory of a logger's message; pytest's count only if the test can read them."""
    touches = NOTHING
    logger = getattr(logger, "logger", logger) if isinstance(logger, logging.LoggerAdapter) else logger
    while isinstance(logger, logging.Logger):
        for handler in logger.handlers:
            if handler not in _read and module_of(type(handler)).partition(".")[0] == "_pytest":
                continue
            touches += whole(handler, READS)
            for name, kept in vars(handler).items():
                # The use of a file is seen elsewhere; its lines may be in any order.
                how = READS if name == "filters" else WRITES
                touches += native(kept, how) if isinstance(kept, _STREAMS) else contents(kept, how)
        if not logger.propagate:
            break
        logger = logger.parent
    return touches
