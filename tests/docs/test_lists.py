"""What pages list is complete: the bugs of reports, the names of the package, terms."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

import pytest

import pytest_interleave
from pytest_interleave.detect import FindingKind
from pytest_interleave.plugin.settings import _needs_control

from .output import OPTIONS
from .pages import PAGES, ROOT, blocks

SOURCE = ROOT / "src" / "pytest_interleave"
REPORTS = (ROOT / "docs" / "read_a_report.md").read_text(encoding="utf-8")
NAMED = REPORTS.partition("\n## Bugs that a headline names\n")[2]
#: Texts in which a report names a bug, up to the first thing that is filled in.
HEADLINES = {
    "trace/bugs/_bug.py": r'(?:Bug\(\s*f")([A-Z][a-z -]+?) (?:on|of|between|by|race on)\b',
    "trace/bugs/_bugs.py": r'(?:Bug\(\s*f")([A-Z][a-z -]+?) (?:on|of|between|by|race on)\b',
    "detect/deadlocks/_circular_waits.py": r'(?:Diagnosis\(|bug =)\s*f?"(?:\{[^}]*\} )*([a-z() -]{6,})',
    "detect/deadlocks/_endless_waits.py": r'(?:Diagnosis\(|bug =)\s*f?"(?:\{[^}]*\} )*([a-z() -]{6,})',
    "trace/story/_locked.py": r'"(Deadlock: [a-z ]+|Write refused on )',
    "trace/story/_deadlock.py": r'"((?:Livelock: no|Suspected livelock: all) [a-z ]+)"',
    "plugin/running/explanations/_explanation.py": r'f?"((?:Not a race|Race condition|Timeout|Resource leak)[^{"(]*)',
}


@pytest.mark.parametrize("module", HEADLINES)
def test_the_page_on_reports_has_each_bug(module: str) -> None:
    found = set(re.findall(HEADLINES[module], (SOURCE / module).read_text(encoding="utf-8")))
    assert found
    # Lines of the page are wrapped.
    page = " ".join(NAMED.split())
    assert [text for text in sorted(found) if text.strip() not in page] == []


def test_the_reference_has_each_kind_of_finding() -> None:
    page = (ROOT / "docs" / "reference" / "results.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z -]+)` \| ", page.partition("\n## Findings\n")[2], re.MULTILINE)
    kinds = [kind for literal in get_args(FindingKind) for kind in get_args(literal) or (literal,)]
    assert sorted(listed) == sorted(kinds)


def test_the_page_on_reports_links_to_recipes_that_exist() -> None:
    links = re.findall(r"\]\((cookbook/\w+\.md)\)", NAMED)
    assert len(links) >= 5
    assert all((ROOT / "docs" / link).exists() for link in links)


def test_the_api_page_has_each_public_name() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\.\. [\w:]+:: pytest_interleave\.(\w+)", page, re.MULTILINE)
    assert sorted(documented) == sorted(pytest_interleave.__all__)


def test_the_index_of_messages_is_complete() -> None:
    index = (ROOT / "docs" / "reference" / "messages.md").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "howto" / "troubleshooting.md").read_text(encoding="utf-8")
    topics = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert re.findall(r"^\| \[(.*?)\]", index, re.MULTILINE) == topics
    named = re.findall(r"^\| `(\w+)` \|", index, re.MULTILINE)
    exceptions = [
        name
        for name in pytest_interleave.__all__
        if isinstance(found := getattr(pytest_interleave, name), type) and issubclass(found, BaseException)
    ]
    assert sorted(named) == sorted(exceptions)


def test_terms_are_in_order_and_in_use() -> None:
    glossary = ROOT / "docs" / "glossary.md"
    terms = re.findall(r"^([a-z].*)\n  \S", glossary.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(terms) > 30
    assert terms == sorted(terms)
    others = " ".join(page.read_text(encoding="utf-8") for page in PAGES if page != glossary)
    text = " ".join(others.split()).lower()
    assert [term for term in terms if term.removesuffix("ing") not in text] == []


def test_what_is_said_without_control(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_needs_control, "missing_for_control", lambda: "this is PyPy 7.3")
    said = _needs_control.needs_control("test_bank.py::test_deposit", "remove the marker")
    (shown,) = [block.text for block in blocks() if block.page == "docs/install.md" and block.language == "text"]
    assert " ".join(shown.split()) == said


def test_pop_is_no_fix_for_the_cache(pytester: pytest.Pytester, forget_bytecode: Callable[[], None]) -> None:
    found = [block for block in blocks() if block.page == "docs/cookbook/cache_eviction.md"]
    buggy = next(block.text for block in found if block.comment == "file: cache.py")
    (test,) = [block.text for block in found if "def test_a_new_value_stays" in block.text]
    pytester.makeini("[pytest]")
    pytester.makepyfile(cache=buggy.replace("del self.entries[key]", "self.entries.pop(key, None)"), test_cache=test)
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(failed=1)
