"""What the documentation shows works, and what it lists is what there is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from .pages import ROOT, Block, blocks

BLOCKS = list(blocks())
TESTS = [block for block in BLOCKS if block.comment.startswith("test: ")]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPTIONS = (ROOT / "docs" / "reference" / "options.md").read_text(encoding="utf-8")
MARKERS = (ROOT / "docs" / "reference" / "markers.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def this_plugin_alone(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, forget_bytecode: Callable[[], None]
) -> None:
    """For runs of pytest: to import all that are installed takes longer than most of them."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.plugins.append("pytest_interleave.plugin")


@pytest.mark.parametrize("block", TESTS, ids=lambda block: block.name)
def test_example_does_what_the_page_says(block: Block, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    for name, text in block.files.items():
        pytester.path.joinpath(name).write_text(text, encoding="utf-8")
    pytester.path.joinpath("test_page.py").write_text(block.text, encoding="utf-8")
    result = pytester.runpytest_subprocess("-v", "-p", "no:cacheprovider", "--interleave-seed=0")
    outcome, _, text = block.comment.removeprefix("test: ").partition(": ")
    assert outcome in ("passes", "fails")
    if outcome == "passes":
        assert result.ret == pytest.ExitCode.OK
    else:
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        assert text
    assert text in result.stdout.str()


def test_there_are_examples_to_run() -> None:
    assert len(TESTS) >= 8
    assert {test.page for test in TESTS} >= {
        "docs/tutorial.md",
        "docs/reference/fixtures.md",
        "docs/explanation/strategies.md",
    }


def test_every_test_shown_is_run_or_part_of_an_example() -> None:
    for block in BLOCKS:
        if block.language != "python" or "def test_" not in block.text or block.comment.startswith("test: "):
            continue
        assert block.comment.startswith("examples/"), f"{block.name} says nothing about its test"
        assert block.text in (ROOT / block.comment).read_text(encoding="utf-8"), block.name


def test_readme_has_two_commands_and_no_other() -> None:
    section = README.partition("\n## Two commands\n")[2].partition("\n## ")[0]
    assert section.count("```bash\n") == README.count("```bash\n") == 2


def test_the_readme_is_short() -> None:
    assert len(README.split()) <= 1_100


def test_the_nightly_run_of_the_guide_runs(pytester: pytest.Pytester) -> None:
    (workflow,) = [block.text for block in BLOCKS if block.page == "docs/howto/ci.md" and block.language == "yaml"]
    command = workflow.partition("- run: >-\n")[2].partition("\n      - ")[0]
    words = re.sub(r"\$\{\{.*?\}\}", "7", command).replace("-n auto", "-n 2").split()
    (report,) = re.findall(r"--interleave-json=(\S+)", " ".join(words))
    assert f"path: {report}" in re.sub(r"\$\{\{.*?\}\}", "7", workflow)
    pytester.makeini("[pytest]")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.concurrency
        def test_it(run_concurrent):
            run_concurrent(int)
        """
    )
    assert words[0] == "pytest"
    result = pytester.runpytest_subprocess("-p", "xdist", *words[1:])
    result.assert_outcomes(passed=2)
    (test,) = json.loads(pytester.path.joinpath(report).read_text("utf-8"))["tests"]
    assert test["shards"] == 2


def test_the_workflow_of_the_guide_posts_what_it_writes(pytester: pytest.Pytester) -> None:
    guide = "docs/howto/pull_requests.md"
    (workflow,) = [block.text for block in BLOCKS if block.page == guide and block.language == "yaml"]
    (command,) = re.findall(r"^ +- run: (pytest .*)$", workflow, re.MULTILINE)
    (report,) = re.findall(r"--interleave-markdown=(\S+)", command)
    assert f"hashFiles('{report}')" in workflow
    assert f"cat {report} >>" in workflow
    assert f"--body-file {report}\n" in workflow
    pytester.makeini("[pytest]")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.concurrency
        def test_it(run_concurrent):
            run_concurrent(int)

        @pytest.mark.stress(threads=2, operations=2)
        def test_under_stress():
            pass
        """
    )
    result = pytester.runpytest_subprocess(*command.split()[1:])
    result.assert_outcomes(passed=2)
    assert pytester.path.joinpath(report).read_text("utf-8").startswith("## 2 concurrency tests, none failed\n")


def _documented(text: str) -> set[str]:
    return set(re.findall(r"^\| `(--interleave-[a-z-]+)", text, re.MULTILINE))


def _documented_ini(text: str) -> set[str]:
    return set(re.findall(r"^\|[^|]*\| `(interleave_[a-z_]+)` \|", text, re.MULTILINE))


def test_options_and_ini_values_are_those_that_there_are(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    help_text = pytester.runpytest_subprocess("--help").stdout.str()
    assert _documented(OPTIONS) == set(re.findall(r"^ +(--interleave-[a-z-]+)", help_text, re.MULTILINE))
    assert _documented_ini(OPTIONS) == set(re.findall(r"^ +(interleave_[a-z_]+) \(", help_text, re.MULTILINE))


def test_the_signature_of_the_marker_is_the_registered_one(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    markers = pytester.runpytest_subprocess("--markers").stdout.str()
    registered = re.search(r"@pytest\.mark\.(concurrency\(.*?\)):", markers)
    assert registered is not None
    shown = re.search(r"@pytest\.mark\.(concurrency\(schedules=200.*\))", MARKERS)
    assert shown is not None
    assert _arguments(shown[1]) == _arguments(registered[1])


def _arguments(call: str) -> dict[str, object]:
    import ast

    tree = ast.parse(call, mode="eval").body
    assert isinstance(tree, ast.Call)
    return {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in tree.keywords}
