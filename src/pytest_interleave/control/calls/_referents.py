"""Deaths of weakly referenced objects: a thread that drops the last reference changes what the others see.

Which step does that is known only when it happens; then what it touched is added to the log. So a search may not know
of it in time. The call of the reference then has the part that code out of scope has in other cases.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from ..identity._any_call import any_call
from ..identity._natives import referent_of
from ..identity._object_names import name_of
from ..identity._written import is_of_an_object
from ..scope._observed import observed
from ..scope._real import get_ident
from ..steps._touches import FOREIGN, HIDDEN, OPAQUE, READS, WRITES, Touches

#: The weak reference that notices when a referent dies, by the name of the referent.
_watches: dict[int, weakref.ref[Any]] = {}
#: The same for callbacks, by the name of the referent and the address of the callback.
_callbacks: dict[tuple[int, int], weakref.ref[Any]] = {}
#: The name of what a reference referred to when it was called, by the address of the reference.
_called: dict[int, int] = {}


def called_reference(reference: Any) -> Touches:
    """Return what calling a weak reference touches."""
    referent = referent_of(reference)
    if referent is None:
        name = _called.get(id(reference), 0)
        # If it was not called before, nothing shows which thread let the object die, and when.
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


def calls_back_at_death(given: Sequence[Any]) -> None:
    """Note what the callback of a weak reference touches when the referent dies, unless it is written in Python.

    `given` has the arguments with which the reference is made.
    """
    if len(given) != 2 or not is_of_an_object(given[1]):
        return
    referent, callback = given
    key = name_of(referent), id(callback)
    if key in _callbacks:
        return

    def died(_watch: Any) -> None:
        _callbacks.pop(key, None)
        _note(tuple((name, part, how | OPAQUE | FOREIGN) for name, part, how in any_call.touches(callback, (None,))))

    _callbacks[key] = weakref.ref(referent, died)


def _note(touches: Touches) -> None:
    """Add touches to the current step of the calling thread."""
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
    """Forget all referents; called between executions."""
    _watches.clear()
    _called.clear()
    _callbacks.clear()
