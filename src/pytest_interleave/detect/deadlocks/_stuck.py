"""The message of a deadlock, a livelock or a timeout: who waits for what, who holds it, and since where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ..._texts import cut, listed
from ...control import Step, Stuck, WaitingThread
from ...control.execution import CREATED, DEADLOCK, LIVELOCK, TIMEOUT, short_name
from ._diagnosis import diagnose, joined, queue_method


def describe_stuck(stuck: Stuck, log: Sequence[Step]) -> str:
    """Return the message of the finding; its first line says what happened."""
    diagnosis = diagnose(stuck, log)
    # Waits for the end of another thread come last: they are a consequence of the others.
    waits = sorted(stuck.waits, key=lambda wait: (bool(joined(wait)), wait.number))
    lines = [diagnosis.bug]
    for wait in waits:
        lines.extend(f"  {line}" for line in _describe(wait, stuck))
    lines += [
        f"  {names} created at {place}"
        for names, place in _created([wait for wait in waits if not queue_method(wait, stuck)])
        if place not in diagnosis.bug
    ]
    if stuck.left:
        lines += [
            "  help: wake the thread and join it before the test ends, or start it with daemon=True.",
            "        Otherwise Python hangs at exit: it waits for all threads that are not daemons.",
        ]
    if stuck.counts:
        lines += [
            "  help: if the loop ends at a larger number, raise max_steps in the marker of the test.",
            "        Otherwise add the missing exit condition.",
        ]
    if stuck.kind == TIMEOUT and any(wait.outside for wait in stuck.waits):
        lines += [
            "  help: give the wait a time limit, or make sure that it ends. If it only takes long, raise seconds in",
            "        the marker of the test.",
        ]
    elif stuck.kind == TIMEOUT:
        lines.append("  help: make the test shorter, or raise seconds in its marker.")
    return "\n".join(lines)


#: What threads that are not blocked do, by the kind of the ending.
_DOING = {LIVELOCK: "spins", TIMEOUT: "runs", DEADLOCK: "cannot continue"}


def _describe(wait: WaitingThread, stuck: Stuck) -> list[str]:
    where = "" if wait.where is None else f" at {wait.where}"
    if not wait.waits_for:
        text = "" if wait.where is None else cut(wait.where.text)
        return [f"{wait.thread} {_DOING[stuck.kind]}{where}{': ' if text else ''}{text}"]
    if joined(wait):
        line = f"{wait.thread} waits in join() for {joined(wait)}{where}"
    elif queue_method(wait, stuck):
        line = f"{wait.thread} waits in {queue_method(wait, stuck)}(){where}"
    else:
        line = f"{wait.thread} waits for {short_name(wait.waits_for)}{where}"
    if wait.outside:
        line += f": {cut(wait.where.text)}" if wait.where is not None and wait.where.text else ""
    lines = [f"{line}, {held}" if (held := _holds(wait, stuck)) else line]
    if wait.started is not None:
        lines.append(f"  started at {wait.started}")
    if wait.holder is not None and wait.holder not in {other.thread for other in stuck.waits}:
        since = "" if wait.acquired is None else f" since {wait.acquired}"
        lines.append(f"  held by {wait.holder}{since}")
    return lines


def _holds(wait: WaitingThread, stuck: Stuck) -> str:
    """Return what of that which others wait for the thread holds, and since where."""
    held: dict[str, str] = {}
    for other in stuck.waits:
        if other.holder == wait.thread:
            held[short_name(other.waits_for)] = "" if other.acquired is None else f" since {other.acquired}"
    return f"holds {', '.join(name + since for name, since in held.items())}" if held else ""


def _created(waits: Sequence[WaitingThread]) -> Iterator[tuple[str, str]]:
    """Yield the objects that threads wait for, with a verb, and the place where they were created."""
    places: dict[str, list[str]] = defaultdict(list)
    for wait in waits:
        name, created, rest = wait.waits_for.removeprefix("notify() on ").removeprefix("an item in ").partition(CREATED)
        place = rest.partition(")")[0]
        if created and name not in places[place]:
            places[place].append(name)
    for place, names in places.items():
        names.sort()
        yield f"{listed(names)} {'was' if len(names) == 1 else 'were'}", place
