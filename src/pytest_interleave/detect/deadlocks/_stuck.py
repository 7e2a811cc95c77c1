"""The message of a deadlock, a livelock or a timeout: who waits for what, who holds it, and since where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ..._texts import cut, listed
from ...control import Step, Stuck, WaitingThread
from ...control.execution import CREATED, DEADLOCK, LIVELOCK, TIMEOUT, short_name
from ._diagnosis import diagnose, joined, method_of


def describe_stuck(stuck: Stuck, log: Sequence[Step]) -> str:
    """Return the message of the finding; its first line says what happened."""
    diagnosis = diagnose(stuck, log)
    # Waits for the end of another thread come last: they are a consequence of the others.
    waits = sorted(stuck.waits, key=lambda wait: (bool(joined(wait)), wait.number))
    lines = [diagnosis.bug]
    for wait in waits:
        lines.extend(f"  {line}" for line in _describe(wait, stuck))
    if stuck.kind == DEADLOCK and not stuck.cycle:
        lines.extend(f"  {line}" for line in _ended(stuck, log))
    lines += [
        f"  {names} created at {place}"
        for names, place in _created([wait for wait in waits if not method_of(wait, stuck)])
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


#: At most this many threads that have ended are described.
_MOST_ENDED = 4
#: What threads that are not blocked do, by the kind of the ending.
_DOING = {LIVELOCK: "spins", TIMEOUT: "runs", DEADLOCK: "cannot continue"}


def _describe(wait: WaitingThread, stuck: Stuck) -> list[str]:
    where = "" if wait.where is None else f" at {wait.where}"
    if not wait.waits_for:
        text = "" if wait.where is None else cut(wait.where.text)
        return [f"{wait.thread} {_DOING[stuck.kind]}{where}{': ' if text else ''}{text}"]
    if joined(wait):
        line = f"{wait.thread} waits in join() for {joined(wait)}{where}"
    elif method_of(wait, stuck):
        line = f"{wait.thread} waits in {method_of(wait, stuck)}(){where}"
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


def _ended(stuck: Stuck, log: Sequence[Step]) -> Iterator[str]:
    """Yield what is known of the threads that have ended; first of those that have raised something."""
    ended = sorted(stuck.ended, key=lambda one: (one.error is None, one.number))
    for one in ended[:_MOST_ENDED]:
        how = "" if one.error is None else f" with {type(one.error).__name__}"
        own = (operation for unit, operation, _ in reversed(log) if unit.index == one.number)
        # The place of others is in a library, or in this plugin, if the execution is not a detailed one.
        last = next((f"; its last step was at {step.where()}" for step in own if step.place or step.is_access), "")
        yield f"{one.thread} has ended{how}{last}"
    if len(ended) > _MOST_ENDED:
        more = len(ended) - _MOST_ENDED
        yield f"{more} more {'thread has' if more == 1 else 'threads have'} ended"


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
