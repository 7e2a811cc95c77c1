"""The tool registry: registered once, found by all, cleared as a whole."""

import threading

import pytest
from assistant.tools import Tool, ToolRegistry


@pytest.mark.concurrency(workers=3)
def test_there_is_one_registry(barrier, worker):
    barrier.wait()
    ToolRegistry.instance().register(Tool(worker.name, print))
    barrier.wait()
    assert len(ToolRegistry.instance().describe()) == worker.count


@pytest.mark.concurrency
def test_a_name_is_taken_once(registry, run_concurrent):
    def register(tool):
        try:
            registry.register(tool)
        except ValueError:
            return False
        return True

    tools = [Tool("grep", print), Tool("grep", print)]
    registered = run_concurrent.each(register, tools)
    assert sorted(registered) == [False, True]
    assert registry.get("grep") is tools[registered.index(True)]


@pytest.mark.concurrency
def test_a_tool_is_deregistered_once(registry, grep, run_concurrent):
    assert sorted(run_concurrent(registry.deregister, grep.name, workers=2)) == [False, True]


@pytest.fixture
def tool(worker):
    return Tool(f"tool-{worker.index}", print)


@pytest.mark.thread_safety(workers=3)
def test_each_its_own_tool(registry, tool):
    """Registers, reads and deregisters. Only the marker is about threads."""
    registry.register(tool)
    assert f"{tool.name}: " in registry.describe()
    assert registry.get(tool.name) is tool
    assert registry.deregister(tool.name)
    assert registry.get(tool.name) is None


@pytest.mark.concurrency
@pytest.mark.usefixtures("grep", "shell")
def test_readers_see_all_tools_or_none_while_one_clears(registry, run_concurrent):
    def read():
        assert len(registry.describe()) in (0, 2)

    run_concurrent.together(registry.clear, read, read)


@pytest.mark.concurrency
def test_readers_in_the_background_until_they_are_stopped(registry, grep, run_concurrent):
    stop = threading.Event()

    def read():
        while not stop.is_set():
            assert registry.get(grep.name) is grep
            assert f"grep: {grep.description}" in registry.describe()

    def write():
        registry.register(Tool("shell", print))
        registry.deregister("shell")
        stop.set()

    run_concurrent.together(read, read, write)


@pytest.mark.concurrency(schedules=200)
def test_every_call_is_counted_while_tools_are_listed(registry, grep, thread_pool):
    calls = [thread_pool.submit(registry.run, grep.name, "b", text) for text in ("abc", "xyz")]
    assert registry.describe() == ["grep: finds text"]
    assert [call.result() for call in calls] == [True, False]
    assert grep.calls == 2
