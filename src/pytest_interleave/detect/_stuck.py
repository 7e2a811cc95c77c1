"""Tells a deadlock or a livelock: who waits for what, who holds it, since where."""

from __future__ import annotations

from ..control import Stuck, WaitingThread


def describe_stuck(stuck: Stuck) -> str:
    """The message of the finding; the first line says what happened."""
    lines = [_headline(stuck)]
    for wait in stuck.waits:
        lines.extend(f"  {line}" for line in _describe(wait, stuck.kind))
    if stuck.left:
        lines += [
            "  help: wake the thread and join it before the test ends, or start it with daemon=True.",
            "        Otherwise Python hangs at exit: it waits for all threads that are not daemons.",
        ]
    if stuck.kind == "livelock":
        lines.append("  If the test is only long, raise the bound: max_steps=... in its marker")
    return "\n".join(lines)


def _headline(stuck: Stuck) -> str:
    if stuck.kind == "livelock":
        return f"livelock: no end after {stuck.steps} scheduling points (max_steps); threads that still run or wait:"
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


def _describe(wait: WaitingThread, kind: str) -> list[str]:
    where = "" if wait.where is None else f" at {wait.where} in {wait.where.function}"
    if not wait.waits_for:
        doing = "runs" if kind == "livelock" else "cannot go on"
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
