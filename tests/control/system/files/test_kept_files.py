"""Files that the function which opens them keeps for itself: the methods of all others are steps."""

from __future__ import annotations

import ast
import textwrap
import threading
from pathlib import Path

import pytest

from pytest_interleave.control.system.files._kept_files import kept_at

from .steps import in_threads, steps_of


@pytest.mark.parametrize(
    "body",
    [
        "with open(p) as f: x = f.read()",
        "with p.open() as f: x = f.read()",
        "with open(p) as f: x = [int(line) for line in f]",
        "with open(p) as f:\n  for line in f: print(line)",
        "with open(p) as f: json.dump({}, f)",
        "with open(p) as f: print('x', file=f)",
        "with open(p) as f, open(q) as g: g.write(f.read())",
        "f = open(p)\nf.write('x')\nf.close()",
        "x = open(p).read()",
        "x = json.load(open(p))",
        "x = list(open(p))",
        "with open(p) as f: pass\nwith open(q) as f: f.read()",
        "with open(p): pass",
    ],
)
def test_a_file_is_kept(body: str) -> None:
    tree = ast.parse("def function(p, q):\n" + textwrap.indent(body, "    "))
    lines = {node.lineno for node in ast.walk(tree) if getattr(getattr(node, "func", None), "id", "") == "open"}
    assert kept_at(tree) >= lines
    assert kept_at(tree)


@pytest.mark.parametrize(
    "body",
    [
        "return open(p)",
        "with open(p) as f: return f",
        "with open(p) as f: yield f",
        "with open(p) as f: self.file = f",
        "with open(p) as f: use(f)",
        "with open(p) as f: json.dump(f, x)\nx = [f]",
        "with open(p) as f: Thread(target=f.write)",
        "with open(p) as f: Thread(target=lambda: f.write('x'))",
        "with open(p) as f:\n  def work(): f.write('x')",
        "with open(p) as f: x = (line for line in f)",
        "with open(p) as f: b = f.buffer",
        "with open(p) as f: b = f.detach()",
        "with open(p) as f: g = f",
        "with open(p) as f: rows = csv.reader(f)",
        "global f\nf = open(p)\nf.read()",
        "with open(p) as self.f: self.f.read()",
        "use(open(p))",
        "x = open(p).read",
        "x = open(p).buffer.read()",
        "f = g = open(p)\nf.read()",
        "if (f := open(p)): f.read()",
        "with open(p) as f: pass\nf = q\nf.read()",
        "a = open(p).read(); b = [open(q)]",
        "stack.enter_context(open(p)).read()",
    ],
)
def test_a_file_may_be_used_by_others(body: str) -> None:
    assert not kept_at(ast.parse("def function(p, q):\n" + textwrap.indent(body, "    ")))


def test_code_of_a_module_keeps_no_file() -> None:
    assert not kept_at(ast.parse("with open(p) as f: f.read()"))


def test_methods_of_a_file_are_steps_unless_it_is_kept(file: Path) -> None:
    def keeps() -> None:
        with open(file) as opened:
            opened.read()
        file.read_bytes()

    def shares() -> None:
        with open(file) as opened:
            thread = threading.Thread(target=opened.read)
            thread.start()
            thread.join()

    def texts(body: object) -> list[str]:
        return [step.doing.text for step in steps_of(lambda: in_threads(body))]  # type: ignore[arg-type]

    assert set(texts(keeps)) == {"open data.txt", "read data.txt"}
    assert texts(shares)[:3] == ["open data.txt", "read data.txt with read()", "read data.txt"]
