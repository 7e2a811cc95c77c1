"""What becomes of predicted deadlocks: schedules are steered to them; those that stay away are worth a warning."""

from __future__ import annotations

from ....control import Outcome
from ....detect import LockOrder, PredictedDeadlock
from ....explore import Steered
from ....explore.schedules import SPINS
from ...settings._settings import Settings

#: Schedules steered to the same deadlock: so many; one more for each further group of threads that could have it.
ATTEMPTS = 3
MOST_ATTEMPTS = 6
#: One schedule in so many may be a steered one.
SHARE = 4
#: Kinds of attempts, see `Steered`.
_KINDS = 3
#: Of the bound on an execution's steps, so much may pass between two times that a thread is found to spin.
_SPINNING = 400


class _Case:
    """Predictions that differ only in the threads: most tests have several of the same kind."""

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
    """The predicted deadlocks of one test."""

    def __init__(self, settings: Settings) -> None:
        self._lock_order = LockOrder()
        self._cases: dict[object, _Case] = {}
        self._seed = settings.stream
        self._budget = settings.schedules // SHARE
        self._spins = min(SPINS, settings.max_steps // _SPINNING)

    def look_at(self, outcome: Outcome) -> None:
        """Take in what an execution without a finding predicts."""
        if not outcome.nestings:
            return
        for predicted in self._lock_order.look_at(outcome):
            case = self._cases.get(predicted.places)
            if case is None:
                self._cases[predicted.places] = _Case(predicted)
            elif len(case.candidates) < MOST_ATTEMPTS:
                case.candidates.append(predicted)

    def next(self) -> Steered | None:
        """The strategy of the next execution where that is to be a steered one."""
        if not self._cases or not self._budget:
            return None
        case = min((case for case in self._cases.values() if case.left), key=lambda case: case.tried, default=None)
        if case is None:
            return None
        self._budget -= 1
        return case.next(self._seed, self._spins)

    def warnings(self) -> list[str]:
        """At the end of a test in which nothing was found: the deadlocks that were predicted and did not come."""
        texts: list[str] = []
        for case in self._cases.values():
            number = case.tried
            tried = (
                "no schedule was left to be steered to it"
                if not number
                else f"{number} schedule{' was' if number == 1 else 's were'} steered to it and did not deadlock"
            )
            texts.append(f"possible deadlock, not confirmed: {case.candidates[0]}; {tried}")
        return texts
