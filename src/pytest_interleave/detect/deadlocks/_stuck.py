"""The message of a deadlock, a livelock or a timeout: who waits for what, who holds it, and since where."""

from __future__ import annotations

from ...control import Stuck, WaitingThread
from ...control.execution import LIVELOCK, TIMEOUT


def describe_stuck(stuck: Stuck) -> str:
    """Return the message of the finding; its first line says what happened."""
    lines = [_headline(stuck)]
    for wait in stuck.waits:
        lines.extend(f"  {line}" for line in _describe(wait, stuck.kind))
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


def _headline(stuck: Stuck) -> str:
    if stuck.counts:
        return f"livelock: still running after {stuck.steps:,} steps; the threads repeat the same loop and only count"
    if stuck.kind == LIVELOCK:
        return f"livelock: no thread makes progress after {stuck.steps:,} steps; each repeats the same steps"
    if stuck.kind == TIMEOUT:
        return f"timeout: one execution was still running after {stuck.seconds:g} s and {stuck.steps:,} steps"
    names = [wait.thread for wait in stuck.waits]
    if stuck.left and len(names) == 1:
        return f"deadlock: thread {names[0]!r} is blocked forever when the test ends"
    if stuck.left:
        return f"deadlock: {len(names)} threads are blocked forever when the test ends"
    if stuck.cycle and len(names) == 1:
        return f"deadlock: thread {names[0]!r} waits for itself"
    if stuck.cycle:
        return f"deadlock: {len(names)} threads wait for each other in a circle"
    if len(names) == 1:
        return f"deadlock: thread {names[0]!r} waits for what nobody will do"
    return f"deadlock: all {len(names)} threads that are left wait for what nobody will do"


#: What threads that are not blocked do, by the kind of the ending.
_DOING = {LIVELOCK: "spins", TIMEOUT: "runs"}


def _describe(wait: WaitingThread, kind: str) -> list[str]:
    where = "" if wait.where is None else f" at {wait.where} in {wait.where.function}"
    if not wait.waits_for:
        doing = _DOING.get(kind, "cannot go on")
        lines = [f"{wait.thread!r} {doing}{where}"]
    else:
        lines = [f"{wait.thread!r} waits for {wait.waits_for}{where}"]
    if wait.where is not None and wait.where.text:
        lines.append(f"    {wait.where.text}")
    if wait.started is not None:
        lines.append(f"  started at {wait.started}")
    if wait.holder is not None:
        since = "" if wait.acquired is None else f", which acquired it at {wait.acquired}"
        lines.append(f"  held by {wait.holder!r}{since}")
    return lines
