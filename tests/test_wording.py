"""The words of all text that users see: messages, help, public docstrings, README, docs, examples, the changelog."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_interleave

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "pytest_interleave"

#: What is not to be written, by what to write instead: plain words, in American spelling. A star stands for any ending.
PHRASES = {
    "report, print, say, show": "told, tells",
    "fix": "mend, mends, mended, mending",
    "reach, run, execute": "come to, comes to, came to, coming to",
    "result, outcome": "what came of, what comes of",
    "the thread, the user, the code": "nobody, anybody, whoever",
    "N, this many": "so many, manieth",
    "created at": "made at",
    "waits for {lock, event, thread}": "wait for what, waits for what",
    "circular wait, lock-order inversion": "in a circle",
    "is available, could not be read": "be had",
    "again, new": "anew",
    "continue": "go on, goes on, went on, have gone on",
    "started": "begun",
    "required": "wanted",
    "checked": "looked at, looked into",
    "if, up to": "as far as",
    "alternately, one after another": "in turn",
    "partly changed, intermediate state": "halfway, is torn, was torn, found torn, torn under",
    "uncontrolled, left to the operating system": "set aside, sets aside",
    "controlled, in a controlled test": "under control",
    "preemption, context switch": "no switch, one switch, few switches, fewer switches, of switches, schedule switches",
    "clean, at any point": "in good order, wherever it strikes",
    "-or": "behaviour*, colour*, favour*, neighbour*, honour*",
    "-iz-": "synchronis*, serialis*, recognis*, organis*, initialis*, normalis*, optimis*, summaris*",
    "center, judgment, gray, license": "centre, judgement, grey, licence",
}
#: Each phrase, and what to write instead.
INSTEAD = {phrase: instead for instead, phrases in PHRASES.items() for phrase in phrases.split(", ")}
#: Between two parts of a string literal that Python puts together.
JOINT = re.compile(r"""(["'])\s*\n\s*[rfb]*\1""", re.IGNORECASE)


def test_no_text_has_a_phrase_that_is_not_to_be_written() -> None:
    found = [hit for path in checked_files() for hit in hits(path)]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('raise ValueError("the user is told")', [1]),
        ('raise ValueError(\n    "a thread goes "\n    "on, with no end"\n)', [2]),
        ('raise ValueError(f"{name} is made at {place}")', [1]),
        ('"""It is told so."""\n\n\ndef run():\n    """Run whoever is told."""\n    return {"told", "anew"}', []),
        ('class Deadlock:\n    """Raised\n    anew."""\n\n    def _own(self):\n        """Anew."""', [3]),
        ('class Deadlock:\n    def args(self):\n        """Anew."""', [3]),
        ('@pytest.fixture\n@adds_no_end\ndef pool():\n    """One, made anew."""', [4]),
        ('test("nothing is recommended, nor amended: test_nobody_looks; we begin")', []),
    ],
)
def test_what_is_found(tmp_path: Path, source: str, lines: list[int]) -> None:
    path = tmp_path / "some.py"
    path.write_text(source, "utf-8")
    assert [int(hit.split(":")[1]) for hit in hits(path)] == lines


def test_lines_of_prose_are_found_across_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "some.md"
    path.write_text("One.\n\nThe thread goes\non. `test_nobody_looks`\n", "utf-8")
    assert sorted(hits(path)) == [
        f"{path}:3: 'goes on': write continue",
        f"{path}:4: 'nobody': write the thread, the user, the code",
    ]


def test_examples_the_changelog_and_scripts_are_checked() -> None:
    checked = set(checked_files())
    assert ROOT / "CHANGELOG.md" in checked
    assert any(path.is_relative_to(ROOT / "examples") for path in checked)
    assert any(path.suffix == ".js" for path in checked)


def checked_files() -> Iterator[Path]:
    """Yield all files with text for users."""
    for suffix in ("py", "jinja", "js"):
        yield from SOURCES.rglob(f"*.{suffix}")
    for pattern in ("*.md", "docs/**/*.md", "changelog/*.md", ".github/**/*.md", ".github/**/*.yml"):
        yield from ROOT.glob(pattern)
    for suffix in ("py", "ini"):
        yield from (ROOT / "examples").rglob(f"*.{suffix}")


def hits(path: Path) -> list[str]:
    """Return a line for each phrase that is found in the file: its place, the phrase, and what to write instead."""
    source = path.read_text("utf-8")
    flat = " ".join(JOINT.sub("", source).lower().replace("_", " ").split())
    # That is quick, so that only a few files have to be parsed.
    suspects = [phrase for phrase in INSTEAD if phrase.rstrip("*") in flat]
    if not suspects:
        return []
    shown = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
    found = []
    # Users read all of a page and of an example, also comments and names of tests.
    is_module = path.suffix == ".py" and not path.is_relative_to(ROOT / "examples")
    for first, text in texts_of_module(source) if is_module else [(1, source.replace("_", " "))]:
        for phrase in suspects:
            for match in _pattern(phrase).finditer(text):
                line = first + text.count("\n", 0, match.start())
                found.append(f"{shown}:{line}: {' '.join(match[0].split())!r}: write {INSTEAD[phrase]}")
    return found


@functools.cache
def _pattern(phrase: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, phrase.rstrip("*").split()))
    end = "" if phrase.endswith("*") else r"\b"
    return re.compile(rf"\b{words}{end}", re.IGNORECASE)


def texts_of_module(source: str) -> Iterator[tuple[int, str]]:
    """Yield the texts for users, each with its first line: string literals with a space, and public docstrings."""
    tree = ast.parse(source)
    yield from _public_docstrings(tree.body)
    yield from _literals(tree, _docstrings(tree))


def _public_docstrings(body: list[ast.stmt], *, within_public: bool = False) -> Iterator[tuple[int, str]]:
    for node in body:
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef)) or node.name.startswith("_"):
            continue
        is_fixture = any("pytest.fixture" in ast.unparse(decorator) for decorator in node.decorator_list)
        if not (within_public or is_fixture or node.name in pytest_interleave.__all__):
            continue
        docstring = ast.get_docstring(node, clean=False)
        if docstring is not None:
            yield node.body[0].lineno, docstring
        if isinstance(node, ast.ClassDef):
            yield from _public_docstrings(node.body, within_public=True)


def _docstrings(tree: ast.Module) -> set[int]:
    """Return the identities of all literals that stand alone: docstrings."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _literals(tree: ast.Module, docstrings: set[int]) -> Iterator[tuple[int, str]]:
    parts = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts.update(map(id, node.values))
            pieces = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            text = "".join(map(str, pieces))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if id(node) not in docstrings and id(node) not in parts and " " in text.strip():
            # Its lines are not those of the source: all of it counts as its first one.
            yield node.lineno, " ".join(text.split())
