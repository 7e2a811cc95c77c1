"""A timeline in rows and columns, as the HTML report draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..control.steps import kinds

#: The kind of the step for which a thread waits in `Condition.wait`.
_BE_WOKEN = kinds.WOKEN


def _sign_of(kind: str) -> str:
    """Return the sign that shows at a glance what sort of operation a step is."""
    row = kinds.TABLE.get(kind)
    return "other" if row is None else row.sign or "other"


def _blocked_in(kind: str) -> str:
    """Return what a thread does that waits for a step of this kind."""
    return "waiting for notify" if kind == _BE_WOKEN else f"blocked in {kind}"


def _does(event: Mapping[str, Any]) -> str:
    if event["waits"]:
        return _blocked_in(event["kind"])
    # What is used, such as a file, stands beside it.
    return str(event["kind"] if event.get("uses") else event.get("does") or event["kind"])


class Lock(NamedTuple):
    """A lock, and the letter that stands for it in one timeline."""

    letter: str
    name: str


class Step(NamedTuple):
    """A row of the timeline."""

    #: The number of the row, from 1.
    row: int
    #: Columns count from 1.
    lane: int
    number: int
    thread: str
    #: "read", "blocked in acquire".
    does: str
    sign: str
    #: The letter of the lock that it is done to; empty if it is done to something else.
    lock: str
    what: str
    place: str
    function: str
    source: str
    value: str
    switch: bool
    #: Whether the scheduler switched by itself.
    gave_way: bool
    #: The loop that its thread repeats until the end, at the first step of that.
    repeats: str
    waits: bool
    #: The thread that holds what it waits for.
    holder: str
    #: Locks that the thread holds at this step, and those that others hold, each with its thread.
    holds: list[Lock]
    others: list[tuple[Lock, str]]
    #: The rows that it conflicts with, and on what.
    conflicts: list[tuple[int, str]]


class Bar(NamedTuple):
    """A time during which a lock is held, from one row to another one."""

    lane: int
    #: The number of its track among those of the same thread, from 0.
    track: int
    letter: str
    first: int
    last: int
    #: Whether it was held before the first row, and after the last one.
    before: bool
    after: bool


class Link(NamedTuple):
    """An arrow between two rows: a conflict, or what a thread waits for."""

    first: int
    last: int
    source: int
    target: int
    waits: bool


class Chart(NamedTuple):
    """A timeline that is laid out."""

    #: The names of the threads that have a column.
    lanes: list[str]
    #: The number of threads without a column, because none of their steps is shown.
    unseen: int
    steps: list[Step]
    bars: list[Bar]
    links: list[Link]
    locks: list[Lock]
    tracks: int
    #: The number of all steps of the execution.
    total: int
    switches: int
    #: The number of further switches that the scheduler made by itself.
    gave_way: int

    @property
    def data(self) -> dict[str, Any]:
        """The data for the script of the page."""
        steps = [
            step._asdict()
            | {
                "holds": [lock._asdict() for lock in step.holds],
                "others": [(lock._asdict(), thread) for lock, thread in step.others],
            }
            for step in self.steps
        ]
        return {"steps": steps, "total": self.total}


def lay_out(timeline: Mapping[str, Any]) -> Chart:
    """Lay out in rows and columns what `Timeline.as_json()` returns."""
    events: list[Mapping[str, Any]] = timeline["events"]
    names: list[str] = timeline["threads"]
    threads = sorted({event["thread"] for event in events})
    lane_of = {thread: lane for lane, thread in enumerate(threads, 1)}
    row_of: dict[int, int] = {}
    for row, event in enumerate(events, 1):
        row_of.setdefault(event["step"], row)
    holdings = _holdings(timeline)
    locks = _letters(holdings, events)
    conflicts: dict[int, list[tuple[int, str]]] = {}
    links: list[Link] = []
    for arrow in timeline["arrows"]:
        first, last = row_of.get(arrow["first"]), row_of.get(arrow["second"])
        if first is None or last is None or first >= last:
            continue
        conflicts.setdefault(first, []).append((last, arrow["what"]))
        conflicts.setdefault(last, []).append((first, arrow["what"]))
        links.append(_link(events, lane_of, first, last, waits=False))
    steps = []
    for row, event in enumerate(events, 1):
        holder = _holder(event, holdings) if event["waits"] else None
        since = None if holder is None else row_of.get(holder.first)
        if since is not None and since < row:
            links.append(_link(events, lane_of, since, row, waits=True))
        held = [each for each in holdings if each.at(event["step"])]
        steps.append(
            Step(
                row=row,
                lane=lane_of[event["thread"]],
                number=event["step"],
                thread=_name(names, event["thread"]),
                does=_does(event),
                sign=_sign_of(event["kind"]),
                lock=locks[event["what"]].letter if event["what"] in locks else "",
                what=event["what"],
                place=event["place"],
                function=event["function"],
                source=event["source"],
                value=event["value"],
                switch=event["switch"],
                gave_way=event.get("gave_way", False),
                repeats=_repeats(events, row),
                waits=event["waits"],
                holder="" if holder is None else _name(names, holder.thread),
                holds=[locks[each.lock] for each in held if each.thread == event["thread"]],
                others=[
                    (locks[each.lock], _name(names, each.thread)) for each in held if each.thread != event["thread"]
                ],
                conflicts=sorted(conflicts.get(row, [])),
            )
        )
    bars = _bars(holdings, events, lane_of, locks)
    return Chart(
        lanes=[_name(names, thread) for thread in threads],
        unseen=sum(index not in lane_of for index in range(len(names))),
        steps=steps,
        bars=bars,
        links=links,
        locks=list(locks.values()),
        tracks=max((bar.track + 1 for bar in bars), default=0),
        total=timeline["steps"],
        switches=sum(step.switch for step in steps),
        gave_way=sum(step.gave_way for step in steps),
    )


def _repeats(events: Sequence[Mapping[str, Any]], row: int) -> str:
    """Return the text of the loop that begins in a row; empty if none does."""
    this, before = ((each["thread"], each.get("repeats", "")) for each in (events[row - 1], events[max(0, row - 2)]))
    return "" if this == before and row > 1 else this[1]


class _Holding(NamedTuple):
    thread: int
    lock: str
    first: int
    #: None if it was not given back.
    last: int | None

    def at(self, step: int) -> bool:
        """Whether the lock is held at this step; it is at those that take it and give it back."""
        return self.first <= step and (self.last is None or step <= self.last)


def _holdings(timeline: Mapping[str, Any]) -> list[_Holding]:
    released = {(event["step"], event["thread"]) for event in timeline["events"] if event["kind"] == "release"}
    holdings = []
    for held in timeline["held"]:
        # It was held to the execution's end, and its last step did not give it back.
        kept = held["last"] >= timeline["steps"] and (held["last"], held["thread"]) not in released
        holdings.append(_Holding(held["thread"], held["lock"], held["first"], None if kept else held["last"]))
    return holdings


def _holder(event: Mapping[str, Any], holdings: Sequence[_Holding]) -> _Holding | None:
    """Return the holding of what a thread waits for at the end."""
    for held in holdings:
        if held.last is None and held.lock == event["what"] and held.thread != event["thread"]:
            return held
    return None


def _letters(holdings: Sequence[_Holding], events: Sequence[Mapping[str, Any]]) -> dict[str, Lock]:
    """Return the locks in the order in which the shown steps name them; then those that were taken before."""
    held = {each.lock for each in holdings}
    names = dict.fromkeys(event["what"] for event in events if event["what"] in held)
    names.update(dict.fromkeys(each.lock for each in holdings))
    return {name: Lock(_letter(number), name) for number, name in enumerate(names)}


def _letter(number: int) -> str:
    """Return the letter for a number: A, B, …, Z, A2, B2, and so on."""
    turn, letter = divmod(number, 26)
    return chr(ord("A") + letter) + (str(turn + 1) if turn else "")


def _bars(
    holdings: Sequence[_Holding],
    events: Sequence[Mapping[str, Any]],
    lane_of: Mapping[int, int],
    locks: Mapping[str, Lock],
) -> list[Bar]:
    bars: list[Bar] = []
    #: For each lane, the last rows of the bars in each of its tracks.
    ends: dict[int, list[int]] = {}
    for held in sorted(holdings, key=lambda each: each.first):
        during = [row for row, event in enumerate(events, 1) if held.at(event["step"])]
        if not during or held.thread not in lane_of:
            continue
        lane = lane_of[held.thread]
        tracks = ends.setdefault(lane, [])
        track = next((track for track, end in enumerate(tracks) if end <= during[0]), len(tracks))
        tracks[track : track + 1] = [during[-1]]
        before = events[0]["step"] > held.first
        bars.append(Bar(lane, track, locks[held.lock].letter, during[0], during[-1], before, held.last is None))
    return bars


def _link(
    events: Sequence[Mapping[str, Any]], lane_of: Mapping[int, int], first: int, last: int, *, waits: bool
) -> Link:
    source, target = (lane_of[events[row - 1]["thread"]] for row in (first, last))
    return Link(first, last, source, target, waits)


def _name(names: Sequence[str], thread: int) -> str:
    return names[thread] if thread < len(names) else f"thread {thread}"
