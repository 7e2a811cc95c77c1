"""The message of a deadlock, a livelock or a timeout: who waits for what, who holds it, and since where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from textwrap import wrap

from ..._texts import MOST_NAMED, cut, listed, named
from ...control import Place, Step, Stuck, WaitingThread, is_ours, is_stdlib
from ...control.execution import CREATED, DEADLOCK, LIVELOCK, TIMEOUT, short_name
from ...control.scope import file_of
from ._causes_of_stuck import diagnose
from ._diagnosis import joined, method_of


def describe_stuck(stuck: Stuck, log: Sequence[Step]) -> str:
    """Return the message of the finding; its first line says what happened."""
    diagnosis = diagnose(stuck, log)
    # Waits for the end of another thread come last: they are a consequence of the others.
    waits = sorted(stuck.waits, key=lambda wait: (bool(joined(wait)), wait.number))
    lines = [diagnosis.bug]
    lines.extend(f"  {line}" for line in _described(waits, stuck, diagnosis.causes))
    if stuck.kind == DEADLOCK and not stuck.cycle:
        lines.extend(f"  {line}" for line in _ended(stuck, log))
    lines += [
        f"  {names} created at {place}"
        for names, place in _created([wait for wait in waits if not method_of(wait, stuck)])
        if place not in diagnosis.bug
    ]
    if stuck.kind != DEADLOCK or stuck.left:
        lines.extend(_helps(diagnosis.help))
    return "\n".join(lines)


def _helps(text: str) -> list[str]:
    """Return what helps as lines of a message; none if that is not known."""
    return wrap(text, _WIDTH, initial_indent="  help: ", subsequent_indent="        ") if text else []


#: A line of a message is broken beyond this width: pytest indents it.
_WIDTH = 72
#: At most this many threads, or groups of threads that do the same, are described.
_MOST_GROUPS = 10
#: At most this many threads that have ended are described.
_MOST_ENDED = 4
#: What threads that are not blocked do, by the kind of the ending.
_DOING = {LIVELOCK: "spins", TIMEOUT: "runs", DEADLOCK: "cannot continue"}


def _described(waits: Sequence[WaitingThread], stuck: Stuck, causes: Sequence[WaitingThread]) -> Iterator[str]:
    """Yield lines on the threads: many that do the same are described together, and of many groups, the first ones."""
    groups: dict[object, list[WaitingThread]] = {}
    for wait in waits:
        groups.setdefault((wait.waits_for, *_describe(wait, stuck, "")), []).append(wait)
    alike = [group for each in groups.values() for group in ([each] if len(each) > 2 else [[wait] for wait in each])]
    alike.sort(key=lambda group: waits.index(group[0]))
    shown = alike
    if len(alike) > _MOST_GROUPS:
        # Those that cause it come first.
        by_cause = sorted(alike, key=lambda group: not any(wait in causes for wait in group))[:_MOST_GROUPS]
        shown = [group for group in alike if group in by_cause]
    for group in shown:
        yield from _describe(group[0], stuck, named([wait.thread for wait in group]), "" if len(group) > 1 else "s")
    if len(shown) < len(alike):
        more = sum(map(len, alike)) - sum(map(len, shown))
        yield f"… and {more} more thread{'' if more == 1 else 's'}"


def _describe(wait: WaitingThread, stuck: Stuck, who: str, s: str = "s") -> list[str]:
    """Return lines on a thread, or on several that do the same: `s` is the ending of the verb."""
    where = "" if wait.where is None else f" at {wait.where}"
    if not wait.waits_for:
        text = "" if wait.where is None else cut(wait.where.text)
        doing = _DOING[stuck.kind]
        doing = doing.removesuffix("s") if not s else doing
        return [f"{who} {doing}{where}{': ' if text else ''}{text}"]
    if joined(wait):
        line = f"{who} wait{s} in join() for {joined(wait)}{where}"
    elif method_of(wait, stuck):
        line = f"{who} wait{s} in {method_of(wait, stuck)}(){_of_task(wait)}{where}"
    else:
        line = f"{who} wait{s} for {wait.event}{short_name(wait.waits_for)}{where}"
    if wait.outside:
        line += f": {cut(wait.where.text)}" if wait.where is not None and wait.where.text else ""
    held = _holds(wait, stuck)
    fits = len(f"{line}, {held}") <= _WIDTH
    lines = [line] if not held else [f"{line}, {held}"] if fits else [f"{line},", f"  {held}"]
    if wait.started is not None:
        lines.append(f"  started at {wait.started}")
    if wait.holder is not None and wait.holder not in {other.thread for other in stuck.waits}:
        since = "" if wait.acquired is None else f" since {wait.acquired}"
        lines.append(f"  held by {wait.holder}{since}")
    return lines


def _of_task(wait: WaitingThread) -> str:
    """Return for which task a thread waits, if it is one of a thread pool."""
    if wait.task is None:
        return ""
    return " for a task that has not started" if wait.task.thread is None else f" for a task in {wait.task.thread}"


def _ended(stuck: Stuck, log: Sequence[Step]) -> Iterator[str]:
    """Yield what is known of the threads that have ended; first of those that have raised something."""
    ended = sorted(stuck.ended, key=lambda one: (one.error is None, one.number))
    for one in ended[:_MOST_ENDED]:
        if one.error is not None:
            place = _raised_at(one.error)
            yield f"{one.thread} has ended with {type(one.error).__name__}{'' if place is None else f' at {place}'}"
            continue
        own = (operation for unit, operation, _ in reversed(log) if unit.index == one.number)
        # The place of others is in a library, or in this plugin, if the execution is not a detailed one.
        last = next((f"; its last step was at {step.where()}" for step in own if step.place or step.is_access), "")
        yield f"{one.thread} has ended{last}"
    if len(ended) > _MOST_ENDED:
        more = len(ended) - _MOST_ENDED
        yield f"{more} more {'thread has' if more == 1 else 'threads have'} ended"


def _raised_at(error: BaseException) -> Place | None:
    """Return the innermost line outside the standard library that an exception has passed; None if there is none."""
    found = None
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not is_ours(code.co_filename) and not is_stdlib(code.co_filename):
            found = Place(file_of[code.co_filename], traceback.tb_lineno, code.co_qualname)
        traceback = traceback.tb_next
    return found


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
        name, created, rest = wait.waits_for.partition(CREATED)
        place = rest.partition(")")[0]
        if created and name not in places[place]:
            places[place].append(name)
    for place, names in sorted(places.items(), key=lambda item: min(map(_in_order, item[1]))):
        names.sort(key=_in_order)
        shown = names if len(names) <= MOST_NAMED else [*names[:2], f"{len(names) - 2} more"]
        yield f"{listed(shown)} {'was' if len(names) == 1 else 'were'}", place


def _in_order(name: str) -> tuple[str, int]:
    """Return a key that sorts "Lock #2" before "Lock #10"."""
    kind, _, number = name.partition(" #")
    return kind, int(number) if number.isdigit() else 0
