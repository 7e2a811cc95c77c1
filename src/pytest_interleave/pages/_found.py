"""What was found in a test, in one line: the same words in all reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Before the finding of a test that is expected to fail.
EXPECTED = "expected failure"
#: First words of bugs, which are no names: within a line they are in lower case.
_BUG_WORDS = frozenset(
    (
        "Atomicity", "Check-then-act", "Concurrent", "Data", "Database", "Deadlock", "Dirty", "Fixture", "Inconsistent",
        "Intermediate", "Livelock", "Lock-order", "Lost", "Non-repeatable", "Not", "Order", "Probably", "Race",
        "Resource", "Self-deadlock", "Set-up", "Stale", "Suspected", "Teardown", "Timeout", "Write",
    )
)  # fmt: skip


def headline_of(row: Mapping[str, Any]) -> str:
    """Return what was found in a test, where something was, as a headline: "Lost update on Account.balance".

    It is the bug, or the kind of the finding if the bug is not known. That of an expected failure says so.
    """
    if row["outcome"] != "xfailed" and row["finding"].get("bug"):
        return str(row["finding"]["bug"])
    found = found_in(row)
    # A kind, or an expected failure: neither begins with a name.
    return found[0].upper() + found[1:]


def found_in(row: Mapping[str, Any]) -> str:
    """Return the same within a line: "lost update on Account.balance"."""
    finding = row["finding"]
    # Not in a report that is made from JSON files.
    found = str(finding.get("bug") or row.get("_no_race") or finding["kind"]).rstrip(".")
    if found.partition(" ")[0].rstrip(":") in _BUG_WORDS:
        found = found[0].lower() + found[1:]
    return f"{EXPECTED}: {found}" if row["outcome"] == "xfailed" else found
