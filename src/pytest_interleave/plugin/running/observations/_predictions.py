"""Steers schedules to predicted deadlocks, and warns of those that did not happen."""

from __future__ import annotations

from ....control import Outcome
from ....detect import LockOrder, PredictedDeadlock
from ....explore import Steered
from ....explore.schedules import SPINS
from ...settings._settings import Settings

#: This many schedules are steered to the same deadlock, and one more for each further group of threads that could have
#: it; after that many attempts in all, none.
ATTEMPTS = 3
MOST_ATTEMPTS = 6
#: At most one schedule in this many is steered.
SHARE = 4
#: Kinds of attempts, see `Steered`.
_KINDS = 3
#: The bound on the steps of an execution, divided by the steps between two checks whether a thread spins.
_SPINNING = 400


class _Case:
    """Predictions of the same deadlock that differ only in the threads: most tests have several of these."""

    def __init__(self, predicted: PredictedDeadlock) -> None:
        self.candidates = [predicted]
        self.tried = 0

    @property
    def left(self) -> bool:
        return self.tried < min(ATTEMPTS + len(self.candidates) - 1, MOST_ATTEMPTS)

    def next(self, seed: int, spins: int) -> Steered:
        number, kind = self.tried % len(self.candidates), self.tried // len(self.candidates)
        self.tried += 1
        # The last attempt is of the last kind: it is the one that is least like the others.
        return Steered(self.candidates[number], kind if self.left else _KINDS - 1, seed + self.tried, spins)


class Predictions:
    """Collects the predicted deadlocks of one test, and steers schedules to them."""

    def __init__(self, settings: Settings) -> None:
        self._lock_order = LockOrder()
        self._cases: dict[object, _Case] = {}
        self._seed = settings.stream
        self._budget = settings.schedules // SHARE
        self._spins = min(SPINS, settings.max_steps // _SPINNING)

    def look_at(self, outcome: Outcome) -> None:
        """Collect the deadlocks that the locks of an execution without a finding predict."""
        if not outcome.nestings:
            return
        for predicted in self._lock_order.look_at(outcome):
            case = self._cases.get(predicted.places)
            if case is None:
                self._cases[predicted.places] = _Case(predicted)
            elif len(case.candidates) < MOST_ATTEMPTS:
                case.candidates.append(predicted)

    def next(self) -> Steered | None:
        """Return the strategy of the next execution if it is to be steered; None if not."""
        if not self._cases or not self._budget:
            return None
        case = min((case for case in self._cases.values() if case.left), key=lambda case: case.tried, default=None)
        if case is None:
            return None
        self._budget -= 1
        return case.next(self._seed, self._spins)

    def warnings(self) -> list[str]:
        """Return a warning for each deadlock that was predicted and did not happen, for a test without a finding."""
        texts: list[str] = []
        for case in self._cases.values():
            number = case.tried
            tried = (
                "No schedules were left to try it: raise schedules= in the marker."
                if not number
                else f"Tried {number} schedule{'' if number == 1 else 's'} to trigger it. If something else keeps "
                "these threads apart, ignore this warning."
            )
            texts.append(f"possible deadlock (not confirmed): {case.candidates[0]}\n{tried}")
        return texts
