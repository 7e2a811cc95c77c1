"""What a run has come to: everything that its reports are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ._audit import Audit

#: Figures as plain data, as they travel with the reports of tests. Keys that begin with "_" are not for users.
Rows = list[dict[str, Any]]


@dataclass
class Results:
    """Of all tests that have been reported so far; with pytest-xdist, in the controller."""

    seed: int
    #: In how many workers the suite was run, if it was.
    suite: int | None = None
    #: A row for each report of a test under control; from the end of the session on, for each such test.
    tests: Rows = field(default_factory=list)
    #: A row for each stress run.
    stress: Rows = field(default_factory=list)
    #: A row for each measured speed-up.
    speedups: Rows = field(default_factory=list)
    #: Node ids of tests that `--interleave-suite` has left out, and why.
    left_out: list[tuple[str, str]] = field(default_factory=list)
    #: Node ids of tests that `thread_unsafe` exempts from the marker of their class or module, and why.
    exempt: list[tuple[str, str]] = field(default_factory=list)

    @property
    def audit(self) -> Audit | None:
        """What came of the suite, where that is what was run."""
        if self.suite is None:
            return None
        from ._audit import Audit

        return Audit.of(self.suite, self.tests, self.left_out)

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.tests or self.stress or self.speedups or self.exempt or self.suite is not None)


results_key = pytest.StashKey[Results]()
