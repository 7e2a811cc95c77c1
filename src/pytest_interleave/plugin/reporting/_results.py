"""The results of a run: everything that its reports are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._audit import Audit

#: Figures as plain data, as the reports of tests carry them. Keys that begin with "_" are not for users.
Rows = list[dict[str, Any]]


class Results:
    """The results of all tests that have been reported so far; with pytest-xdist, in the controller."""

    # No dataclass: that would take longer to define.
    def __init__(
        self,
        seed: int,
        suite: int | None = None,
        tests: Iterable[dict[str, Any]] = (),
        stress: Iterable[dict[str, Any]] = (),
        rows: Mapping[str, Rows] | None = None,
    ) -> None:
        self.seed = seed
        #: Workers for each test of the suite; None without `--interleave-suite`.
        self.suite = suite
        #: A row for each report of a test under control; from the end of the session on, for each such test.
        self.tests: Rows = list(tests)
        #: A row for each stress run.
        self.stress: Rows = list(stress)
        #: Other rows, by their kind.
        self.rows: dict[str, Rows] = dict(rows or {})
        #: Node ids of tests that `--interleave-suite` has left out, and why.
        self.left_out: list[tuple[str, str]] = []
        #: Node ids of tests that `thread_unsafe` exempts from the marker of their class or module, and why.
        self.exempt: list[tuple[str, str]] = []

    @property
    def speedups(self) -> Rows:
        """A row for each measured speed-up."""
        return self.rows.get("speedups", [])

    @property
    def audit(self) -> Audit | None:
        """The figures of the suite; None without `--interleave-suite`."""
        if self.suite is None:
            return None
        from ._audit import Audit

        return Audit.of(self.suite, self.tests, self.left_out)

    def __bool__(self) -> bool:
        """Whether there is anything to report."""
        return bool(self.tests or self.stress or self.rows or self.exempt or self.suite is not None)
