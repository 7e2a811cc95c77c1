"""What the scheduler asks of a strategy. The strategies themselves are in `pytest_interleave.explore`."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from ..scope._places import Place
    from ._kinds import Kind
    from ._touches import Touches


#: Names a thread alike in every execution: that of the thread that started it, and how many that had started before.
Path = tuple[int, ...]


class PendingOperation(Protocol):
    """What a thread will do when granted: at which instruction of which code, and on which primitive, if any."""

    kind: Kind
    name: str
    mutates: bool
    #: False where it is no scheduling point, but belongs to the step before it.
    announced: bool
    #: Where the time that it waits at most was over: how many steps there had been.
    expired_at: int | None
    #: False where it waits for a limited time, or not at all.
    patient: bool
    target: Any
    code: Any
    lasti: int

    def where(self) -> Place:
        """The nearest place in scope where the execution is a detailed one, else the instruction's own."""

    @property
    def is_access(self) -> bool:
        """Whether this is an access to data rather than an operation on a primitive or a thread."""


class ThreadView(Protocol):
    """A controlled thread, as far as a strategy may look.

    `index` is 0 for the test's own thread, then by start. `path` names it alike in every execution: that of the
    thread that started it, and how many that one had started before.
    """

    index: int
    name: str
    path: Path
    #: What the announced operation touches, where it is an access to data; see `touches_of` for the others.
    touches: Touches | None

    #: Whether it has ended.
    done: bool

    @property
    def thread(self) -> Any:
        """The `threading.Thread`, if there is one."""

    @property
    def operation(self) -> PendingOperation:
        """The operation that it has announced."""

    @property
    def log(self) -> Sequence[LoggedStep]:
        """The steps of the execution so far."""

    @property
    def held(self) -> Sequence[Any]:
        """The locks that it holds; the operation by which it took one is its `acquired`."""

    @property
    def nestings(self) -> Sequence[Nesting]:
        """The nestings of the execution so far."""


class Nesting(NamedTuple):
    """A thread took a lock while it held others."""

    thread: ThreadView
    #: Of the step in the log.
    position: int
    #: How many threads it had started before.
    started: int
    operation: PendingOperation
    lock: Any
    #: The others, and the operations by which it had taken them.
    held: tuple[tuple[Any, PendingOperation], ...]


#: A thread, what it did, and what that touched, where it was an access to data.
LoggedStep = tuple[ThreadView, PendingOperation, "Touches | None"]


class Trace(Protocol):
    """An execution that is over, as far as a strategy may look."""

    @property
    def choices(self) -> Sequence[int]:
        """The index of the thread granted, wherever more than one could have been."""

    @property
    def log(self) -> Sequence[LoggedStep]:
        """Every step in the order granted: the thread, what it did, what that touched."""

    @property
    def pending(self) -> Sequence[LoggedStep]:
        """What threads had announced that were ended before they could go on."""

    @property
    def cut_off(self) -> bool:
        """Whether a thread was ended that could have gone on."""

    @property
    def uncontrolled(self) -> bool:
        """Whether a thread was out of sight while others could go on."""

    @property
    def nestings(self) -> Sequence[Nesting]:
        """Each time that a thread took a lock while it held others."""

    @property
    def signals(self) -> Set[int]:
        """Addresses of locks that another thread released than the one that had taken them."""


class Strategy(Protocol):
    """Chooses the schedule: which thread is granted its announced operation, at every step."""

    def begin(self, number: int) -> None:
        """An execution begins; `number` counts the executions of this test from 1."""

    def spawned(self, thread: ThreadView) -> None:
        """The thread exists from now on; index 0, the test's own, from the beginning."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Name one of `enabled` (by its position) to be granted.

        `enabled` has at least two threads, by rising `index`. `running` is the one of them that ran last and has
        announced its next operation, or None where it has blocked or ended.
        """

    def yielded(self, index: int) -> None:
        """The thread `index` spins or sleeps without effect: the others should have their turn."""

    def end(self, trace: Trace) -> None:
        """The execution has ended."""
