"""What the page says, and that it is a page whatever it is given."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pytest_interleave.pages._page import printable
from pytest_interleave.pages._timeline import Bar, Chart, Link, Lock, lay_out
from pytest_interleave.trace._events import Event
from pytest_interleave.trace._timeline import Arrow, Held, Timeline

from ..trace import timelines
from ..trace.timelines import FIRST, NASTY, SECOND, STRANGE, page, row


def chart(timeline: Timeline) -> Chart:
    # What comes from another process has been through JSON or the like.
    return lay_out(json.loads(json.dumps(timeline.as_json())))


class Parsed(HTMLParser):
    """A page as a browser sees it: elements, scripts, and the text that is shown."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.text = ""
        self._hidden: str | None = None
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._hidden = tag
        if tag == "script":
            self.scripts.append((dict(attrs).get("type"), ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden:
            self._hidden = None

    def handle_data(self, data: str) -> None:
        if self._hidden == "script":
            kind, text = self.scripts[-1]
            self.scripts[-1] = kind, text + data
        elif self._hidden is None:
            self.text += data

    def having(self, name: str) -> list[dict[str, str | None]]:
        """The attributes of elements of a class."""
        return [attributes for _, attributes in self.elements if name in (attributes.get("class") or "").split()]

    def data(self) -> list[dict[str, Any]]:
        """What the script is given for each timeline."""
        return [json.loads(text) for kind, text in self.scripts if kind == "application/json"]


def figure(name: str, source: str) -> str | None:
    """A figure of the only test in a page."""
    found = re.search(f"<dt>{name}</dt>\\s*<dd>(.*?)</dd>", source)
    return None if found is None else found[1]


class TestLayingOut:
    def test_threads_have_columns_and_steps_have_rows(self) -> None:
        made = chart(timelines.lost_update())
        assert made.lanes == ["main", "worker-0", "worker-1"]
        assert [(step.row, step.lane, step.number) for step in made.steps][2:6] == [
            (3, 2, 4), (4, 3, 6), (5, 3, 7), (6, 2, 9),
        ]  # fmt: skip
        assert [step.sign for step in made.steps] == ["thread"] * 2 + ["read"] * 2 + ["write"] * 2 + ["thread"] * 2 + [
            "read"
        ]
        assert [step.row for step in made.steps if step.switch] == [4]
        assert (made.switches, made.total, made.unseen) == (1, 13, 0)

    def test_conflicts_are_links_between_rows_and_shown_at_both_ends(self) -> None:
        made = chart(timelines.lost_update())
        assert made.links == [
            Link(3, 5, 2, 3, waits=False),
            Link(4, 6, 3, 2, waits=False),
            Link(5, 6, 3, 2, waits=False),
            Link(6, 9, 2, 1, waits=False),
        ]
        assert made.steps[5].conflicts == [(4, "Account.balance"), (5, "Account.balance"), (9, "Account.balance")]
        assert made.steps[0].conflicts == []

    def test_a_deadlock_shows_who_holds_what_is_waited_for(self) -> None:
        made = chart(timelines.deadlock())
        assert made.locks == [Lock("A", FIRST), Lock("B", SECOND)]
        assert made.bars == [
            Bar(2, 0, "A", 3, 7, before=False, after=True),
            Bar(3, 0, "B", 4, 7, before=False, after=True),
        ]
        assert [(step.thread, step.does, step.lock, step.holder) for step in made.steps if step.waits] == [
            ("worker-1", "blocked in acquire", "A", "worker-0"),
            ("worker-0", "blocked in acquire", "B", "worker-1"),
            ("main", "blocked in join", "", ""),
        ]
        assert made.links == [Link(3, 5, 2, 3, waits=True), Link(4, 6, 3, 2, waits=True)]

    def test_locks_held_at_once_stand_side_by_side(self) -> None:
        made = chart(timelines.locked())
        assert made.lanes == ["reader", "writer"]
        assert made.unseen == 1
        assert made.bars == [
            Bar(1, 0, "C", 1, 7, before=True, after=False),
            Bar(2, 0, "A", 1, 6, before=False, after=False),
            Bar(2, 1, "B", 2, 5, before=False, after=False),
        ]
        assert made.tracks == 2
        assert [[lock.letter for lock in step.holds] for step in made.steps] == [
            ["A"], ["A", "B"], ["C"], ["A", "B"], ["A", "B"], ["A"], ["C"],
        ]  # fmt: skip
        assert made.steps[2].others == [
            (Lock("A", "RLock (created at cache.py:8)"), "writer"),
            (Lock("B", "Lock (created at cache.py:9)"), "writer"),
        ]

    def test_a_lock_given_back_by_the_last_step_is_not_held_to_the_end(self) -> None:
        where = ("a.py:1", "work", "with lock:", "")
        events = (Event(1, 0, "acquire", "Lock", *where), Event(2, 0, "release", "Lock", *where))
        (bar,) = chart(Timeline(("main",), events, (Held(0, "Lock", 1, 2),), (), 2, "")).bars
        assert not bar.after

    def test_a_track_is_used_again(self) -> None:
        where = ("a.py:1", "work", "with lock:", "")
        events = tuple(
            Event(step, 0, "acquire" if step % 2 else "release", f"Lock {step // 3}", *where) for step in (1, 2, 3, 4)
        )
        made = chart(Timeline(("main",), events, (Held(0, "Lock 0", 1, 2), Held(0, "Lock 1", 3, 4)), (), 4, ""))
        assert [(bar.track, bar.first, bar.last) for bar in made.bars] == [(0, 1, 2), (0, 3, 4)]

    def test_arrows_to_steps_that_are_not_shown_are_left_out(self) -> None:
        shown = timelines.lost_update()._replace(arrows=(Arrow(4, 5, ""), Arrow(3, 7, ""), Arrow(9, 7, "")))
        assert chart(shown).links == []

    def test_many_threads_and_locks(self) -> None:
        made = chart(timelines.crowd())
        assert (len(made.lanes), len(made.steps), made.unseen) == (19, 40, 1)
        assert {step.lane for step in made.steps} == set(range(1, 20))
        held = tuple(Held(0, f"Lock {number}", 1, 2) for number in range(30))
        letters = [lock.letter for lock in chart(timelines.deadlock()._replace(held=held)).locks]
        assert letters[:2] + letters[24:28] == ["A", "B", "Y", "Z", "A2", "B2"]

    def test_nothing(self) -> None:
        made = chart(timelines.empty())
        assert (made.lanes, made.steps, made.bars, made.links, made.locks) == ([], [], [], [], [])


class TestPage:
    def test_all_of_a_timeline_is_there_without_a_script(self) -> None:
        parsed = Parsed(page([row("test_deposit", timelines.lost_update())]))
        assert len(parsed.having("step")) == 9
        assert len(parsed.having("lifeline")) == 3
        assert len(parsed.having("link")) == 4
        assert len(parsed.having("turn")) == 1
        for event in timelines.lost_update().events:
            for text in (event.source, event.place, event.function, event.value, event.what):
                assert text in parsed.text
        assert len(timelines.lost_update().evidence) == 3
        for step in timelines.lost_update().evidence:
            for text in (step.text, step.place, step.source):
                assert text in parsed.text
        assert f"help: {timelines.lost_update().help}" in parsed.text
        # What does nothing without it is not shown.
        for hidden in [*parsed.having("copy"), *parsed.having("pane"), *parsed.having("keys")]:
            assert "hidden" in hidden

    def test_the_script_is_given_the_steps(self) -> None:
        (data,) = Parsed(page([row("test_transfer", timelines.deadlock())])).data()
        assert data["total"] == 6
        waiting = data["steps"][4]
        assert waiting["thread"] == "worker-1"
        assert (waiting["does"], waiting["lock"], waiting["holder"]) == ("blocked in acquire", "A", "worker-0")
        assert waiting["holds"] == [{"letter": "B", "name": SECOND}]
        assert waiting["others"] == [[{"letter": "A", "name": FIRST}, "worker-0"]]

    @pytest.mark.parametrize(
        ("finding", "shown"),
        [
            ({"preemptions": 1, "shrunk_from": 146}, "1, shrunk from 146"),
            ({"preemptions": 2, "shrunk_from": 2}, "2"),
            ({"preemptions": 2}, "2"),
            # Where it is not known how many there were.
            ({"preemptions": None, "shrunk_from": None}, None),
        ],
    )
    def test_preemptions(self, finding: dict[str, Any], shown: str | None) -> None:
        failed = row("test_deposit", message="it failed")
        failed["finding"] |= finding
        assert figure("Preemptions", page([failed])) == shown

    @pytest.mark.parametrize(("ran", "shown"), [(4, "4"), (3, "3 of 4 were run")])
    def test_shards(self, ran: int, shown: str) -> None:
        assert figure("Shards", page([row("test_deposit", shards=4, shards_run=ran)])) == shown
        assert figure("Shards", page([row("test_deposit")])) is None

    def test_figures(self) -> None:
        text = " ".join(Parsed(page([row("test_deposit", timelines.lost_update())])).text.split())
        assert "1 of 1 concurrency test failed" in text
        assert "1 failed seed 0 Python 3.13.0 pytest-interleave 0.1.0".replace(" ", "") in text.replace(" ", "")
        for shown in (
            "Schedules 2 of up to 200", "Distinct 2", "Coverage sampled: 2 interleavings, total unknown",
            "Found in schedule 2", "Strategy exhaustive", "0.12 s",
            "Replay this schedule pytest 'test_bank.py::test_deposit' --interleave-replay=AQMNAYEoT8MNBQACAQ",
            "AssertionError: assert 150 == 200 + where 150 =",
        ):  # fmt: skip
            assert shown.replace(" ", "") in text.replace(" ", "")

    @pytest.mark.parametrize(
        ("ended_by", "said", "schedules"),
        [
            (
                "seconds",
                "stopped at the time limit; exhaustive: all 2 interleavings",
                "22 of up to 200 (stopped at the time limit)",
            ),
            ("interrupted", "interrupted", "22 of up to 200 (interrupted)"),
            ("fixtures", "fixture error", "22 of up to 200 (fixture error)"),
            ("nothing to interleave", "nothing to interleave", "22 of up to 200 (nothing to interleave)"),
            ("replay", "replayed from token", "22 (replayed from token)"),
            ("exhaustive", "exhaustive: all 2 interleavings", "22 of up to 200"),
            ("skip", "exhaustive: all 2 interleavings", "22 of up to 200"),
        ],
    )
    def test_what_ended_it(self, ended_by: str, said: str, schedules: str) -> None:
        source = html.unescape(page([row("test_it", _ended_by=ended_by)]))
        assert f'<span class="said">{said}</span>' in source
        assert f"<dd>{schedules}</dd>" in source

    def test_what_failed_comes_first_and_the_first_of_it_is_open(self) -> None:
        rows = [
            row("test_a"),
            row("test_b", outcome="xfailed", message="no"),
            row("test_c", message="no"),
            row("test_d", message="no"),
        ]
        tests = Parsed(page(rows)).having("test")
        assert [test["data-outcome"] for test in tests] == ["failed", "failed", "xfailed", "passed"]
        assert ["open" in test for test in tests] == [True, False, False, False]

    def test_a_single_test_is_open_and_needs_no_search(self) -> None:
        parsed = Parsed(page([row("test_a")]))
        assert ["open" in test for test in parsed.having("test")] == [True]
        assert parsed.having("find") == []

    @pytest.mark.parametrize(
        ("rows", "headline"),
        [
            ([], "No concurrency test ran"),
            ([row("test_a")], "1 concurrency test, none failed"),
            ([row("test_a"), row("test_b", outcome="skipped")], "2 concurrency tests, none failed"),
            ([row("test_a"), row("test_b", message="no")], "1 of 2 concurrency tests failed"),
        ],
    )
    def test_headline(self, rows: list[dict[str, Any]], headline: str) -> None:
        source = page(rows)
        assert f"<h1>{headline}</h1>" in source
        assert f"<title>{headline} – pytest-interleave</title>" in source

    def test_warnings_and_differences(self) -> None:
        finding = row("test_a", message="no", _warnings=["odd <thing>"], _difference="step 3 differs")
        text = Parsed(page([finding, row("test_b", outcome="failed", _difference="parted at step 4")])).text
        assert "Warning: odd <thing>" in text
        assert "May not replay: step 3 differs" in text
        assert "parted at step 4" in text
        assert text.count("May not replay:") == 1
        said = Parsed(page([row("test_a", message="no", _difference="May not replay: step 3 differs")])).text
        assert said.count("ay not replay") == 1

    def test_rows_of_a_report_alone_are_enough(self) -> None:
        bare = {key: value for key, value in row("test_a", message="no").items() if not key.startswith("_")}
        parsed = Parsed(page([bare]))
        assert "<dd>2</dd>" in parsed.source
        assert "Replay this schedule" not in parsed.text
        assert "AQMNAYEoT8MNBQACAQMCjtWU" in parsed.text

    def test_a_timeline_without_steps_says_so(self) -> None:
        parsed = Parsed(page([row("test_a", timelines.empty())]))
        assert "No shared accesses were recorded." in parsed.text
        assert parsed.data() == []

    def test_it_needs_nothing_from_elsewhere(self) -> None:
        source = page()
        assert not re.search(r"https?:|//\w+\.|\bsrc=|@import|url\(|\bimport\b", source)
        assert {attributes["href"] for tag, attributes in Parsed(source).elements if tag == "link"} == {"data:,"}
        assert not any("href" in attributes for tag, attributes in Parsed(source).elements if tag == "a")

    def test_no_other_script_may_run(self) -> None:
        parsed = Parsed(page())
        (script,) = [text for kind, text in parsed.scripts if kind is None]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        (policy,) = [attributes["content"] for _, attributes in parsed.elements if "http-equiv" in attributes]
        assert policy is not None
        assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" == policy
        assert not any(name.startswith("on") for _, attributes in parsed.elements for name in attributes)

    def test_ids_are_unique(self) -> None:
        ids = Counter(attributes["id"] for _, attributes in Parsed(page()).elements if "id" in attributes)
        assert set(ids.values()) == {1}

    def test_many_tests(self) -> None:
        source = page(
            [row(f"test_number[{number}]") for number in range(480)]
            + [row(f"test_crowd[{n}]", timelines.crowd()) for n in range(20)]
        )
        assert source.count('<details class="test"') == 500
        assert len(source) < 2_500_000


class TestStrangeTexts:
    def everywhere(self) -> list[dict[str, Any]]:
        texts = NASTY + STRANGE
        bad = row(f"test_x.py::test_it[{texts}]", timelines.nasty(), texts, message=f"{texts}\n{texts}", outcome=texts)
        bad |= {"_command": texts, "_difference": texts, "_warnings": [texts], "_ended_by": texts, "strategy": texts}
        bad["coverage"] = {"text": texts}
        bad["finding"]["token"] = texts
        return [bad, bad | {"finding": None, "_timeline": None}]

    def test_they_are_shown_and_have_no_other_effect(self) -> None:
        harmless = Parsed(page([row("test_a", timelines.nasty()), row("test_b")]))
        parsed = Parsed(page(self.everywhere()))
        # The same scripts, and no element that is of another kind.
        assert len(parsed.scripts) == len(harmless.scripts) == 2
        assert {tag for tag, _ in parsed.elements} <= {tag for tag, _ in harmless.elements} | {"form", "fieldset"}
        assert parsed.text.count(NASTY + printable(STRANGE)) > 15

    def test_the_data_of_the_script_is_what_it_was(self) -> None:
        (data,) = Parsed(page(self.everywhere())).data()
        first, second = data["steps"]
        assert first["source"] == f"print({NASTY!r})"
        assert first["value"] == printable(STRANGE + NASTY)
        assert second["thread"] == printable(STRANGE)
        source = page(self.everywhere())
        (embedded,) = re.findall(r'<script type="application/json">(.*?)</script>', source)
        assert not re.search("[<>&']", embedded)

    def test_it_can_be_written_and_holds_no_control_characters(self) -> None:
        source = page(self.everywhere())
        assert source.encode("utf-8").decode("utf-8") == source
        assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", source)

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("naïve — ✓ 👩‍👩‍👧\n\tנכון", "naïve — ✓ 👩‍👩‍👧\n\tנכון"),
            ("\0\x1b\x7f\x85\r", r"\x00\x1b\x7f\x85\r"),
            ("\ud83d \udcff", r"\ud83d \udcff"),
            ("a\u202eb\u2066c\u2028", r"a\u202eb\u2066c\u2028"),
            ("\\ud83d", r"\ud83d"),
        ],
    )
    def test_printable(self, text: str, shown: str) -> None:
        assert printable(text) == shown
        assert printable({"a": [text, 1, None, (text, True)]}) == {"a": [shown, 1, None, [shown, True]]}


def test_the_script_can_stand_in_a_page() -> None:
    script = Path(timelines.render.__code__.co_filename).with_name("templates").joinpath("report.js").read_text("utf-8")
    assert "</script" not in script.lower()
    assert "<!--" not in script
    assert "innerHTML" not in script
    assert "insertAdjacentHTML" not in script


def test_jinja_is_not_imported_before_a_page_is_made() -> None:
    code = (
        "import sys, pytest_interleave.pages._page, pytest_interleave.plugin.reporting._summary; "
        "print('jinja2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "False\n"


def test_turns_of_the_scheduler_and_what_is_repeated_are_marked() -> None:
    made = timelines.lost_update()
    first, second, third, *_ = made.events
    loop = (third._replace(step=step, repeats="repeats line 15") for step in (4, 5))
    events = (first, second._replace(gave_way=True), *loop)
    laid = chart(made._replace(events=events, arrows=()))
    assert [step.gave_way for step in laid.steps] == [False, True, False, False]
    assert [step.repeats for step in laid.steps] == ["", "", "repeats line 15", ""]
    assert (laid.gave_way, laid.switches) == (1, 0)


class TestBugs:
    """Of findings whose bug is known, and of expected failures."""

    BUG = "Lost update on Account.balance"

    def failed(self, **more: Any) -> dict[str, Any]:
        failed = row("test_deposit", timelines.lost_update(), **more)
        failed["finding"]["bug"] = self.BUG
        return failed

    def test_the_bug_is_the_headline(self) -> None:
        source = page([self.failed()])
        assert f'<h3 id="test-1-kind">{self.BUG}</h3>' in source
        assert '<span class="said">lost update on Account.balance</span>' in source
        unknown = page([row("test_deposit", timelines.lost_update(), "thread exception")])
        assert '<h3 id="test-1-kind">Thread exception</h3>' in unknown
        assert '<span class="said">thread exception</span>' in unknown

    def test_a_strange_bug_is_escaped(self) -> None:
        failed = self.failed()
        failed["finding"]["bug"] = NASTY + STRANGE
        parsed = Parsed(page([failed]))
        assert f"{NASTY}{printable(STRANGE)}" in parsed.text

    def test_an_expected_failure_says_so(self) -> None:
        source = page([self.failed(outcome="xfailed")])
        assert '<h3 id="test-1-kind">Expected failure: lost update on Account.balance</h3>' in source
        assert '<span class="said">expected failure: lost update on Account.balance</span>' in source
        source = page([row("test_it", outcome="xfailed")])
        assert '<span class="said">expected failure; exhaustive: all 2 interleavings</span>' in source

    @pytest.mark.parametrize(("kind", "stopped"), [("deadlock", False), ("livelock", True), ("timeout", True)])
    def test_a_timeline_says_whether_its_execution_was_stopped(self, kind: str, stopped: bool) -> None:
        (figure,) = Parsed(page([row("test_it", timelines.deadlock(), kind)])).having("timeline")
        assert ("data-stopped" in figure) is stopped

    def test_a_wait_for_a_notification(self) -> None:
        waits = Event(1, 0, "woken", "Condition", "a.py:1", "work", "ready.wait()", "", waits=True)
        (step,) = chart(Timeline(("main",), (waits,), (), (), 0, "")).steps
        assert step.does == "waiting for notify"
