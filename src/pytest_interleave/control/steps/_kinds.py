"""The kinds of operations: what each does to its target, how it orders threads, and how reports name it.

A kind is one row: the line that defines it. All code that distinguishes kinds asks the table, so a new kind is added in
one place: the search knows whether two steps conflict, happens-before knows whether a clock is given or taken, and
reports know how to name the kind.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NewType

#: The kind of an operation, a short verb; `_row` makes them.
Kind = NewType("Kind", str)


#: The subject of a kind of operations: data (what an access touches is determined when it is announced), a primitive,
#: the beginning and the end of threads, time that passes, an action that a primitive or a library does by itself within
#: another step, or nothing, for threads that have no step.
About = Literal["data", "primitive", "life", "time", "inside", "nothing"]

#: The effect of an operation on its target; "depends" if `Operation.mutates` says whether it writes or only reads.
Effect = Literal["nothing", "reads", "writes", "depends"]


class Row:
    """A kind of operation.

    `clock` says whether it orders threads: it "gives" what its thread knows to others, or "takes" what was given.
    `waits` says whether it may have to wait until another thread has done something; "ends" if it ends a wait that an
    operation of another kind began. `signal` says whether other threads wait for it or notice it: its change "lasts"
    until another operation changes the same, or it reaches only the threads that wait at that "moment". `lock` says
    whether it takes, tries to take or releases a lock: its target or, with `with_lock`, the lock of the condition that
    is its target. Tables show it if it is `shown` and its target matters.

    The others are words of reports: `present` in a sentence, as in "worker-0 reads"; `waiting` for a thread that waits
    to do it, with "{}" for its target; `wait` in a sentence after "the timeout of worker-0's"; `sign` for a row of the
    HTML page.
    """

    # No NamedTuple, no dataclass: those take longer to define, in every run of pytest.
    def __init__(
        self,
        kind: Kind,
        about: About,
        effect: Effect,
        clock: Literal["", "gives", "takes"] = "",
        waits: Literal["", "yes", "ends"] = "",
        signal: Literal["", "lasts", "moment"] = "",
        lock: Literal["", "takes", "tries", "gives"] = "",
        with_lock: bool = False,
        shown: bool = True,
        waiting: str = "blocked",
        present: str = "",
        wait: str = "wait",
        sign: Literal["", "read", "write", "lock", "thread"] = "",
    ) -> None:
        self.kind = kind
        self.about = about
        self.effect = effect
        self.clock = clock
        self.waits = waits
        self.signal = signal
        self.lock = lock
        self.with_lock = with_lock
        self.shown = shown
        self.waiting = waiting
        self.present = present
        self.wait = wait
        self.sign = sign


TABLE: Final[dict[str, Row]] = {}


def _row(kind: str, about: About, effect: Effect = "writes", **more: Any) -> Kind:
    """Add a kind to the table; `more` are other fields of its row."""
    named = Kind(kind)
    assert named not in TABLE
    TABLE[named] = Row(named, about, effect, **more)
    return named


# Accesses to data.
READ: Final = _row("read", "data", present="reads", sign="read")
WRITE: Final = _row("write", "data", present="writes", sign="write")
DELETE: Final = _row("delete", "data", present="deletes", sign="write")
ITERATE: Final = _row("iterate", "data", present="iterates", sign="read")
YIELD: Final = _row("yield", "data", present="resumes", sign="read")
RETURN: Final = _row("return", "data", present="continues with", sign="read")

# An object is put into a variable. From then on it is known whether other threads can reach it. This is no step.
KEEP: Final = _row("keep", "data")

# Locks and semaphores.
ACQUIRE: Final = _row(
    "acquire", "primitive", clock="takes", waits="yes", lock="takes", wait="acquire", sign="lock", present="acquires",
    waiting="blocked on {}",
)  # fmt: skip
TRY_ACQUIRE: Final = _row("try acquire", "primitive", clock="takes", lock="tries", present="tries to acquire")
RELEASE: Final = _row("release", "primitive", clock="gives", lock="gives", sign="lock", present="releases")
LOCKED: Final = _row("locked?", "primitive", "reads", present="asks for the state of")

# Conditions, and events, whose waits change nothing.
WAIT: Final = _row(
    "wait", "primitive", "depends", waits="yes", lock="gives", with_lock=True, present="starts to wait on"
)
WOKEN: Final = _row(
    "woken",
    "primitive",
    waits="ends",
    lock="takes",
    with_lock=True,
    waiting="waiting for notify",
    present="is woken by",
)
NOTIFY: Final = _row("notify", "primitive", clock="gives", signal="moment", present="notifies")
NOTIFY_ALL: Final = _row("notify all", "primitive", clock="gives", signal="moment", present="notifies all on")
SET: Final = _row("set", "primitive", clock="gives", signal="lasts")
CLEAR: Final = _row("clear", "primitive", signal="lasts")
IS_SET: Final = _row("is_set?", "primitive", "reads", clock="takes", present="asks for the state of")

# Queues, and event loops that other threads wake.
PUT: Final = _row("put", "primitive", clock="gives", signal="lasts", present="puts into")
GET: Final = _row(
    "get", "primitive", clock="takes", waits="yes", wait="get", present="gets from", waiting="waiting for an item"
)
SIZE: Final = _row("size?", "primitive", "reads", clock="takes", present="asks for the size of")
WAKE: Final = _row("wake", "primitive", clock="gives")

# State outside memory: a thread waits until it is as the program needs it.
AWAIT: Final = _row(
    "await", "primitive", "reads", clock="takes", waits="yes", present="waits for", waiting="waiting for {}"
)

# Barriers.
ARRIVE: Final = _row("arrive", "primitive", present="arrives at")
PASS: Final = _row("pass", "primitive", "reads", waits="ends", present="passes", waiting="waiting at the barrier")
ACTED: Final = _row("acted", "inside", shown=False)
BROKEN: Final = _row("broken", "primitive", shown=False)
RESET: Final = _row("reset", "primitive", signal="lasts")
ABORT: Final = _row("abort", "primitive", signal="lasts")

# Threads. What they touch is the order of the threads' own beginnings and ends.
START: Final = _row("start", "life", "nothing", sign="thread")
BEGIN: Final = _row("begin", "life", "nothing", shown=False, sign="thread")
JOIN: Final = _row("join", "life", "nothing", waits="yes", wait="join", sign="thread", waiting="waiting for {}")
IS_ALIVE: Final = _row("is_alive?", "life", "reads")
THREADS: Final = _row("threads?", "life", "reads")

# Time.
SLEEP: Final = _row("sleep", "time", "nothing", waits="yes", waiting="sleeping")
POLL: Final = _row("poll", "time", "nothing", shown=False)
#: The strategy lets time pass while the unit that is the target is held up at the step's place. The name of the
#: operation says for how long.
HELD_UP: Final = _row("held up", "time", "nothing")

# Atomic work of a logging handler.
ENTER: Final = _row("enter", "inside", "nothing", clock="takes", shown=False, sign="lock")
LEAVE: Final = _row("leave", "inside", "nothing", clock="gives", shown=False, sign="lock")

# The operations of the watchdog, and of threads whose execution is over.
IDLE: Final = _row("idle", "nothing", "nothing")
OVER: Final = _row("over", "nothing", "nothing")

ROWS: Final = tuple(TABLE.values())

#: Kinds of accesses to data.
DATA: Final = frozenset(row.kind for row in ROWS if row.about == "data")
#: Kinds of accesses that end a call, or continue one.
OF_CALLS: Final = frozenset((YIELD, RETURN))
#: Kinds that touch nothing. The order of two of them does not matter, except for the beginnings and ends of threads.
SILENT: Final = frozenset(row.kind for row in ROWS if row.effect == "nothing")
#: Kinds that read their target.
READING: Final = frozenset(row.kind for row in ROWS if row.effect == "reads")
#: Kinds whose effect depends on `Operation.mutates`.
DEPENDING: Final = frozenset(row.kind for row in ROWS if row.effect == "depends")
#: Kinds that also touch the lock of the condition that is their target.
WITH_LOCK: Final = frozenset(row.kind for row in ROWS if row.with_lock)
#: Kinds that take a lock, and kinds that release one.
TAKING_LOCKS: Final = frozenset(row.kind for row in ROWS if row.lock == "takes")
GIVING_LOCKS: Final = frozenset(row.kind for row in ROWS if row.lock == "gives")
#: Kinds that take or release a lock and touch nothing else.
OF_A_LOCK: Final = frozenset(row.kind for row in ROWS if row.lock in ("takes", "gives") and not row.with_lock)
#: Kinds that take the lock that is their target, if it is free in the end.
ACQUIRING: Final = frozenset(row.kind for row in ROWS if row.lock in ("takes", "tries") and not row.with_lock)
#: Kinds that ask which threads are alive. They touch which threads have started and which have ended.
ASKING: Final = frozenset(row.kind for row in ROWS if row.about == "life" and row.effect == "reads")
#: Kinds that concern the beginning and the end of threads and touch nothing else.
OF_LIVES: Final = frozenset(row.kind for row in ROWS if row.about == "life" and row.effect == "nothing")
#: Kinds whose touches tables always show: threads begin, end, and ask about each other.
OF_THREADS: Final = frozenset(row.kind for row in ROWS if row.about == "life" and row.shown)
#: Kinds that let time pass.
OF_TIME: Final = frozenset(row.kind for row in ROWS if row.about == "time")
#: Kinds that publish what a thread knows, and kinds that learn it.
GIVING: Final = frozenset(row.kind for row in ROWS if row.clock == "gives")
TAKING: Final = frozenset(row.kind for row in ROWS if row.clock == "takes")
#: Kinds of waits at primitives. Such a wait may be given up; then it orders nothing.
GIVEN_UP: Final = frozenset(row.kind for row in ROWS if row.about == "primitive" and row.waits == "yes")
#: Kinds that other threads wait for or notice.
SIGNALS: Final = frozenset(row.kind for row in ROWS if row.signal)
#: A wait, and the kinds whose signal a thread misses if its wait comes later.
MISSED: Final = frozenset((WAIT, *(row.kind for row in ROWS if row.signal == "moment")))
#: Kinds that are turns of a thread at a primitive.
TURNS: Final = frozenset(row.kind for row in ROWS if row.about == "primitive")
#: Kinds that tables do not show.
HIDDEN: Final = frozenset(row.kind for row in ROWS if not row.shown)
