"""The figures of stress runs as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ._errors import ErrorGroup, text_of, traceback_text
from ._figures import RETURNED_FALSE, Figures

#: At most this many groups of exceptions are shown with a traceback, and at most this many have a line; of the rest,
#: only the number is given.
_TRACEBACKS = 3
_LINES = 10
#: At most this many stacks of threads that hang are shown; of the rest, only the number is given.
_STACKS = 10
_MESSAGE = 70


def seconds_text(seconds: float | None) -> str:
    """Return seconds with a unit and two to three digits, such as "12 µs"."""
    if seconds is None or math.isnan(seconds):
        return "-"
    for factor, unit in ((1e6, "µs"), (1e3, "ms"), (1.0, "s")):
        value = seconds * factor
        if value < 999.5 or unit == "s":
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:,.0f} {unit}"
    raise AssertionError("seconds have a unit")


def rate_text(rate: float) -> str:
    """Return a number with up to three digits, such as "12.3k"."""
    for least, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if rate >= 0.9995 * least:
            value = rate / least
            return f"{value:.1f}{unit}" if value < 99.95 else f"{value:.0f}{unit}"
    return f"{rate:.1f}" if rate < 9.95 else f"{rate:.0f}"


def percent_text(rate: float) -> str:
    """Return a share as a percentage: never 100 if it is less, and never 0 if it is more."""
    percent = rate * 100
    if percent in (0, 100):
        return f"{percent:.0f}"
    return f"{min(max(percent, 0.01), 99.99):.2f}" if not 0.1 <= percent < 99.95 else f"{percent:.1f}"


def bytes_text(size: int | None) -> str:
    """Return a size with its sign and a unit, such as "+1.2 MiB"."""
    if size is None:
        return "not available"
    value = float(size)
    for unit in ("bytes", "KiB", "MiB"):
        if abs(value) < 1024:
            return f"{value:+.0f} {unit}" if unit == "bytes" else f"{value:+.1f} {unit}"
        value /= 1024
    return f"{value:+.1f} GiB"


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cells of a run for a table: operations, ok %, ops/s, p50, p99, max, fairness, errors.

    `row` is the run as it is in the JSON report.
    """
    latency = row["latency"]
    return (
        f"{row['operations']:,}",
        percent_text(row["success_rate"]),
        rate_text(row["throughput"]),
        *(seconds_text(latency[name]) for name in ("p50", "p99", "max")),
        f"{row['fairness']:.2f}",
        f"{row['failed']:,}",
    )


def summary_text(figures: Figures) -> str:
    """Return the summary: a line for each kind of figure."""
    latency = figures.latency
    rates = [thread.rate for thread in figures.per_thread]
    each = f"{rate_text(min(rates))}/s to {rate_text(max(rates))}/s" if rates else "-"
    limits = f"min {seconds_text(latency.min)}, mean {seconds_text(latency.mean)}"
    lines = [
        f"{figures.name}: {_many(figures.operations, 'operation')}, {_many(figures.threads, 'thread')}, "
        f"{seconds_text(figures.seconds)}",
        f"  success      {percent_text(figures.success_rate)} %: {_number(figures.succeeded)} succeeded, "
        f"{_number(figures.failed)} failed{_not_run(figures)}",
        f"  throughput   {rate_text(figures.throughput)} ops/s",
        "  latency      "
        + ", ".join(f"{name} {seconds_text(getattr(latency, name))}" for name in ("p50", "p90", "p99", "max")),
        f"               {limits}",
        f"  fairness     {figures.fairness:.2f}: each thread {each}",
        f"  threads      {figures.peak_threads} at peak",
        f"  memory       {bytes_text(figures.memory_growth)}",
    ]
    if figures.check_left_out:
        lines.append(f"  check        skipped ({'threads hung' if figures.hung else 'the run ended early'})")
    elif figures.check_error is not None:
        lines.append("  check        failed")
    if figures.errors:
        lines += ["  errors", *(f"    {line}" for line in error_lines(figures.errors))]
    if figures.hung:
        lines.append("  hung")
        lines += [f"    {line}" for line in hung_lines(figures)]
    return "\n".join(lines)


def whole_text(figures: Figures) -> str:
    """Return the summary, the first tracebacks of the largest groups, and the stacks of threads that hung."""
    parts = [summary_text(figures)]
    for group in figures.errors[:_TRACEBACKS]:
        if group.traceback:
            first = "first traceback" if group.count > 1 else "traceback"
            parts.append(f"{first} ({group.thread}{', setup' if group.in_setup else ''}):\n{group.traceback}")
    if figures.check_error is not None and not _returned_false(figures.check_error):
        parts.append(f"check:\n{traceback_text(figures.check_error)}")
    parts += [f"{thread.name} hung:\n{thread.stack}" for thread in figures.hung[:_STACKS] if thread.stack]
    if len(figures.hung) > _STACKS:
        parts.append(f"… and {len(figures.hung) - _STACKS} more threads hung")
    return "\n\n".join(parts)


def error_lines(groups: Sequence[ErrorGroup]) -> list[str]:
    """Return a line for each group: how often, what, where."""
    return [error_line(group.as_json(), group.where) for group in groups[:_LINES]] + _and_more(len(groups))


def error_line(group: Mapping[str, Any], where: str) -> str:
    """Return the line of one group, which is as in the JSON report."""
    if not group["file"] and group["type"] == "others":
        return f"{_number(group['count'])} × others"
    message = _short(group["message"])
    threads = _many(group["threads"], "thread")
    setup = "setup, " if group["in_setup"] else ""
    reported = f"{_number(group['count'])} × {group['type']} at {where} ({setup}{threads})"
    return f"{reported}: {message}" if message else reported


def hung_lines(figures: Figures) -> list[str]:
    """Return a line for each thread that hung."""
    lines = []
    for thread in figures.hung[:_LINES]:
        what = f"operation {_number(thread.operation)}" if thread.operation else "setup"
        how = "stopped" if thread.ended else "could not be stopped, still running"
        lines.append(f"{thread.name}: {what}, at {thread.where} ({how})")
    return lines + _and_more(len(figures.hung))


def missed(figures: Figures) -> list[str]:
    """Return what always counts as missed: threads that hung, a check that failed."""
    found = []
    if figures.hung:
        found.append(hung_text(figures))
    if figures.check_error is not None:
        found.append(check_text(figures.check_error))
    return found


def hung_text(figures: Figures) -> str:
    """Return how many threads hung, and the time limit."""
    return f"{len(figures.hung):,} of {_many(figures.threads, 'thread')} hung (timeout {figures.timeout:g} s)"


def check_text(error: BaseException) -> str:
    """Return how the check failed."""
    return RETURNED_FALSE if _returned_false(error) else f"check() raised {_short(text_of(error))}"


def _returned_false(error: BaseException) -> bool:
    return type(error) is AssertionError and error.args == (RETURNED_FALSE,)


def missed_rate(figures: Figures, required: float) -> str:
    """Return the message that fewer operations have succeeded than are required."""
    return (
        f"success rate {percent_text(figures.success_rate)} % ({_number(figures.failed)} of "
        f"{_number(figures.operations)} failed), required >= {required * 100:.6g} %"
    )


def _not_run(figures: Figures) -> str:
    left = 0 if figures.planned is None else figures.planned - figures.operations
    return f", {_number(left)} not run" if left > 0 else ""


def _and_more(count: int) -> list[str]:
    return [f"… and {count - _LINES} more"] if count > _LINES else []


def _short(text: str) -> str:
    # The further lines that pytest adds to an assertion would read as a part of it.
    line = " ".join(text.strip().partition("\n")[0].split())
    return line if len(line) <= _MESSAGE else f"{line[: _MESSAGE - 1]}…"


def _number(count: int) -> str:
    return f"{count:,}"


def _many(count: int, what: str) -> str:
    return f"{_number(count)} {what}{'' if count == 1 else 's'}"
