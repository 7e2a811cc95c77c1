"""What was found in a test, in one line: the same words in all reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Before the finding of a test that is expected to fail.
EXPECTED = "expected failure"


def headline_of(finding: Mapping[str, Any]) -> str:
    """Return the bug if it is known, such as "Lost update on Account.balance"; else the kind of the finding."""
    return str(finding.get("bug") or finding["kind"])


def found_in(row: Mapping[str, Any]) -> str:
    """Return the headline of a test's finding, which there is; that of an expected failure says so."""
    headline = headline_of(row["finding"])
    return f"{EXPECTED}: {headline}" if row["outcome"] == "xfailed" else headline
