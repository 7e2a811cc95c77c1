"""The kinds of operations: what each does to its target, how it orders threads, and how reports call it.

A kind is one row of `ROWS`. Everything that has to tell kinds apart asks the table, so that a new kind needs no other
place: the search knows whether two steps conflict, happens-before knows whether a clock is given or taken, reports know
how to call it.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal, NamedTuple, get_args

Kind = Literal[
    "read", "write", "delete", "iterate", "yield", "return", "keep",
    "acquire", "try acquire", "release", "locked?", "wait", "woken", "notify", "notify all", "set", "clear", "is_set?",
    "put", "get", "size?", "arrive", "pass", "acted", "broken", "reset", "abort", "wake",
    "start", "begin", "join", "is_alive?", "threads?",
    "sleep", "poll", "held up", "enter", "leave", "idle", "over",
]  # fmt: skip

READ: Final = "read"
WRITE: Final = "write"
DELETE: Final = "delete"
ITERATE: Final = "iterate"
YIELD: Final = "yield"
RETURN: Final = "return"
KEEP: Final = "keep"
ACQUIRE: Final = "acquire"
TRY_ACQUIRE: Final = "try acquire"
RELEASE: Final = "release"
LOCKED: Final = "locked?"
WAIT: Final = "wait"
WOKEN: Final = "woken"
NOTIFY: Final = "notify"
NOTIFY_ALL: Final = "notify all"
SET: Final = "set"
CLEAR: Final = "clear"
IS_SET: Final = "is_set?"
PUT: Final = "put"
GET: Final = "get"
SIZE: Final = "size?"
ARRIVE: Final = "arrive"
PASS: Final = "pass"
ACTED: Final = "acted"
BROKEN: Final = "broken"
RESET: Final = "reset"
ABORT: Final = "abort"
WAKE: Final = "wake"
START: Final = "start"
BEGIN: Final = "begin"
JOIN: Final = "join"
IS_ALIVE: Final = "is_alive?"
THREADS: Final = "threads?"
SLEEP: Final = "sleep"
POLL: Final = "poll"
#: Time passes, as a choice of the strategy, while the thread that is the target is held up at the step's place. The
#: name of the operation says for how long.
HELD_UP: Final = "held up"
ENTER: Final = "enter"
LEAVE: Final = "leave"
IDLE: Final = "idle"
OVER: Final = "over"


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


ROWS: Final = (
    # Accesses to data.
    Row("read", About.DATA, present="reads", past="read", sign="read"),
    Row("write", About.DATA, present="writes", past="wrote", sign="write"),
    Row("delete", About.DATA, present="deletes", past="deleted", sign="write"),
    Row("iterate", About.DATA, present="loops over it", past="looped over", sign="read"),
    Row("yield", About.DATA, present="runs", past="went on with", sign="read"),
    Row("return", About.DATA, present="goes on with", past="went on with", sign="read"),
    # An object is put into a variable: from there on it is known whether other threads can reach it. It is no step.
    Row("keep", About.DATA),
    # Locks and semaphores.
    Row("acquire", About.PRIMITIVE, clock=Clock.TAKES, waits=Waits.YES, lock="takes", wait="acquire", sign="lock"),
    Row("try acquire", About.PRIMITIVE, clock=Clock.TAKES, lock="tries"),
    Row("release", About.PRIMITIVE, clock=Clock.GIVES, lock="gives", sign="lock"),
    Row("locked?", About.PRIMITIVE, Effect.READS),
    # Conditions, and events, whose waits change nothing.
    Row("wait", About.PRIMITIVE, Effect.DEPENDS, waits=Waits.YES, lock="gives", with_lock=True),
    Row("woken", About.PRIMITIVE, waits=Waits.ENDS, lock="takes", with_lock=True, waiting="be woken"),
    Row("notify", About.PRIMITIVE, clock=Clock.GIVES, signal=Signal.MOMENT),
    Row("notify all", About.PRIMITIVE, clock=Clock.GIVES, signal=Signal.MOMENT),
    Row("set", About.PRIMITIVE, clock=Clock.GIVES, signal=Signal.LASTS),
    Row("clear", About.PRIMITIVE, signal=Signal.LASTS),
    Row("is_set?", About.PRIMITIVE, Effect.READS, clock=Clock.TAKES),
    # Queues, and event loops that other threads wake.
    Row("put", About.PRIMITIVE, clock=Clock.GIVES, signal=Signal.LASTS),
    Row("get", About.PRIMITIVE, clock=Clock.TAKES, waits=Waits.YES, wait="get"),
    Row("size?", About.PRIMITIVE, Effect.READS, clock=Clock.TAKES),
    Row("wake", About.PRIMITIVE, clock=Clock.GIVES),
    # Barriers.
    Row("arrive", About.PRIMITIVE),
    Row("pass", About.PRIMITIVE, Effect.READS, waits=Waits.ENDS),
    Row("acted", About.INSIDE, shown=False),
    Row("broken", About.PRIMITIVE, shown=False),
    Row("reset", About.PRIMITIVE, signal=Signal.LASTS),
    Row("abort", About.PRIMITIVE, signal=Signal.LASTS),
    # Threads. What they touch is the order of the threads' own beginnings and ends.
    Row("start", About.LIFE, Effect.NOTHING, sign="thread"),
    Row("begin", About.LIFE, Effect.NOTHING, shown=False, sign="thread"),
    Row("join", About.LIFE, Effect.NOTHING, waits=Waits.YES, wait="join", sign="thread"),
    Row("is_alive?", About.LIFE, Effect.READS),
    Row("threads?", About.LIFE, Effect.READS),
    # Time.
    Row("sleep", About.TIME, Effect.NOTHING, waits=Waits.YES),
    Row("poll", About.TIME, Effect.NOTHING, shown=False),
    Row("held up", About.TIME, Effect.NOTHING),
    # What a logging handler does in one piece.
    Row("enter", About.INSIDE, Effect.NOTHING, clock=Clock.TAKES, shown=False, sign="lock"),
    Row("leave", About.INSIDE, Effect.NOTHING, clock=Clock.GIVES, shown=False, sign="lock"),
    # The operation of the watchdog, and of threads whose execution is over.
    Row("idle", About.NOTHING, Effect.NOTHING),
    Row("over", About.NOTHING, Effect.NOTHING),
)

TABLE: Final[dict[str, Row]] = {row.kind: row for row in ROWS}
assert TABLE.keys() == set(get_args(Kind))

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
