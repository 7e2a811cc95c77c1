"""The checks that make an execution fail: findings, deadlocks and data races; and what limits their verdict."""

from ._alike_failures import one_of_each
from ._finding_kinds import DATA_RACE, FAILED_SETUP, FAILED_TEARDOWN, FAILED_TEST, LEAK, WORKER_EXCEPTION, FindingKind
from ._findings import Deadlock, Finding, Livelock, TooLong, finding_of
from ._identity import identity_of
from .deadlocks._causes_of_stuck import diagnose
from .deadlocks._diagnosis import Diagnosis
from .deadlocks._lock_order import LockOrder
from .deadlocks._predicted import Part, PredictedDeadlock, Site, can_wait
from .deadlocks._stuck import describe_stuck
from .happens_before._clocks import Clock
from .happens_before._holding import Holding
from .races._fasttrack import Conflict
from .races._races import Access, DataRace, Race, name_of_access, name_with_article, races_of
from .races._watchlist import Watchlist
from .uncontrolled._sharing import shares_something
from .uncontrolled._uncontrolled import code_in, cut_in, ends_in, name_of_used, uncontrolled_in
from .uncontrolled._unseen import Unseen, unseen_in
from .uncontrolled._uses import contested_uses
from .uncontrolled._waking import wakings

__all__ = [
    "DATA_RACE",
    "FAILED_SETUP",
    "FAILED_TEARDOWN",
    "FAILED_TEST",
    "LEAK",
    "WORKER_EXCEPTION",
    "Access",
    "Clock",
    "Conflict",
    "DataRace",
    "Deadlock",
    "Diagnosis",
    "Finding",
    "FindingKind",
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
    "contested_uses",
    "cut_in",
    "describe_stuck",
    "diagnose",
    "ends_in",
    "finding_of",
    "identity_of",
    "name_of_access",
    "name_of_used",
    "name_with_article",
    "one_of_each",
    "races_of",
    "shares_something",
    "uncontrolled_in",
    "unseen_in",
    "wakings",
]
