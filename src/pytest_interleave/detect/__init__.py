"""What makes an execution fail: findings, how deadlocks are told, and data races."""

from ._clocks import Clock
from ._fasttrack import Conflict
from ._findings import Deadlock, Finding, Livelock, TooLong, finding_of
from ._holding import Holding
from ._identity import identity_of
from ._lock_order import LockOrder
from ._predicted import Part, PredictedDeadlock, Site, can_wait
from ._races import Access, DataRace, Race, name_of_access, races_of
from ._sharing import shares_something
from ._stuck import describe_stuck
from ._uncontrolled import code_in, cut_in, ends_in, uncontrolled_in
from ._unseen import Unseen, unseen_in
from ._waking import wakings
from ._watchlist import Watchlist

__all__ = [
    "Access",
    "Clock",
    "Conflict",
    "DataRace",
    "Deadlock",
    "Finding",
    "Holding",
    "Livelock",
    "LockOrder",
    "Part",
    "PredictedDeadlock",
    "Race",
    "Site",
    "TooLong",
    "Unseen",
    "Watchlist",
    "can_wait",
    "code_in",
    "cut_in",
    "describe_stuck",
    "ends_in",
    "finding_of",
    "identity_of",
    "name_of_access",
    "races_of",
    "shares_something",
    "uncontrolled_in",
    "unseen_in",
    "wakings",
]
