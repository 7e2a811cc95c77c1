"""Operators that have numbers and texts alone to work with are known as such; and no others."""

from __future__ import annotations

import builtins
import dis

import pytest

from pytest_interleave.control.code._arithmetic import Reader
from pytest_interleave.control.instrumentation._accesses import accesses_of

NAMESPACE: dict[str, object] = {"LIMIT": 5}


def read(source, doubted=(), rebound=()):
    """The operators left alone, by what they stand for; and the arguments that this rests on."""
    scope: dict[str, object] = {}
    exec(compile(source, "made.py", "exec"), scope)
    code = next(value for value in scope.values() if type(value) is type(read)).__code__
    unforeseen = accesses_of(code, NAMESPACE, None).unforeseen
    found = Reader(code, unforeseen, NAMESPACE, rebound).read(doubted)
    signs = {each.offset: each.argrepr.removeprefix("bool(").removesuffix(")") for each in dis.get_instructions(code)}
    return sorted(signs[offset] for offset in found.operators), sorted(found.arguments)


def looped(*lines, head="a, b, c"):
    return f"def f({head}):\n    total = 0\n    for n in range(9):\n" + "".join(f"        {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("source", "operators", "arguments"),
    [
        pytest.param(looped("total += n * n"), ["*", "+="], [], id="counters"),
        pytest.param(looped("total = a + total"), ["+"], ["a"], id="an argument"),
        pytest.param(looped("total = a + b", "c = total * c"), ["*", "+"], ["a", "b", "c"], id="several arguments"),
        pytest.param(looped("total += a.size", "n = total * n"), ["*"], [], id="what was looked at before"),
        pytest.param(looped("total += len(a) * n"), ["*", "+="], [], id="a length"),
        pytest.param(looped("total = max(n, b) + n"), ["+"], ["b"], id="the greater number"),
        pytest.param(looped("if total > n: total = -n + total"), ["+", ">"], [], id="a comparison"),
        pytest.param(looped("a, b = b, a + b"), ["+"], ["a", "b"], id="exchanged"),
        pytest.param(looped("for m in range(n): total += m", "total += n"), ["+=", "+="], [], id="loops in loops"),
        pytest.param(looped("try: total += n", "except ValueError: total = a"), ["+="], ["a"], id="an exception"),
    ],
)
def test_known(source, operators, arguments):
    assert read(source) == (operators, arguments)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(looped("total = [] + a"), id="a list"),
        pytest.param(looped("a = [n]", "a += b"), id="an argument that becomes a list"),
        pytest.param(looped("a = b = a.size", "total = a + b"), id="attributes"),
        pytest.param(looped("total = a[n] + b[n]"), id="items"),
        pytest.param(looped("total = f(n) + f(a)"), id="results"),
        pytest.param(looped("total = LIMIT + a"), id="a global"),
        pytest.param(looped("total = max(a.x, b) + max(a.y, b)"), id="the greater one of what is not known"),
        pytest.param(looped("total = a + b", "def g(): nonlocal a, b; a = b = []"), id="variables of inner functions"),
        pytest.param(looped("yield a + b", "total = a + b"), id="a generator"),
        pytest.param(looped("total = a + b", head="*a, **b"), id="any number of arguments"),
        pytest.param(looped("try: f(n)", "except ValueError as a: b = a", "a = a + b"), id="a caught exception"),
        pytest.param(looped("with b as a: a = a + c", "c = a"), id="a context"),
        pytest.param("def f(a, b):\n    return a + b\n", id="one operator, for which two would be watched"),
    ],
)
def test_unknown(source):
    assert read(source) == ([], [])


def test_what_is_doubted_is_not_taken_for_granted():
    source = looped("total = a + n", "b = b * n", "c += n")
    assert read(source) == (["*", "+", "+="], ["a", "b", "c"])
    assert read(source, doubted={"b"}) == (["+", "+="], ["a", "c"])
    assert read(source, doubted={"a", "b", "c"}) == ([], [])


def test_functions_of_that_name_that_are_not_built_in(monkeypatch):
    source = looped("total += len(a)")
    assert read(source) == (["+="], [])
    assert read(source, rebound={"len"}) == ([], [])
    assert read(looped("total += n"), rebound={"range"}) == ([], [])
    monkeypatch.setitem(NAMESPACE, "len", lambda thing: [])
    assert read(source) == ([], [])
    monkeypatch.delitem(NAMESPACE, "len")
    monkeypatch.setattr(builtins, "len", lambda thing, len=len: len(thing))
    assert read(source) == ([], [])
