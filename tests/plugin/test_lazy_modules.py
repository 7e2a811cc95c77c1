"""Modules that load their content on first access stay unloaded."""

from __future__ import annotations

SPIES = """
import sys
import types

TOUCHED = []


class Spy(types.ModuleType):
    def __getattribute__(self, attr):
        TOUCHED.append((attr, sys._getframe(1).f_code.co_filename))
        return super().__getattribute__(attr)


class Proxy:
    @property
    def __class__(self):
        TOUCHED.append(("__class__", sys._getframe(1).f_code.co_filename))
        return types.ModuleType


spy, proxy = Spy("spy_target"), Proxy()


@pytest.fixture(autouse=True)
def modules(monkeypatch):
    # pytest itself looks at modules between tests.
    monkeypatch.setitem(sys.modules, "spy_target", spy)
    monkeypatch.setitem(sys.modules, "proxy_target", proxy)
    TOUCHED.clear()


@pytest.mark.concurrency(schedules=3)
def test_marked(run_concurrent):
    run_concurrent(lambda: [spy and 1, proxy and 1])
    assert TOUCHED == []


@pytest.mark.thread_safety(schedules=3)
def test_shared():
    assert [spy is None, proxy is None, TOUCHED] == [False, False, []]


in_scope = Spy("in_scope")
in_scope.__file__ = __file__
sys.modules["in_scope"] = in_scope
attributes = types.ModuleType.__dict__["__dict__"].__get__(in_scope)


def test_before():
    attributes["sleep"] = time.sleep
    attributes["replace"] = os.replace
    attributes["open_it"] = open


@pytest.mark.concurrency(schedules=3)
def test_its_clock_is_replaced(run_concurrent):
    run_concurrent(lambda: attributes["sleep"](3600))
    assert attributes["sleep"] is time.sleep
    assert attributes["replace"] is os.replace
    assert attributes["open_it"] is open
    assert TOUCHED == []


def test_and_put_back():
    assert [type(attributes[name]) for name in ("sleep", "replace", "open_it")] == [types.BuiltinFunctionType] * 3
"""

#: What the plugin looks for in modules of the standard library, if they are imported.
LAZY = """
import importlib.util
import sys
import types

NAMES = ["sqlite3", "sqlite3.dbapi2", "mmap", "dbm.gnu", "uuid", "time_machine", "_time_machine", "ssl",
         "multiprocessing.connection", "multiprocessing.process", "multiprocessing.resource_tracker"]
TOUCHED = []


class Lazy(types.ModuleType):
    def __getattribute__(self, attr):
        TOUCHED.append((object.__getattribute__(self, "__name__"), attr, sys._getframe(1).f_code.co_filename))
        return super().__getattribute__(attr)

    def __setattr__(self, attr, value):
        TOUCHED.append((attr, value))
        super().__setattr__(attr, value)


@pytest.fixture(autouse=True)
def modules(monkeypatch):
    for name in NAMES:
        monkeypatch.setitem(sys.modules, name, Lazy(name))
    TOUCHED.clear()


@pytest.mark.concurrency(schedules=3)
def test_marked(run_concurrent):
    run_concurrent(lambda: [time.time(), open(__file__).close()])
    assert TOUCHED == []


@pytest.mark.thread_safety(schedules=3)
def test_shared():
    assert TOUCHED == []


@pytest.mark.stress(threads=2, operations=2)
def test_stress():
    assert TOUCHED == []


def test_end():
    assert TOUCHED == []
"""


def test_nothing_loads_them(run):
    found = run(SPIES, "-W", "error", "--timeout=30", plugins=True)
    found.result.assert_outcomes(passed=5)


def test_nothing_loads_lazy_modules_of_known_names(run):
    run(LAZY, "-W", "error").result.assert_outcomes(passed=4)
