"""Modules that a test imports while it runs."""

from __future__ import annotations

import importlib
import sys

import pytest

from pytest_interleave.control.system._late_imports import LateImports


@pytest.mark.parametrize("name", ["colorsys", "sndhdr_that_is_missing"])
def test_what_is_called_when_a_module_is_loaded(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delitem(sys.modules, name, raising=False)
    calls: list[str] = []
    late = LateImports([name], lambda: calls.append(name))
    late.begin()
    try:
        if name == "colorsys":
            module = importlib.import_module(name)
            assert type(module.__spec__.loader).__module__ == type(importlib.__spec__.loader).__module__
            assert module.__loader__ is module.__spec__.loader
        else:
            with pytest.raises(ModuleNotFoundError):
                importlib.import_module(name)
        importlib.import_module("stringprep")
    finally:
        late.end()
    assert calls == ([name] if name == "colorsys" else [])
    assert late not in sys.meta_path
    monkeypatch.delitem(sys.modules, name, raising=False)
    late.end()


def test_a_database_that_is_first_used_within_a_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""
        import sys
        import threading

        import pytest

        first = []


        @pytest.mark.concurrency
        def test_it(tmp_path):
            assert "sqlite3" not in sys.modules or first
            first.append(1)
            import sqlite3

            def work():
                connection = sqlite3.connect(tmp_path / "app.db")
                connection.execute("create table if not exists t (n)")
                connection.close()

            threads = [threading.Thread(target=work) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        """
    )
    result = pytester.runpytest_subprocess("-v", "-p", "no:xdist", "-p", "no:cacheprovider", "-p", "no:cov")
    result.stdout.fnmatch_lines(["*PASSED*exhaustive: all *"])
    result.assert_outcomes(passed=1)
