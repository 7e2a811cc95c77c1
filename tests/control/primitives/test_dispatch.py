"""Who gets our primitives and who the real ones, while ours are in place."""

from __future__ import annotations

import queue
import threading
import types

import pytest

from pytest_interleave.control import primitives
from pytest_interleave.control.primitives._dispatch import real_of
from tests.driving import value_of

_NAMES = ("Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore", "Event", "Barrier")


def _out_of_scope(source: str) -> types.ModuleType:
    """A module of a library, as one imported before any test."""
    module = types.ModuleType("library")
    exec(compile(source, "/nowhere/site-packages/library.py", "exec"), vars(module))
    return module


@pytest.mark.parametrize("name", _NAMES)
def test_code_in_scope_gets_ours(name: str) -> None:
    made = getattr(threading, name)(*((2,) if name == "Barrier" else ()))
    assert type(made) is getattr(primitives, name)


@pytest.mark.parametrize("name", _NAMES)
def test_code_out_of_scope_gets_the_real_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_interleave.control.primitives._dispatch.scope_frame", lambda frame: None)
    made = getattr(threading, name)(*((2,) if name == "Barrier" else ()))
    assert not type(made).__module__.startswith("pytest_interleave")
    assert type(made) not in real_of
    assert isinstance(made, getattr(threading, name))


def test_a_library_called_from_code_in_scope_makes_ours() -> None:
    library = _out_of_scope("import threading\ndef make(): return threading.Lock()")
    assert type(library.make()) is primitives.Lock


def test_a_controlled_thread_makes_ours_for_any_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_interleave.control.primitives._dispatch.scope_frame", lambda frame: None)
    assert value_of(lambda: type(threading.Event())) is primitives.Event


def test_a_class_of_a_library_derives_from_the_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import threading\nclass Flag(threading.Event): pass"
    assert issubclass(_out_of_scope(source).Flag, primitives.Event)
    monkeypatch.setattr("pytest_interleave.control.primitives._dispatch.scope_frame", lambda frame: None)
    flag = _out_of_scope(source).Flag
    assert flag.__mro__[1] is real_of[primitives.Event]
    assert isinstance(flag(), threading.Event)


def test_a_queue_made_in_scope_is_made_of_ours() -> None:
    made = queue.Queue()
    assert type(made.mutex) is primitives.Lock
    assert type(made.not_empty) is primitives.Condition


def test_the_names_can_be_taken_away_and_ours_still_work() -> None:
    lock = threading.Lock()
    primitives.remove_names()
    try:
        assert threading.Lock is not primitives.Lock
        assert threading.Event is real_of[primitives.Event]
        with lock:
            assert lock.locked()
    finally:
        primitives.install_names()
    assert threading.Lock is primitives.Lock
