"""Units: controlled threads, as the scheduler sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...steps._operations import Operation
from ...steps._protocol import Nesting
from ._resources import Resource, TimesOut

if TYPE_CHECKING:
    import threading

    from ...steps._touches import Touches
    from .._execution import Execution
    from ._carrying import Half


class Unit(TimesOut):
    """A controlled thread, as the scheduler sees it: its identity, its state and its pending operation.

    It is also the resource for which a joiner waits.
    """

    #: True for the clock, which is no thread; see `TimeChoices`.
    is_clock = False

    __slots__ = (
        "abandoned",
        "at_large",
        "atomic",
        "begun",
        "children",
        "daemon",
        "deadline",
        "done",
        "doomed",
        "enabled",
        "exception",
        "execution",
        "explains",
        "half",
        "held",
        "index",
        "lasting",
        "name",
        "operation",
        "outside",
        "parent",
        "path",
        "patience",
        "refusals",
        "resource",
        "run_length",
        "runs",
        "sleeps",
        "special",
        "streak",
        "timed_out",
        "touches",
        "unwound",
        "waiting",
        "waits_from",
    )

    def __init__(
        self,
        execution: Execution,
        index: int,
        name: str,
        operation: Operation,
        parent: Unit | None = None,
        daemon: bool = False,
    ) -> None:
        self.execution = execution
        self.index = index
        self.name = name
        #: The function that a thread without a name of its own runs: "work" for "Thread-1 (work)".
        self.runs = ""
        if name.startswith("Thread-") and name.endswith(")"):
            self.name, _, self.runs = name[:-1].partition(" (")
        self.parent = parent
        self.children = 0
        #: The same for this unit in every execution: the parent's path, and how many units the parent had started
        #: before.
        self.path: tuple[int, ...] = ()
        if parent is not None:
            self.path = (*parent.path, parent.children)
            parent.children += 1
        self.daemon = daemon
        self.operation = operation
        #: What the announced operation touches, if it is an access.
        self.touches: Touches | None = None
        self.resource: Resource | None = None
        self.waiting: list[Unit] = []
        self.half: Half
        self.deadline: int | None = None
        #: For a wait with a deadline: its length in virtual nanoseconds, and the number of steps when it began.
        self.patience = 0
        self.waits_from = 0
        self.exception: BaseException | None = None
        #: The locks that it holds.
        self.held: list[Any] = []
        self.streak = 0
        self.run_length = 0
        self.sleeps = 0
        self.refusals = 0
        self.atomic = 0
        #: True if the ordinary path of a scheduling point does not suffice: unwinding, atomic, outside, watched, or
        #: past the bound on steps.
        self.special = False
        self.enabled = False
        self.begun = False
        self.done = False
        self.doomed = False
        self.unwound = False
        self.outside = False
        self.abandoned = False
        self.timed_out = False
        #: Whether a failed assertion is being explained: what is read for that is no step.
        self.explains = False
        #: Whether the thread was there before the execution, or outlives it; whether it has left the execution's
        #: control.
        self.lasting = False
        self.at_large = False

    @property
    def thread(self) -> threading.Thread | None:
        """The `threading.Thread` that runs this unit, if any."""
        return self.half.thread

    @property
    def log(self) -> list[Step]:
        """The steps of the unit's execution so far."""
        return self.execution.log

    @property
    def nestings(self) -> list[Nesting]:
        """The nestings of locks in the unit's execution so far."""
        return self.execution.nestings

    def note_nesting(self, lock: Any) -> None:
        """Note that the unit has just taken `lock` while it holds others."""
        execution = self.execution
        held = tuple((other, other.acquired) for other in self.held)
        execution.nestings.append(Nesting(self, len(execution.log) - 1, self.children, self.operation, lock, held))

    def wait_for(self, resource: Resource, deadline: int | None) -> None:
        """Add the unit to those that wait for `resource`, until `deadline` (in virtual nanoseconds) at most."""
        self.resource = resource
        self.deadline = deadline
        self.timed_out = False
        resource.waiting.append(self)
        if deadline is not None:
            execution = self.execution
            execution.timed = True
            self.patience = deadline - execution.clock.elapsed
            self.waits_from = len(execution.log)

    def begin_atomic(self) -> None:
        """Let no other thread run at the unit's scheduling points, until `end_atomic` has been called as often."""
        self.atomic += 1
        self.special = True

    def end_atomic(self) -> None:
        """End what `begin_atomic` has begun."""
        self.atomic -= 1
        self.settle()

    def settle(self) -> None:
        """Determine again whether the ordinary path of a scheduling point suffices for the unit."""
        execution = self.execution
        # In this order: another thread may change one of these, and then set `special`.
        self.special = False
        if (
            self.atomic > 0
            or self.outside
            or self.at_large
            or execution.closing is not None
            or execution.interrupted
            or execution.long is not None
            or execution.progress.watching
        ):
            self.special = True

    def withdraw(self) -> None:
        """Remove the unit from those that wait for its resource."""
        if self.resource is not None:
            self.resource.waiting.remove(self)
            self.resource = None
        self.deadline = None

    def available(self, unit: Unit, /) -> bool:  # noqa: ARG002
        """Whether a joiner can continue, because this unit has ended."""
        return self.done

    def describe(self) -> str:
        """Return what a joiner waits for, for messages."""
        return f"the end of {self.name}"

    def __repr__(self) -> str:
        return f"<Unit {self.index} {self.name!r}>"


#: One granted operation: its unit, the operation, and what it touched, as found when it was announced.
Step = tuple[Unit, Operation, "Touches | None"]


class Moment(TimesOut):
    """A moment in time, for which a sleeping thread waits."""

    waits_at_large = True

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def available(self, unit: Unit, /) -> bool:
        """Whether the sleep is over, which only the clock ends."""
        return unit.timed_out

    def describe(self) -> str:
        """Return what a sleeping thread waits for, for messages."""
        return "time to pass"
