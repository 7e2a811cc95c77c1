"""Sums up a run with `--interleave-suite`: which tests ran in several workers, which did not, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

#: Texts of the summary for failing tests, for one and for several, by the simplest way in which they fail: see
#: `Explanation.simplest`.
_FAILED = {
    "workers interleaved": (
        "1 race: fails only when workers interleave",
        "{} races: fail only when workers interleave",
    ),
    "workers one after another": (
        "1 shared-state failure: fails when run twice in a row",
        "{} shared-state failures: fail when run twice in a row",
    ),
    "one worker": ("1 ordinary failure: fails with one worker", "{} ordinary failures: fail with one worker"),
    "repeated": ("1 repetition failure: fails after earlier runs", "{} repetition failures: fail after earlier runs"),
    None: ("1 other failure: cause not narrowed down", "{} other failures: cause not narrowed down"),
}


class Audit(NamedTuple):
    """The figures of a suite in one run."""

    workers: int
    #: The number of tests that ran to a finding or to the end of their search.
    ran: int
    #: The number of tests that failed, by the simplest way in which they fail.
    failed: dict[str | None, int]
    #: The number of tests that passed although their workers share no data.
    sharing_nothing: int
    #: Tests that were not run, by node id, and why.
    left_out: list[tuple[str, str]]

    @classmethod
    def of(cls, workers: int, rows: Sequence[dict[str, Any]], left_out: Sequence[tuple[str, str]]) -> Audit:
        """Sum up the rows of a run."""
        ran = [row for row in rows if row["_suite"] and row["outcome"] not in ("skipped", "interrupted")]
        failed = [row for row in ran if row["outcome"] == "failed"]
        passed = [row for row in ran if row["outcome"] == "passed"]
        alike = [row for row in passed if row["exhaustive"] and not row["coverage"]["shares"]]
        return cls(
            workers,
            len(ran),
            dict(Counter((row["finding"] or {}).get("simplest") for row in failed)),
            len(alike),
            sorted(set(left_out)),
        )

    def lines(self, *, verbose: bool) -> Iterator[str]:
        """Yield the lines for the terminal."""
        failed = sum(self.failed.values())
        yield (
            f"suite with {self.workers} workers per test: {self.ran} run, {failed} failed, {len(self.left_out)} skipped"
        )
        for kind, (one, several) in _FAILED.items():
            count = self.failed.get(kind, 0)
            if count:
                yield f"  {one if count == 1 else several.format(count)}"
        if self.sharing_nothing:
            yield f"  {self.sharing_nothing} passed without sharing data (says nothing about thread safety)"
        reasons = Counter(reason for _, reason in self.left_out)
        for reason, count in sorted(reasons.items(), key=lambda counted: (-counted[1], counted[0])):
            yield f"  {count} skipped: {reason}"
            if verbose:
                yield from (f"    {nodeid}" for nodeid, why in self.left_out if why == reason)

    @property
    def texts(self) -> list[str]:
        """The same lines for other reports, without node ids and indentation."""
        return [line.strip() for line in self.lines(verbose=False)]

    def as_json(self) -> dict[str, Any]:
        """Return the figures for the JSON report."""
        return {
            "workers": self.workers,
            "ran": self.ran,
            "failed": {str(kind or "other"): count for kind, count in self.failed.items()},
            "sharing_nothing": self.sharing_nothing,
            "left_out": [{"nodeid": nodeid, "reason": reason} for nodeid, reason in self.left_out],
        }
