"""Stand-ins for functions that use files, databases, sockets and processes; each use by a thread is recorded."""

from ._event_loops import LoopEvents
from ._in_place import put_in_new_modules, put_in_place, take_away
from ._processes import ENDED, PROCESS_USES, STARTED
from ._uses import unrecorded
from .databases._databases import Refused, refused_by
from .files._locks import FileLock

__all__ = [
    "ENDED",
    "PROCESS_USES",
    "STARTED",
    "FileLock",
    "LoopEvents",
    "Refused",
    "put_in_new_modules",
    "put_in_place",
    "refused_by",
    "take_away",
    "unrecorded",
]
