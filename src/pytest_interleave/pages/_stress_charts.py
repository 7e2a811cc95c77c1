"""Stress runs as the HTML report shows them: figures as text, charts as shapes in a box of 1,000 by 100."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..stress import (
    bytes_text,
    has_figures,
    has_missed,
    is_wrong,
    label,
    percent_text,
    place_of,
    rate_text,
    seconds_text,
)
from ._totals import OUTCOMES

#: The size of the box that a chart is drawn in; the page stretches it.
WIDTH, HEIGHT = 1000.0, 100.0
#: At most this many bars in the chart of threads; with more threads, each bar is the mean of several.
_THREAD_BARS = 200
#: At most this many rows are in the table of threads, and at most this many stacks of threads that hung are shown; of
#: the rest, only the number.
_THREAD_ROWS = 200
_STACKS = 50
#: At most this many errors are shown at once; the others must be unfolded.
_ERRORS = 8
_PERCENTILES = ("p50", "p90", "p99")


class Shape(NamedTuple):
    """A bar of a chart."""

    x: float
    y: float
    width: float
    height: float
    #: Its meaning, in words.
    text: str
    bad: bool = False


class Mark(NamedTuple):
    """A place on an axis, in percent of its length, with a text."""

    at: float
    text: str

    @property
    def side(self) -> str:
        """The side on which the text is, so that it stays in the chart."""
        return "first" if self.at < 6 else "last" if self.at > 94 else "middle"


class Plot(NamedTuple):
    """A chart, with its title, its description and its axes."""

    title: str
    #: Everything that it shows, in a sentence.
    description: str
    bars: list[Shape]
    #: An outline, as the data of a path; empty if there are bars.
    line: str
    area: str
    #: Marks along the bottom.
    ticks: list[Mark]
    #: Marks with lines from top to bottom.
    marks: list[Mark]
    #: The value at the top of the box.
    most: str


def lay_out_run(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template shows of one run."""
    path, colons, name = label(row).partition("::")
    missed = list(row["missed"])
    return {
        "id": f"stress-{number}",
        "kind": "stress",
        "order": (not is_wrong(row), not has_missed(row)),
        "wrong": is_wrong(row),
        "nodeid": row["nodeid"],
        "path": path + colons,
        "name": name,
        "outcome": row["outcome"],
        "shade": row["outcome"] if row["outcome"] in OUTCOMES else "skipped",
        "said": _said(row),
        "seconds": f"{row['seconds']:.2f} s",
        "missed": missed,
        "expected": bool(missed) and not has_missed(row),
        "figures": _figures(row) if has_figures(row) else [],
        "charts": [plot for plot in (latencies(row), throughput(row), threads(row)) if plot is not None],
        "per_thread": [_thread(each) for each in row["per_thread"][:_THREAD_ROWS] if has_figures(row)],
        "more_threads": max(0, len(row["per_thread"]) - _THREAD_ROWS),
        "errors": [_error(group) for group in row["errors"][:_ERRORS]],
        "more_errors": [_error(group) for group in row["errors"][_ERRORS:]],
        "check": _check(row),
        "hung": [_hung(thread) for thread in row["hung"][:_STACKS]],
        "more_hung": max(0, len(row["hung"]) - _STACKS),
    }


def _check(row: Mapping[str, Any]) -> str | None:
    """Return what the check raised, unless the texts of what was missed have all of it."""
    error: str | None = row["check_error"]
    if error is None or any(error.removeprefix("AssertionError: ") in text for text in row["missed"]):
        return None
    return error


def _said(row: Mapping[str, Any]) -> str:
    """Return the text for the list of tests and runs."""
    if has_missed(row):
        reported = str(row["missed"][0])
        return (
            f"stress: {reported}" if len(row["missed"]) == 1 else f"stress: {reported}; {len(row['missed']) - 1} more"
        )
    if not has_figures(row):
        return "stress: no operations"
    return (
        f"stress: {_many(row['operations'], 'operation')}, {_many(row['threads'], 'thread')}, "
        f"{percent_text(row['success_rate'])} % succeeded"
    )


def _figures(row: Mapping[str, Any]) -> list[tuple[str, str | None, bool]]:
    """Return name and value of each figure, and whether it needs attention."""
    latency, required, planned = row["latency"], row["min_success_rate"], row["planned"]
    operations = f"{row['operations']:,}"
    if planned is not None and planned != row["operations"]:
        operations += f" of {planned:,}"
    success = f"{percent_text(row['success_rate'])} %"
    if required is not None:
        success += f" (required >= {required * 100:.6g} %)"
    check = None
    if row["check_left_out"]:
        check = "skipped"
    elif row["check_error"] is not None:
        check = "failed"
    return [
        ("Threads", f"{row['threads']:,}", False),
        ("Operations", operations, False),
        ("Succeeded", success, required is not None and row["success_rate"] < required and is_wrong(row)),
        ("Failed", f"{row['failed']:,}", row["failed"] > 0 and is_wrong(row)),
        ("Throughput", f"{rate_text(row['throughput'])} ops/s", False),
        *(
            (f"Latency {name}", seconds_text(latency[name]), False)
            for name in ("p50", "p90", "p99", "max", "min", "mean")
        ),
        ("Fairness", f"{row['fairness']:.2f}", False),
        ("Peak threads", f"{row['peak_threads']:,} in the process", False),
        ("Memory growth", bytes_text(row["memory_growth"]), False),
        ("Hung", _many(len(row["hung"]), "thread") if row["hung"] else None, True),
        ("Check", check, True),
    ]


def latencies(row: Mapping[str, Any]) -> Plot | None:
    """Return the chart of how many operations took how long; each bar covers the same factor of time."""
    bounds, counts = row["histogram"]["bounds"], row["histogram"]["counts"]
    if not counts:
        return None
    first, last = math.log(bounds[0]), math.log(bounds[-1])
    most, wide = max(counts), WIDTH / len(counts)
    bars = [
        Shape(
            number * wide,
            HEIGHT - _height(count, most),
            wide,
            _height(count, most),
            f"{seconds_text(low)} to {seconds_text(high)}: {_many(count, 'operation')}",
        )
        for number, (count, low, high) in enumerate(zip(counts, bounds[:-1], bounds[1:], strict=True))
        if count
    ]

    def at(seconds: float) -> float:
        return min(max((math.log(max(seconds, bounds[0])) - first) / (last - first), 0.0), 1.0) * 100

    latency, places = row["latency"], log_ticks(bounds[0], bounds[-1])
    marks = [Mark(at(latency[name]), f"{name} {seconds_text(latency[name])}") for name in _PERCENTILES]
    return Plot(
        "Latency",
        f"Of {_many(sum(counts), 'operation')}, half took at most {seconds_text(latency['p50'])}, 90 % at most "
        f"{seconds_text(latency['p90'])}, 99 % at most {seconds_text(latency['p99'])}, and the longest "
        f"{seconds_text(latency['max'])}. The axis of time is logarithmic.",
        bars,
        "",
        "",
        # The narrowest axis has the same text at both ends.
        [Mark(at(seconds), text) for text, seconds in {seconds_text(each): each for each in places}.items()],
        marks,
        _many(most, "operation"),
    )


def throughput(row: Mapping[str, Any]) -> Plot | None:
    """Return the chart of operations per second, from the release of the threads to the end."""
    slices = joined(row["throughput_over_time"]) if has_figures(row) else []
    rates = [operations / (end - begin) for begin, end, operations in slices]
    most = max(rates, default=0.0)
    if not most:
        return None
    length = max(row["seconds"], slices[-1][1])
    points = []
    for (begin, end, _), rate in zip(slices, rates, strict=True):
        y = HEIGHT - rate / most * HEIGHT
        points += [(begin / length * WIDTH, y), (end / length * WIDTH, y)]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return Plot(
        "Throughput over time",
        f"From {rate_text(min(rates))} to {rate_text(most)} ops/s in {_many(len(slices), 'slice')} over "
        f"{seconds_text(length)}; {rate_text(row['throughput'])} ops/s overall.",
        [],
        line,
        f"{line}L{points[-1][0]:.1f} {HEIGHT}L{points[0][0]:.1f} {HEIGHT}Z",
        [Mark(seconds / length * 100, seconds_text(seconds) if seconds else "0") for seconds in ticks(length)],
        [],
        f"{rate_text(most)}/s",
    )


def joined(parts: Sequence[Sequence[float]]) -> list[tuple[float, float, float]]:
    """Return begin, end and operations of slices; a slice far shorter than the one before is merged with it.

    The last slice is as short as it happens to be, and a rate over such a short time says nothing.
    """
    found: list[tuple[float, float, float]] = []
    begin = 0.0
    for end, operations in parts:
        before = found[-1] if found else None
        if before is not None and end - begin < (before[1] - before[0]) / 3:
            found[-1] = (before[0], end, before[2] + operations)
        elif end > begin:
            found.append((begin, end, operations))
        begin = max(begin, end)
    return found


def threads(row: Mapping[str, Any]) -> Plot | None:
    """Return the chart of the operations that each thread has done, and of those that failed."""
    per_thread = row["per_thread"]
    most = max((each["operations"] for each in per_thread), default=0)
    if len(per_thread) < 2 or not most:
        return None
    size = math.ceil(len(per_thread) / _THREAD_BARS)
    groups = [per_thread[at : at + size] for at in range(0, len(per_thread), size)]
    wide = WIDTH / len(groups)
    bars = []
    for number, group in enumerate(groups):
        done = sum(each["operations"] for each in group) / len(group)
        failed = sum(each["failed"] for each in group) / len(group)
        name = group[0]["name"] if len(group) == 1 else f"{group[0]['name']} to {group[-1]['name']}"
        each = "" if len(group) == 1 else " each, on average"
        text = f"{name}: {done:,.6g} operations, {failed:,.6g} failed{each}"
        left, width = number * wide + wide * 0.08, wide * 0.84
        high, low = _height(done, most), _height(failed, most) if failed else 0.0
        bars.append(Shape(left, HEIGHT - high, width, max(0.0, high - low), text))
        if low:
            bars.append(Shape(left, HEIGHT - low, width, low, text, bad=True))
    counts = [each["operations"] for each in per_thread]
    red = " Failed operations are red." if any(each["failed"] for each in per_thread) else ""
    return Plot(
        "Operations per thread",
        f"{len(per_thread):,} threads completed {min(counts):,} to {_many(max(counts), 'operation')} each. "
        f"Fairness of their rates: {row['fairness']:.2f} (1 = all threads equally fast).{red}",
        bars,
        "",
        "",
        [Mark(0, per_thread[0]["name"]), Mark(100, per_thread[-1]["name"])],
        [],
        _many(most, "operation"),
    )


def log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers of seconds from `low` to `high`, at most eight, such as 1, 10 and 100 µs."""
    found: list[float] = []
    for digits in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        candidates = [digit * 10.0**power for power in powers for digit in digits]
        candidates = [seconds for seconds in candidates if low * 0.999 <= seconds <= high * 1.001]
        if not found or len(candidates) <= 8:
            found = candidates
        if len(found) >= 3:
            break
    step = math.ceil(len(found) / 8)
    return found[::step] if len(found) >= 2 else [low, high]


def ticks(length: float) -> list[float]:
    """Return round numbers from 0 to `length`, at most seven."""
    rough = length / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(digit * power for digit in (1, 2, 5, 10) if digit * power >= rough)
    return [number * step for number in range(math.floor(length / step * (1 + 1e-9)) + 1)]


def _height(count: float, most: float) -> float:
    """Return the height of a bar: visible for any count above 0, however small."""
    return max(1.5, count / most * HEIGHT) if count else 0.0


def _thread(thread: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    return (
        thread["name"],
        f"{thread['operations']:,}",
        f"{thread['failed']:,}",
        seconds_text(thread["seconds"]),
        f"{rate_text(thread['rate'])}/s",
    )


def _error(group: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "count": f"{group['count']:,} ×",
        "type": group["type"],
        "message": group["message"],
        "where": place_of(group),
        "threads": _many(group["threads"], "thread") + (", in setup" if group["in_setup"] else ""),
        "first": group["thread"],
        "traceback": group["traceback"],
    }


def _hung(thread: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": thread["name"],
        "what": f"operation {thread['operation']:,}" if thread["operation"] else "setup",
        "where": thread["where"],
        "ended": "stopped" if thread["ended"] else "could not be stopped, still running",
        "stack": thread["stack"],
    }


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
