"""Many real threads at once. These tests find bugs only by chance; the other files search for them."""

import itertools
import random
import threading

import pytest
from assistant.tools import Tool


@pytest.fixture
def numbers():
    return itertools.count()


@pytest.mark.stress(threads=20, operations=10)
def test_twenty_threads_register_ten_tools_each(registry, numbers):
    tool = Tool(f"tool-{next(numbers)}", print)
    registry.register(tool)
    assert registry.get(tool.name) is tool


def test_fifty_threads_do_anything(registry, grep, run_stress):
    def own_choices():
        return threading.current_thread().name, random.Random(threading.current_thread().name)

    def do_anything(own):
        name, choices = own
        match choices.randrange(4):
            case 0 if registry.get(name) is None:
                registry.register(Tool(name, print))
            case 1:
                registry.deregister(name)
            case 2:
                assert f"grep: {grep.description}" in registry.describe()
            case _:
                assert registry.run(grep.name, "b", "abc")

    def nothing_is_left_but_what_was_registered():
        names = {line.partition(":")[0] for line in registry.describe()}
        assert grep.name in names
        assert all(registry.deregister(name) for name in names)
        assert registry.describe() == []

    result = run_stress(
        do_anything,
        threads=50,
        operations=1000,
        setup=own_choices,
        check=nothing_is_left_but_what_was_registered,
    )
    result.assert_no_errors()
