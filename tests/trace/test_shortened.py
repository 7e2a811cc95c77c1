"""Names in tables differ if the threads do."""

from __future__ import annotations

from pytest_interleave.trace._shortened import cut_names, with_lists


def test_long_names_are_cut_where_they_differ() -> None:
    names = [f"the-worker-thread-number-{number}-of-the-pool-of-the-service" for number in (0, 7, 12)]
    cut = cut_names(["main", *names, "the-worker-with-another-name"])
    assert len(set(cut)) == len(cut)
    assert max(map(len, cut)) <= 18
    assert cut[0] == "main"
    assert cut[2] == "…-number-7-of-the…"


def test_names_that_differ_at_their_ends_keep_the_ends() -> None:
    assert cut_names(["index-of-all-writers-1", "index-of-all-writers-2"]) == [
        "index-of…writers-1",
        "index-of…writers-2",
    ]


def test_threads_of_one_verb_are_one_list() -> None:
    counts = {"start a": 1, "start b": 1, "read 1": 2, "join (timed out)": 2, "join a": 1}
    assert with_lists(counts, {"start", "join"}) == {"start a, b": 1, "read 1": 2, "join (timed out)": 2, "join a": 1}
    assert list(with_lists({f"start {name}": 1 for name in "abcdef"}, {"start"})) == ["start a to f"]


def test_threads_that_have_not_ended_are_a_list_of_their_own() -> None:
    counts = {"join a": 1, "join b (timed out)": 1, "join c (timed out)": 1}
    assert list(with_lists(counts, {"join"})) == ["join a", "join b, c (timed out)"]
