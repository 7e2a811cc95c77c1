"""When what a weak reference refers to dies: a thread that drops the last reference changes what the others see.

Which step that is shows only when it happens; then what it touched is added to the log. So a search may not know of it
where it would have had to, and what code out of scope is in other cases, that is the call of the reference here.
"""

from __future__ import annotations

import weakref
from typing import Any

from ..identity._natives import referent_of
from ..identity._object_names import name_of
from ..scope._observed import observed
from ..scope._real import get_ident
from ..steps._touches import FOREIGN, HIDDEN, OPAQUE, READS, WRITES, Touches

#: By name of a referent: what tells when it dies.
_watches: dict[int, weakref.ref[Any]] = {}
#: By address of a reference that was called, the name of what it referred to.
_called: dict[int, int] = {}


def called_reference(reference: Any) -> Touches:
    """What it touches to call a weak reference."""
    referent = referent_of(reference)
    if referent is None:
        name = _called.get(id(reference), 0)
        # Where it was not called before, nothing tells who let the object die, and when.
        flags = FOREIGN if name else HIDDEN
        return ((("referent", name), None, READS | OPAQUE | flags),)
    name = name_of(referent)
    _called[id(reference)] = name
    if name not in _watches:
        key = "referent", name

        def died(_watch: Any) -> None:
            _note(((key, None, WRITES | OPAQUE | FOREIGN),))

        _watches[name] = weakref.ref(referent, died)
    return ((("referent", name), None, READS | OPAQUE | FOREIGN),)


def _note(touches: Touches) -> None:
    """Add to what the calling thread's current step touches."""
    unit = observed[get_ident()]
    if unit is None:
        return
    log = unit.execution.log
    for position in range(len(log) - 1, -1, -1):
        whose, operation, known = log[position]
        if whose is unit:
            if known is not None:
                log[position] = (whose, operation, (*known, *touches))
            return


def forget_referents() -> None:
    """Between executions."""
    _watches.clear()
    _called.clear()
