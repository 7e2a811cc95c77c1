"""Installed, but no test is marked: nothing of it is in the way."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = [
    "pytest_interleave.control.instrumentation._accesses",
    "pytest_interleave.control._control",
    "pytest_interleave.control.execution._execution",
    "pytest_interleave.control.interpreter._redirected",
    "pytest_interleave.control.execution.units._units",
    "pytest_interleave.control.interpreter._threadlocals",
    "pytest_interleave.detect",
    "pytest_interleave.explore.search._auto",
    "pytest_interleave.explore.strategies._drawing",
    "pytest_interleave.explore.schedules._token",
    "pytest_interleave.plugin.fixtures._barrier",
    "pytest_interleave.plugin.reporting._gathering",
    "pytest_interleave.plugin.items._leak_check",
    "pytest_interleave.plugin.items._worker_fixtures",
    "pytest_interleave.plugin.fixtures._pool",
    "pytest_interleave.plugin.reporting._report",
    "pytest_interleave.plugin.running._runner",
    "pytest_interleave.plugin.settings._settings",
    "pytest_interleave.plugin.settings._suite",
    "pytest_interleave.plugin._marked_test",
    "pytest_interleave.plugin.items._workers",
    "pytest_interleave.resources",
    "pytest_interleave.trace",
]


def test_names_are_put_back_and_nothing_heavy_is_imported(run):
    done = run(
        f"""
import _thread
import queue
import sys

def test_names():
    for module, names in (
        (threading, ("Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore", "Event", "Barrier", "Thread")),
        (queue, ("SimpleQueue",)),
        (_thread, ("allocate_lock", "RLock")),
    ):
        for name in names:
            assert "interleave" not in getattr(module, name).__module__, name
    assert type(threading.Lock()).__module__ == "_thread"

def test_modules():
    assert "pytest_interleave.plugin" in sys.modules
    assert [name for name in {HEAVY!r} if name in sys.modules] == []
""",
        fresh=True,
    )
    done.result.assert_outcomes(passed=2)
    assert "interleave:" not in done.text
    assert "= interleave =" not in done.text


def test_a_marked_test_that_is_deselected_counts_as_none(run):
    done = run(
        """
@pytest.mark.concurrency
def test_marked():
    pass

def test_names():
    assert "interleave" not in threading.Lock.__module__
""",
        "-k",
        "names",
    )
    done.result.assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize("options", [[], ["-p", "pytest_interleave.plugin"]], ids=["entry point", "by name"])
def test_pytest_does_not_rewrite_its_modules(run, options, monkeypatch):
    if options:
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    done = run(
        """
import importlib
import sys
from importlib.machinery import SourceFileLoader

@pytest.mark.concurrency(schedules=1)
def test_modules(run_concurrent):
    run_concurrent(int)
    # Those that pytest itself is given by name are left alone by it.
    named = ("pytest_interleave", "pytest_interleave.plugin", "pytest_interleave._plain_imports")
    loaded = {name: type(module.__loader__) for name, module in sys.modules.items() if name.startswith("pytest_interl")}
    assert "pytest_interleave.plugin.running._runner" in loaded
    assert [name for name, loader in loaded.items() if loader is not SourceFileLoader and name not in named] == []

def test_named_ones():
    for name in ("pytest_interleave", "pytest_interleave.plugin", "pytest_interleave._plain_imports"):
        assert "@pytest_ar" not in vars(sys.modules[name])
""",
        *options,
        fresh=True,
    )
    done.result.assert_outcomes(passed=2)


def test_no_warning_where_the_plugin_is_imported_before(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n", encoding="utf-8")
    code = (
        "import pytest, pytest_interleave.plugin; "
        "pytest.main(['-p', 'pytest_interleave.plugin', '-p', 'no:cacheprovider'])"
    )
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, env=environment
    )
    assert "1 passed" in done.stdout
    assert "cannot be rewritten" not in done.stdout


def test_importing_the_plugin_imports_little():
    code = (
        "import queue, sys, threading, pytest; before = set(sys.modules); import pytest_interleave.plugin; "
        "print(*(name for name in set(sys.modules) - before if 'interleave' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # For the methods of `datetime`, which Python code cannot replace: 2 to 10 ms.
    assert {name.partition(".")[0] for name in done.stdout.split()} <= {"ctypes", "_ctypes", "sysconfig"}


def test_locks_of_other_modules_stay_real_while_tests_are_marked(run):
    done = run(
        """
import sched

@pytest.mark.concurrency(schedules=1)
def test_marked(run_concurrent):
    run_concurrent(int)

def test_names():
    # Made by a library for itself, while our names are in place.
    real = type(sched.scheduler()._lock)
    assert "interleave" in type(threading.RLock()).__module__ or real is not None

def test_restored_behaviour():
    began = time.monotonic()
    threading.Event().wait(0.01)
    assert time.monotonic() - began >= 0.009
"""
    )
    done.result.assert_outcomes(passed=3)


def test_the_facade_gives_what_it_lists():
    import pytest_interleave
    from pytest_interleave import control

    for module in (pytest_interleave, control):
        for name in module.__all__:
            assert getattr(module, name) is not None
    assert not hasattr(pytest_interleave, "nothing_of_that_name")
