"""The kinds of operations: what each does to its target, how it orders threads, and how reports call it.

A kind is one row: the line that defines it. Everything that distinguishes kinds asks the table, so a new kind needs no
other place: the search knows whether two steps conflict, happens-before knows whether a clock is given or taken, and
reports know what to call it.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, Literal, NamedTuple, NewType

#: The kind of an operation, a short verb; `_row` makes them.
Kind = NewType("Kind", str)


class About(Enum):
    """What operations of a kind are about."""

    #: An access to data; what it touches is found out when it is announced.
    DATA = 0
    #: A primitive.
    PRIMITIVE = 1
    #: The beginning and the end of threads.
    LIFE = 2
    #: Time that passes.
    TIME = 3
    #: What a primitive or a library does by itself within another step.
    INSIDE = 4
    #: No step at all: what a thread is given that has none.
    NOTHING = 5


class Effect(Enum):
    """What an operation does to its target."""

    NOTHING = 0
    READS = 1
    WRITES = 2
    #: It writes if `Operation.mutates` says so.
    DEPENDS = 3


class Clock(Enum):
    """Whether an operation orders threads: it publishes what its thread knows, or learns what was published."""

    NEITHER = 0
    GIVES = 1
    TAKES = 2


class Waits(Enum):
    """Whether an operation may have to wait until another thread has done something."""

    NO = 0
    YES = 1
    #: It ends a wait that an operation of another kind has begun.
    ENDS = 2


class Signal(Enum):
    """Whether others wait for an operation, or take note of it."""

    NO = 0
    #: What it changes stays until another operation changes it.
    LASTS = 1
    #: It reaches only those who wait at that moment.
    MOMENT = 2


class Row(NamedTuple):
    """A kind of operation."""

    kind: Kind
    about: About
    effect: Effect = Effect.WRITES
    clock: Clock = Clock.NEITHER
    waits: Waits = Waits.NO
    signal: Signal = Signal.NO
    #: Whether it takes a lock, tries to take one, or gives one back: its target, or the lock of the condition that is
    #: its target.
    lock: Literal["", "takes", "tries", "gives"] = ""
    #: Whether its target is a condition whose lock it takes or gives back.
    with_lock: bool = False
    #: Whether tables show it if its target matters.
    shown: bool = True
    #: In a table, after "waits to".
    waiting: str = ""
    #: In a sentence: "reads", and "wrote".
    present: str = ""
    past: str = ""
    #: In a sentence, after "the timeout of worker-0's".
    wait: str = "wait"
    #: The sign of a row in the HTML page.
    sign: Literal["", "read", "write", "lock", "thread"] = ""


TABLE: Final[dict[str, Row]] = {}


def _row(kind: str, about: About, effect: Effect = Effect.WRITES, **more: Any) -> Kind:
    """Add a kind to the table; `more` are other fields of its row."""
    named = Kind(kind)
    assert named not in TABLE
    TABLE[named] = Row(named, about, effect, **more)
    return named


# Accesses to data.
READ: Final = _row("read", About.DATA, present="reads", past="read", sign="read")
WRITE: Final = _row("write", About.DATA, present="writes", past="wrote", sign="write")
DELETE: Final = _row("delete", About.DATA, present="deletes", past="deleted", sign="write")
ITERATE: Final = _row("iterate", About.DATA, present="loops over it", past="looped over", sign="read")
YIELD: Final = _row("yield", About.DATA, present="runs", past="went on with", sign="read")
RETURN: Final = _row("return", About.DATA, present="goes on with", past="went on with", sign="read")

# An object is put into a variable: from there on it is known whether other threads can reach it. It is no step.
KEEP: Final = _row("keep", About.DATA)

# Locks and semaphores.
ACQUIRE: Final = _row(
    "acquire", About.PRIMITIVE, clock=Clock.TAKES, waits=Waits.YES, lock="takes", wait="acquire", sign="lock"
)
TRY_ACQUIRE: Final = _row("try acquire", About.PRIMITIVE, clock=Clock.TAKES, lock="tries")
RELEASE: Final = _row("release", About.PRIMITIVE, clock=Clock.GIVES, lock="gives", sign="lock")
LOCKED: Final = _row("locked?", About.PRIMITIVE, Effect.READS)

# Conditions, and events, whose waits change nothing.
WAIT: Final = _row("wait", About.PRIMITIVE, Effect.DEPENDS, waits=Waits.YES, lock="gives", with_lock=True)
WOKEN: Final = _row("woken", About.PRIMITIVE, waits=Waits.ENDS, lock="takes", with_lock=True, waiting="be woken")
NOTIFY: Final = _row("notify", About.PRIMITIVE, clock=Clock.GIVES, signal=Signal.MOMENT)
NOTIFY_ALL: Final = _row("notify all", About.PRIMITIVE, clock=Clock.GIVES, signal=Signal.MOMENT)
SET: Final = _row("set", About.PRIMITIVE, clock=Clock.GIVES, signal=Signal.LASTS)
CLEAR: Final = _row("clear", About.PRIMITIVE, signal=Signal.LASTS)
IS_SET: Final = _row("is_set?", About.PRIMITIVE, Effect.READS, clock=Clock.TAKES)

# Queues, and event loops that other threads wake.
PUT: Final = _row("put", About.PRIMITIVE, clock=Clock.GIVES, signal=Signal.LASTS)
GET: Final = _row("get", About.PRIMITIVE, clock=Clock.TAKES, waits=Waits.YES, wait="get")
SIZE: Final = _row("size?", About.PRIMITIVE, Effect.READS, clock=Clock.TAKES)
WAKE: Final = _row("wake", About.PRIMITIVE, clock=Clock.GIVES)

# Barriers.
ARRIVE: Final = _row("arrive", About.PRIMITIVE)
PASS: Final = _row("pass", About.PRIMITIVE, Effect.READS, waits=Waits.ENDS)
ACTED: Final = _row("acted", About.INSIDE, shown=False)
BROKEN: Final = _row("broken", About.PRIMITIVE, shown=False)
RESET: Final = _row("reset", About.PRIMITIVE, signal=Signal.LASTS)
ABORT: Final = _row("abort", About.PRIMITIVE, signal=Signal.LASTS)

# Threads. What they touch is the order of the threads' own beginnings and ends.
START: Final = _row("start", About.LIFE, Effect.NOTHING, sign="thread")
BEGIN: Final = _row("begin", About.LIFE, Effect.NOTHING, shown=False, sign="thread")
JOIN: Final = _row("join", About.LIFE, Effect.NOTHING, waits=Waits.YES, wait="join", sign="thread")
IS_ALIVE: Final = _row("is_alive?", About.LIFE, Effect.READS)
THREADS: Final = _row("threads?", About.LIFE, Effect.READS)

# Time.
SLEEP: Final = _row("sleep", About.TIME, Effect.NOTHING, waits=Waits.YES)
POLL: Final = _row("poll", About.TIME, Effect.NOTHING, shown=False)
#: Time passes, as a choice of the strategy, while the thread that is the target is held up at the step's place. The
#: name of the operation says for how long.
HELD_UP: Final = _row("held up", About.TIME, Effect.NOTHING)

# What a logging handler does in one piece.
ENTER: Final = _row("enter", About.INSIDE, Effect.NOTHING, clock=Clock.TAKES, shown=False, sign="lock")
LEAVE: Final = _row("leave", About.INSIDE, Effect.NOTHING, clock=Clock.GIVES, shown=False, sign="lock")

# The operation of the watchdog, and of threads whose execution is over.
IDLE: Final = _row("idle", About.NOTHING, Effect.NOTHING)
OVER: Final = _row("over", About.NOTHING, Effect.NOTHING)

ROWS: Final = tuple(TABLE.values())

#: They touch nothing: no order of two of them matters, but that of threads' beginnings and ends.
SILENT: Final = frozenset(row.kind for row in ROWS if row.effect is Effect.NOTHING)
#: They read their target.
READING: Final = frozenset(row.kind for row in ROWS if row.effect is Effect.READS)
#: Their effect depends on `Operation.mutates`.
DEPENDING: Final = frozenset(row.kind for row in ROWS if row.effect is Effect.DEPENDS)
#: They touch the lock of a condition as well.
WITH_LOCK: Final = frozenset(row.kind for row in ROWS if row.with_lock)
#: They take a lock; they give one back.
TAKING_LOCKS: Final = frozenset(row.kind for row in ROWS if row.lock == "takes")
GIVING_LOCKS: Final = frozenset(row.kind for row in ROWS if row.lock == "gives")
#: They take or give back a lock, and touch nothing else.
OF_A_LOCK: Final = frozenset(row.kind for row in ROWS if row.lock in ("takes", "gives") and not row.with_lock)
#: They take the lock that is their target, if it is free at last.
ACQUIRING: Final = frozenset(row.kind for row in ROWS if row.lock in ("takes", "tries") and not row.with_lock)
#: They ask which threads live: which have begun, and which have ended, is what they touch.
ASKING: Final = frozenset(row.kind for row in ROWS if row.about is About.LIFE and row.effect is Effect.READS)
#: They begin and end threads, and touch nothing else.
OF_LIVES: Final = frozenset(row.kind for row in ROWS if row.about is About.LIFE and row.effect is Effect.NOTHING)
#: What they touch is shown in tables wherever it is done: threads begin, end, and ask for each other.
OF_THREADS: Final = frozenset(row.kind for row in ROWS if row.about is About.LIFE and row.shown)
#: They let time pass.
OF_TIME: Final = frozenset(row.kind for row in ROWS if row.about is About.TIME)
#: They publish, or learn, what threads know.
GIVING: Final = frozenset(row.kind for row in ROWS if row.clock is Clock.GIVES)
TAKING: Final = frozenset(row.kind for row in ROWS if row.clock is Clock.TAKES)
#: Waits at primitives that may be given up, and then order nothing.
GIVEN_UP: Final = frozenset(row.kind for row in ROWS if row.about is About.PRIMITIVE and row.waits is Waits.YES)
#: Others wait for them, or take note of them.
SIGNALS: Final = frozenset(row.kind for row in ROWS if row.signal is not Signal.NO)
#: A thread misses the signal if its wait comes after it.
MISSED: Final = frozenset((WAIT, *(row.kind for row in ROWS if row.signal is Signal.MOMENT)))
#: They are turns of a thread at a primitive.
TURNS: Final = frozenset(row.kind for row in ROWS if row.about is About.PRIMITIVE)
#: Tables do not show them.
HIDDEN: Final = frozenset(row.kind for row in ROWS if not row.shown)
