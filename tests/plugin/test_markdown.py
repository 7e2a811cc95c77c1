"""The comment for a pull request: what it says, and that no text of a test can break it or make it too long."""

from __future__ import annotations

import re

import pytest

from pytest_interleave.plugin.reporting._markdown import ROWS, markdown_of
from pytest_interleave.plugin.reporting._markdown_text import (
    LIMIT,
    Comment,
    code,
    fenced,
    folded,
    length,
    shortened,
    summary,
)
from pytest_interleave.plugin.reporting._results import Results
from tests.pages import stress_rows
from tests.trace import timelines

from .conftest import XDIST

NASTY = (
    "| a ` b `` c @everyone #1 <b>bold</b> </details> </code> &amp; \\| **x** [y](https://example.com)\n\n"
    "# no heading\n```\n~~~\r\n| - |\n\0\x1b[31m\u202e\ud800 "
    "https://example.com 0123456789abcdef0123456789abcdef01234567"
)


def results(tests=(), stress=(), speedups=()):
    return Results(7, tests=list(tests), stress=list(stress), rows={"speedups": list(speedups)} if speedups else None)


def row(name, *args, **more):
    """Of a test under control, with a finding where there is a `message`."""
    made = timelines.row(name, *args, **more) | {"repeatable": True, "lost": None, "_hints": []}
    made["coverage"] = {"status": "exhaustive", **made["coverage"]}
    if made["finding"] is not None:
        made["finding"]["story"] = None
    return made


def table(text, title):
    """The rows of the table below a title, without its head, each as cells."""
    section = text.partition(f"\n### {title}\n")[2].partition("\n### ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [re.split(r" (?<!\\)\| ", line.removeprefix("| ").removesuffix(" |")) for line in lines[2:]]


class TestText:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("test_x.py::test_it[a-b]", "`test_x.py::test_it[a-b]`"),
            ("a`b", "``a`b``"),
            ("`a", "`` `a ``"),
            ("a``b`", "``` a``b` ```"),
            ("a|b\\|c", "`a|b\\|c`"),
            ("a\n\n  b\r\nc\t", "`a b c`"),
            ("\0\x1b\u202e\ud800", r"`\x00\x1b\u202e\ud800`"),
            ("@me <b>", "`@me <b>`"),
            (" \n ", ""),
        ],
    )
    def test_code(self, text, shown):
        assert code(text) == shown

    def test_code_in_a_cell_has_no_bar_that_ends_it(self):
        assert code("a|b\\|c", cell=True) == r"`a\|b\\|c`"
        assert not re.search(r"(?<!\\)\|", code(NASTY, cell=True))

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("a\nb", "```text\na\nb\n```"),
            ("a\n```\nb", "````text\na\n```\nb\n````"),
            ("`````", "``````text\n`````\n``````"),
            ("a\r\nb\x85c\u2028d\x1b", "```text\na\nb\nc\nd\\x1b\n```"),
            ("", "```text\n \n```"),
        ],
    )
    def test_fenced(self, text, shown):
        assert fenced(text, "text") == shown

    def test_what_is_folded_is_html(self):
        assert summary("a<b>\n@me", "test failure", "</code>&") == (
            "<summary><code>a&lt;b&gt; @me</code>: test failure <code>&lt;/code&gt;&amp;</code></summary>"
        )
        assert folded("S", ["a", "b"]) == "<details>\nS\n\na\n\nb\n\n</details>\n\n"

    def test_shortened(self):
        assert shortened("abc", 3) == "abc"
        assert shortened("abcdefghij" * 10, 10) == "abcdef…hij"
        assert len(code("x" * 1000)) < 310


class TestComment:
    def test_rows_are_left_out_from_the_first_that_does_not_fit(self):
        comment = Comment(limit=700)
        comment.add("head\n")
        comment.add_rows("title\n", ["a" * 40 + "\n", "b" * 60 + "\n", "c\n"], "end\n", "test")
        comment.add_rows("other\n", ["d" * 100], "", "run")
        text = comment.text()
        assert text.startswith("head\ntitle\n" + "a" * 40 + "\nend\n**Truncated**")
        assert "(test: 2, run: 1)" in text
        assert length(text) <= 700

    def test_a_section_takes_its_share_and_no_more(self):
        comment = Comment(limit=1600)
        comment.add_rows("", ["x" * 100] * 10, "", "test", share=0.5)
        comment.add_rows("", ["y" * 100] * 5, "", "run")
        text = comment.text()
        assert (text.count("x" * 100), text.count("y" * 100)) == (5, 5)
        assert "(test: 5)" in text

    def test_where_all_fits_nothing_is_said(self):
        comment = Comment()
        comment.add_rows("title\n", [], "", "test")
        assert comment.text() == ""

    def test_characters_are_counted_as_browsers_do(self):
        assert length("aß👩") == 4


class TestMarkdown:
    def test_head_and_what_is_wrong_first(self):
        failed = row("test_deposit", timelines.lost_update(), message="AssertionError: assert 150 == 200")
        failed["finding"]["story"] = timelines.lost_update().story
        text = markdown_of(
            results(
                [row("test_fine"), failed],
                [stress_rows.run("test_reads"), stress_rows.missed(), stress_rows.skipped()],
                [stress_rows.speedup()],
            )
        )
        lines = text.splitlines()
        assert lines[:6] == [
            "## 2 of 5 concurrency tests failed",
            "",
            "- interleaved: 2 tests, 1 failed, 24 schedules",
            "- stress: 3 runs, 1 missed its thresholds",
            "- 1 speed-up measured",
            lines[5],
        ]
        assert re.fullmatch(r"- seed 7, Python 3\.\d+\.\S+, pytest-interleave \S+", lines[5])
        assert [line for line in lines if line.startswith("#")][1:] == [
            "### Failures",
            "### Stress",
            "### Concurrency tests",
            "### Stress runs",
            "### Stress errors",
            "### Speed-ups",
        ]
        block = text.partition("### Failures\n\n")[2].partition("### Stress\n")[0]
        assert block == (
            "<details>\n<summary><code>test_bank.py::test_deposit</code>: test failure in schedule 2</summary>\n\n"
            "```text\nAssertionError: assert 150 == 200\n\n"
            "worker-0 reads 100 at bank.py:15; worker-1 writes 100 -> 150 at bank.py:16; worker-0 writes 150 ->\n"
            "150 at bank.py:16.\n\n"
            "help: make read and write one atomic step: hold one lock from bank.py:15 to 16\n```\n\n"
            "```sh\npytest 'test_bank.py::test_deposit' --interleave-replay=AQMNAYEoT8MNBQACAQMCjtWU\n```\n\n"
            "</details>\n\n"
        )
        block = text.partition("### Stress\n\n")[2].partition("### Tests")[0]
        for shown in (
            "<summary><code>test_pool.py::test_pool_under_load</code>: missed <code>success rate 88.8 % (225 of 2,000 "
            "failed), required &gt;= 95 %</code></summary>\n",
            "\n2 of 10 threads hung\n",
            "\n200 × pool.PoolExhausted at pool.py:40 (10 threads): no connection within 0.1 s\n",
            "\nstress-7 hung at test_pool.py:31, could not be stopped\n",
            f"```text\n{stress_rows.TRACEBACK}\n```",
            f"```text\nstress-2 hung\n{stress_rows.STACK}\n```",
        ):
            assert shown in block

    def test_a_row_a_test(self):
        text = markdown_of(
            results(
                [
                    row("test_fine"),
                    row("test_deadlock", kind="deadlock", message="no"),
                    row("test_b", outcome="skipped"),
                ],
                [stress_rows.run("test_reads"), stress_rows.missed(), stress_rows.skipped()],
            )
        )
        assert table(text, "Concurrency tests") == [
            [
                "`test_bank.py::test_deadlock`",
                "2",
                "sampled: 2 interleavings, total unknown",
                "failed: deadlock",
            ],
            ["`test_bank.py::test_fine`", "22", "exhaustive: all 2 interleavings", "passed"],
            ["`test_bank.py::test_b`", "22", "exhaustive: all 2 interleavings", "skipped"],
        ]
        under_load, reads, skipped = table(text, "Stress runs")
        assert under_load == [
            "`test_pool.py::test_pool_under_load`",
            *("10", "2,000", "88.8", "40.1k", "126 µs", "2.0 ms", "3.6 ms", "0.91", "225", "failed, missed"),
        ]
        assert reads[0] == "`test_pool.py::test_reads`"
        assert (reads[3], reads[-2:]) == ("100", ["0", "passed"])
        assert (skipped[2], skipped[-1]) == ("0", "skipped")
        errors = table(text, "Stress errors")
        assert errors[0] == [
            *("200", "`pool.PoolExhausted`", "`pool.py:40`", "10"),
            *("`no connection within 0.1 s`", "`test_pool.py::test_pool_under_load`"),
        ]
        assert errors[3][:3] == ["1", "`others`", "`other places`"]

    def test_what_has_not_failed_is_folded_where_there_are_many(self):
        fine = [row(f"test_fine[{number}]") for number in range(ROWS)]
        assert "<summary>" not in markdown_of(results(fine))
        text = markdown_of(results([*fine, row("test_bad", message="no")]))
        head, _, rest = text.partition("### Concurrency tests\n")[2].partition("<details>\n")
        assert [line for line in head.splitlines() if "`" in line] == [
            "| `test_bank.py::test_bad` | 2 | sampled: 2 interleavings, total unknown | failed: test failure |"
        ]
        assert rest.startswith(f"<summary>{ROWS} tests that did not fail</summary>\n\n| test |")
        assert rest.count("test_fine[") == ROWS
        assert rest.endswith("\n</details>\n\n")
        text = markdown_of(results((), [stress_rows.run(f"test_fine[{number}]") for number in range(ROWS + 1)]))
        assert f"\n### Stress runs\n\n<details>\n<summary>{ROWS + 1} stress runs that did not fail</summary>" in text

    def test_the_bug_stands_in_code(self):
        bug = "Check-then-act race on self._plugins['a | @b']"
        failed, expected = row("test_a", message="no"), row("test_b", message="no", outcome="xfailed")
        failed["finding"]["bug"] = expected["finding"]["bug"] = bug
        unknown = row("test_c", message="no", outcome="xfailed")
        unknown["finding"]["bug"] = None
        text = markdown_of(results([failed, expected, unknown]))
        shown = "Check-then-act race on self._plugins[&#x27;a | @b&#x27;]"
        assert f"<code>test_bank.py::test_a</code>: <code>{shown}</code> in schedule 2</summary>" in text
        cell = r"`Check-then-act race on self._plugins['a \| @b']`"
        assert {cells[0]: cells[-1] for cells in table(text, "Concurrency tests")} == {
            "`test_bank.py::test_a`": f"failed: {cell}",
            "`test_bank.py::test_b`": f"expected failure: {cell}",
            "`test_bank.py::test_c`": "expected failure: test failure",
        }

    def test_an_expected_failure_under_stress(self):
        run = stress_rows.run("test_it", outcome="xfailed", missed=["2 of 2 threads hung"])
        assert table(markdown_of(results((), [run])), "Stress runs")[0][-1] == "expected failure"

    def test_what_failed_without_a_finding(self):
        failed = row("test_fixture", outcome="failed", _ended_by="fixtures", _planned=40)
        text = markdown_of(results([failed]))
        assert "<summary><code>test_bank.py::test_fixture</code>: failed</summary>" in text
        assert "\nexhaustive: all 2 interleavings (fixture error at 22 of 40 schedules)\n" in text

    def test_strange_texts_stand_in_code_and_nowhere_else(self):
        strange = row(NASTY, message=NASTY, _command=NASTY, _difference=NASTY) | {"nodeid": NASTY}
        strange["finding"]["story"] = NASTY
        stress = stress_rows.run(nodeid=NASTY, marker=None, name=NASTY, outcome="failed", missed=[NASTY])
        stress["errors"] = [stress_rows.error(NASTY, message=NASTY, file=NASTY, traceback=NASTY)]
        stress["hung"] = [stress_rows.hung(name=NASTY, where=NASTY, stack=NASTY)]
        text = markdown_of(results([strange], [stress], [stress_rows.speedup(NASTY)]))
        assert not re.search("[\0-\x09\x0b-\x1f\x7f\u202e\ud800-\udfff]", text)
        outside = []
        fence = None
        for line in text.splitlines():
            if fence is None and (opened := re.match("(`{3,})[a-z]+$", line)):
                fence = opened[1]
            elif line == fence:
                fence = None
            elif fence is None:
                outside.append(line)
        assert fence is None
        # Spans of code end with as many backticks as they begin with.
        rest = "\n".join(re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|<code>.*?</code>", "C", line) for line in outside)
        assert not re.search("[@`\0]|https|everyone|<b>|0123456789abcdef", rest)
        assert rest.count("<details>") == rest.count("</details>") == 2
        assert [line.count("|") for line in rest.splitlines() if line.startswith("|")] == [
            *[5] * 3,
            *[12] * 3,
            *[7] * 3,
        ]
        assert [line for line in rest.splitlines() if line.startswith("#")] == [
            "## 2 of 2 concurrency tests failed",
            "### Failures",
            "### Stress",
            "### Concurrency tests",
            "### Stress runs",
            "### Stress errors",
            "### Speed-ups",
        ]

    def test_it_is_never_too_long_and_says_what_is_not_there(self):
        text = markdown_of(
            results(
                [row(f"test_{'long_' * 40}[{number}]", message="👩" * 3000) for number in range(300)],
                [stress_rows.missed() | {"nodeid": f"test_x.py::test_{number}"} for number in range(300)],
                [stress_rows.speedup()] * 300,
            )
        )
        assert 40_000 < length(text) <= LIMIT < 65_536
        last = text.splitlines()[-1]
        assert last.startswith("**Truncated** to fit GitHub's comment limit (failed test: ")
        counts = {what: int(count.replace(",", "")) for what, count in re.findall(r"([a-z -]+): ([\d,]+)", last)}
        assert list(counts) == [
            "failed test",
            " stress run",
            " row of a test",
            " row of a stress run",
            " group of errors",
            " speed-up",
        ]
        # Of everything there is something, and what is there and what is not are all of it.
        assert text.count("<summary><code>test_bank.py::") + counts["failed test"] == 300
        assert text.count("<summary><code>test_x.py::") + counts[" stress run"] == 300
        assert len(table(text, "Concurrency tests")) + counts[" row of a test"] == 300
        assert len(table(text, "Stress runs")) + counts[" row of a stress run"] == 300
        assert all(0 < left_out < 1200 for left_out in counts.values())
        assert text.count("<details>") == text.count("</details>")

    def test_nothing_ran(self):
        assert markdown_of(results()).startswith("## No concurrency test ran\n\n- seed 7, ")


SOURCE = """
@pytest.mark.concurrency(schedules=40, seconds=None)
def test_fails(counter, run_concurrent):
    run_concurrent(counter.increment)
    assert counter.value == 2, "a | b @me"

@pytest.mark.concurrency(schedules=40, seconds=None)
def test_holds(run_concurrent):
    run_concurrent(int)

@pytest.mark.stress(threads=2, operations=5, min_success_rate=0.9)
def test_misses():
    raise ValueError("a | b @me")

def test_asserts(run_stress, measure_speedup):
    measure_speedup(int, int)
    run_stress(int, threads=2, operations=5, name="fine")
    run_stress(lambda: 1 / 0, threads=2, operations=5, name="divide").assert_success_rate(0.5)
"""


@pytest.mark.parametrize("options", [(), XDIST], ids=["one process", "xdist"])
def test_a_run(run, pytester, options):
    done = run(SOURCE, "--interleave-markdown=report.md", *options)
    done.result.assert_outcomes(passed=1, failed=3)
    text = pytester.path.joinpath("report.md").read_text("utf-8")
    assert text.startswith("## 3 of 4 concurrency tests failed\n")
    assert "\n- stress: 3 runs, 2 missed their thresholds\n" in text
    (command,) = done.lines("pytest 'test_it.py::test_fails' --interleave-replay=")
    assert f"\n```sh\n{command}\n```\n" in text
    # What the summary and JSON do not say of an assertion in the test, no report would.
    assert "<code>success rate 0 % (10 of 10 failed), required &gt;= 50 %</code>" in text
    assert {cells[0]: cells[-1] for cells in table(text, "Concurrency tests")} == {
        "`test_it.py::test_fails`": "failed: `Lost update on Counter.value`",
        "`test_it.py::test_holds`": "passed",
    }
    assert {cells[0]: cells[-1] for cells in table(text, "Stress runs")} == {
        "`test_it.py::test_misses`": "failed, missed",
        "`test_it.py::test_asserts divide`": "failed, missed",
        "`test_it.py::test_asserts fine`": "failed",
    }
    assert {cells[1]: cells[4] for cells in table(text, "Stress errors")} == {
        "`ValueError`": r"`a \| b @me`",
        "`ZeroDivisionError`": "`division by zero`",
    }
    assert re.search(r"\n- `test_it.py::test_asserts`: speed-up \d+\.\d\dx \(", text)


def test_of_a_suite(run, pytester):
    source = "def test_one():\n    pass\n\n@pytest.mark.thread_unsafe(reason='a | @b')\ndef test_two():\n    pass\n"
    run(source, "--interleave-suite=2", "--interleave-markdown=report.md")
    text = pytester.path.joinpath("report.md").read_text("utf-8")
    assert "\n- suite with 2 workers per test: 1 run, 0 failed, 1 skipped\n" in text
    assert re.search(r"\n  - `1 skipped: [^`]*a \| @b`\n", text)


def test_where_it_cannot_be_written(run, pytester):
    said = run(SOURCE, "--interleave-markdown=report", "--interleave-json=./report").one_line_error()
    assert said == "--interleave-markdown: report is also the path of --interleave-json: choose another"
    pytester.mkdir("out")
    gone = "@pytest.mark.stress(threads=1, operations=1)\ndef test_it():\n    os.rmdir('out')\n"
    done = run(gone, "--interleave-markdown=out/report.md")
    done.result.assert_outcomes(passed=1)
    assert len(done.lines("ERROR: --interleave-markdown: cannot write out/report.md: No such file or directory")) == 1
    assert done.result.ret == pytest.ExitCode.USAGE_ERROR
