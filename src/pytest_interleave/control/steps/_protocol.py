"""The questions that the scheduler asks a strategy. The strategies themselves are in `pytest_interleave.explore`."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from ..scope._places import Place
    from ._kinds import Kind
    from ._touches import Touches


#: Identifies a thread alike in every execution: the path of the thread that started it, and how many that thread had
#: started before.
Path = tuple[int, ...]


class PendingOperation(Protocol):
    """An action that a thread will do when granted: its instruction in the code, and its primitive, if any."""

    kind: Kind
    name: str
    mutates: bool
    #: False if it is no scheduling point, but belongs to the step before it.
    announced: bool
    #: The number of steps that there had been when its time limit was reached; None if it was not reached.
    expired_at: int | None
    #: False if it waits for a limited time, or not at all.
    patient: bool
    target: Any
    code: Any
    lasti: int

    def where(self) -> Place:
        """Return the nearest place in scope if the execution is a detailed one, else the place of the instruction."""

    @property
    def is_access(self) -> bool:
        """Whether this is an access to data rather than an operation on a primitive or a thread."""


class ThreadView(Protocol):
    """A controlled thread, as a strategy sees it.

    `index` is 0 for the test's own thread; the others are numbered in the order of their start. `path` identifies it
    alike in every execution: the path of the thread that started it, and how many that thread had started before.
    """

    index: int
    name: str
    path: Path
    #: What the announced operation touches if it is an access to data; see `touches_of` for the others.
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
        """The locks that it holds. The `acquired` of a lock is the operation that took it."""

    @property
    def nestings(self) -> Sequence[Nesting]:
        """The nestings of the execution so far."""


class Nesting(NamedTuple):
    """A moment when a thread took a lock while it held others."""

    thread: ThreadView
    #: The position of the step in the log.
    position: int
    #: The number of threads that the thread had started before.
    started: int
    operation: PendingOperation
    lock: Any
    #: The other locks, each with the operation that took it.
    held: tuple[tuple[Any, PendingOperation], ...]


#: A thread, its operation, and what that touched if it was an access to data.
LoggedStep = tuple[ThreadView, PendingOperation, "Touches | None"]


class Trace(Protocol):
    """A finished execution, as a strategy sees it."""

    @property
    def choices(self) -> Sequence[int]:
        """The index of the thread that was granted, for each step at which more than one could have been."""

    @property
    def log(self) -> Sequence[LoggedStep]:
        """Every step in the order granted: the thread, its operation, and what that touched."""

    @property
    def pending(self) -> Sequence[LoggedStep]:
        """The operations that threads had announced when they were ended."""

    @property
    def cut_off(self) -> bool:
        """Whether a thread was ended that could have continued."""

    @property
    def uncontrolled(self) -> bool:
        """Whether a thread was uncontrolled while others could continue."""

    @property
    def nestings(self) -> Sequence[Nesting]:
        """Each moment when a thread took a lock while it held others."""

    @property
    def signals(self) -> Set[int]:
        """The addresses of locks that another thread released than the one that had taken them."""


class Strategy(Protocol):
    """Chooses the schedule: which thread is granted its announced operation, at every step."""

    def begin(self, number: int) -> None:
        """Begin an execution; `number` counts the executions of this test from 1."""

    def spawned(self, thread: ThreadView) -> None:
        """Note that the thread exists from now on; the test's own, with index 0, exists from the beginning."""

    def choose(self, enabled: Sequence[ThreadView], running: ThreadView | None) -> int:
        """Return the position in `enabled` of the thread that is to be granted.

        `enabled` has at least two threads, by rising `index`. `running` is the one of them that ran last and has
        announced its next operation, or None if that thread has blocked or ended.
        """

    def yielded(self, index: int) -> None:
        """Note that the thread `index` spins or sleeps without effect, so that the others should run."""

    def end(self, trace: Trace) -> None:
        """Note that the execution has ended."""
