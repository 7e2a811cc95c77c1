"""What was found in a test, in one line."""

from __future__ import annotations

import pytest

from pytest_interleave.pages import found_in, headline_of


@pytest.mark.parametrize(
    ("bug", "headline", "line"),
    [
        ("Lost update on Account.balance", "Lost update on Account.balance", "lost update on Account.balance"),
        ("Deadlock: Lock #1 is held by x", "Deadlock: Lock #1 is held by x", "deadlock: Lock #1 is held by x"),
        (
            "Teardown failure: lost update on x",
            "Teardown failure: lost update on x",
            "teardown failure: lost update on x",
        ),
        ("Race condition on x", "Race condition on x", "race condition on x"),
        # Names stay as they are.
        ("ValueError in worker-0: stale read of x", "ValueError in worker-0: stale read of x", None),
        ("Writer uses Lock #1 between two uses by Reader", "Writer uses Lock #1 between two uses by Reader", None),
        ("x is unsynchronized", "x is unsynchronized", None),
        # The kind is used if the bug is not known.
        (None, "Test failure", "test failure"),
        ("", "Test failure", "test failure"),
    ],
)
def test_the_bug_or_the_kind(bug: str | None, headline: str, line: str | None) -> None:
    row = {"outcome": "failed", "finding": {"kind": "test failure", "bug": bug}}
    assert headline_of(row) == headline
    assert found_in(row) == (line or headline)


def test_a_finding_without_the_field() -> None:
    row = {"outcome": "failed", "finding": {"kind": "data race"}}
    assert (headline_of(row), found_in(row)) == ("Data race", "data race")


def test_a_failure_that_is_no_race_says_so() -> None:
    row = {
        "outcome": "failed",
        "finding": {"kind": "thread exception", "bug": None},
        "_no_race": "Not a race: the test also fails with one worker.",
    }
    assert headline_of(row) == "Not a race: the test also fails with one worker"
    assert found_in(row) == "not a race: the test also fails with one worker"


def test_an_expected_failure_says_so() -> None:
    row = {"outcome": "xfailed", "finding": {"kind": "test failure", "bug": "Lost update on x"}}
    assert headline_of(row) == "Expected failure: lost update on x"
    assert found_in(row) == "expected failure: lost update on x"
    row["finding"] = {"kind": "deadlock"}
    assert found_in(row) == "expected failure: deadlock"
