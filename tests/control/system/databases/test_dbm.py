"""Databases of `dbm` under control."""

from __future__ import annotations

import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pytest_interleave.control.steps import External
from pytest_interleave.control.steps._touches import writes
from pytest_interleave.control.system.databases._dbm import opening
from tests.driving import execute, require_good_end


class Real(dict[Any, Any]):
    """Stands for a database of a module that not every interpreter has."""

    is_open = True

    def close(self) -> None:
        self.is_open = False

    def __enter__(self) -> Real:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


@pytest.fixture
def module() -> ModuleType:
    shared = Real()

    def open(filename: Any, flag: str = "r", mode: int = 0o666) -> Real:
        return shared

    module: Any = SimpleNamespace(open=opening(open))
    return module  # type: ignore[no-any-return]


def test_each_use_is_a_step(tmp_path: Path, module: Any) -> None:
    def body() -> None:
        with module.open(str(tmp_path / "app"), "c") as database:
            database["a"] = "1"
            assert database["a"] == "1"
            assert "b" not in database
            assert next(iter(database)) == "a"
            del database["a"]

    outcome = execute(body)
    require_good_end(outcome)
    steps = [(str(step.doing), writes(touches)) for _, step, touches in outcome.log if isinstance(step, External)]
    assert steps == [
        ("open app", True), ("write 'a' of app", True), ("read 'a' of app", False), ("read 'b' of app", False),
        ("read app", False), ("remove 'a' of app", True), ("close app", True),
    ]  # fmt: skip
    assert not outcome.uses


def test_other_threads_run_in_between(tmp_path: Path, module: Any) -> None:
    from pytest_interleave.explore import PartialOrderReduction
    from tests.driving import executions

    counts = set()

    def body() -> None:
        database = module.open(str(tmp_path / "app"), "c")
        database["n"] = 0

        def add() -> None:
            database["n"] = database["n"] + 1

        threads = [threading.Thread(target=add) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counts.add(database["n"])

    strategy = PartialOrderReduction()
    for outcome in executions(body, strategy, 20):
        require_good_end(outcome)
        if strategy.finished:
            break
    assert counts == {1, 2}
