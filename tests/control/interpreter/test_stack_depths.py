"""Where operands lie: checked against the interpreter's own stack pointer, where a version keeps that in the frame."""

from __future__ import annotations

import sys

import pytest

from pytest_interleave.control.interpreter._frames import _WORD, layout, object_at, slot_address, words
from pytest_interleave.control.interpreter._stack_depths import stack_depths, variables_of


def test_the_layout_is_known_on_this_interpreter():
    assert layout is not None


def test_variables_are_where_they_are_looked_for():
    first, second = object(), [1]
    frame = sys._getframe()
    assert object_at(slot_address(frame, 0)) is first
    assert object_at(slot_address(frame, 1)) is second


def actual_depth(frame):
    start = words[id(frame) // _WORD + layout.pointer] // _WORD
    if sys.version_info >= (3, 14):
        return words[start + 8] // _WORD - start - layout.variables - variables_of(frame.f_code)
    return (words[start + layout.variables - 1] & 0xFFFF_FFFF) - variables_of(frame.f_code)


class Watch:
    """Compares at every instruction of every function that runs, `off` excepted."""

    def __init__(self):
        self.depths = {}
        self.seen = set()
        self.wrong = []

    def look(self, frame, offset):
        code = frame.f_code
        known = self.depths.get(id(code))
        if known is None:
            known = self.depths[id(code)] = (stack_depths(code), code)
        expected = known[0].get(offset)
        if expected is not None:
            self.seen.add((id(code), offset))
            if expected != actual_depth(frame):
                self.wrong.append((code.co_qualname, offset, expected, actual_depth(frame)))


def everything():
    import argparse
    import ast
    import contextlib
    import dataclasses
    import difflib
    import json
    import textwrap

    source = textwrap.dedent(
        """
        async def f(a, *b, c=1, **d):
            async with a as x, b:
                return [i async for i in c if i] or {**d, 1: [*b]} or f"{x!r:>{c}}"
        """
    )
    ast.unparse(ast.parse(source))
    json.loads(json.dumps({"a": [1, 2.5, {"b": None}]}, indent=1))
    parser = argparse.ArgumentParser()
    parser.add_argument("--x", type=int)
    parser.parse_args(["--x", "3"])
    list(difflib.unified_diff(["a", "b"], ["b", "c"]))

    @dataclasses.dataclass(order=True)
    class Point:
        x: int
        y: list = dataclasses.field(default_factory=list)

    assert Point(1) < Point(2)

    def match(thing):
        match thing:
            case {"a": 1, **rest}:
                return rest
            case [1, *rest]:
                return rest
            case Point(x=1):
                return 1
            case _:
                return None

    for thing in ({"a": 1, "b": 2}, [1, 2], Point(1), 5):
        match(thing)
    with contextlib.ExitStack() as stack:
        stack.callback(len, ())
        with contextlib.suppress(ZeroDivisionError):
            1 / 0  # noqa: B018
    try:
        try:
            raise ExceptionGroup("both", [ValueError(1), TypeError(2)])
        except* ValueError:
            pass
    except* TypeError as error:
        del error

    def generate():
        try:
            got = yield 1
            yield from (got, 2)
        finally:
            got = None

    generator = generate()
    next(generator)
    generator.send(3)
    generator.close()


@pytest.mark.skipif(sys.version_info[:2] in ((3, 12), (3, 13)), reason="no stack pointer is kept in the frame there")
def test_depths_are_those_of_the_interpreter():
    watch = Watch()
    if sys.version_info >= (3, 12):
        monitoring = sys.monitoring
        instruction = monitoring.events.INSTRUCTION
        monitoring.use_tool_id(3, "depths")
        monitoring.register_callback(3, instruction, lambda _code, offset: watch.look(sys._getframe(1), offset))
        monitoring.set_events(3, instruction)
        try:
            everything()
        finally:
            monitoring.set_events(3, 0)
            monitoring.free_tool_id(3)
    else:

        def trace(frame, event, _argument):
            frame.f_trace_opcodes = True
            if event == "opcode":
                watch.look(frame, frame.f_lasti)
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            everything()
        finally:
            sys.settrace(before)
    assert watch.wrong == []
    assert len(watch.seen) > 5_000


def test_what_is_known_of_code_is_kept():
    assert stack_depths(actual_depth.__code__) is stack_depths(actual_depth.__code__)
