"""What all tests share."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator

import pytest

# An error while the plugin finds what a step touches fails the test, in all processes.
os.environ["PYTEST_INTERLEAVE_STRICT"] = "1"

from pytest_interleave.control import Scope, set_scope
from pytest_interleave.control.primitives import install_names, remove_names

pytest_plugins = "pytester"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in the background so; processes that the tests start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--thorough",
        choices=["no", "too", "only"],
        default="no",
        help="run the tests that are marked `thorough`: not at all, too, or no others",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("--thorough")
    if wanted != "too":
        kept: dict[bool, list[pytest.Item]] = {True: [], False: []}
        for item in items:
            kept[(item.get_closest_marker("thorough") is not None) == (wanted == "only")].append(item)
        items[:] = kept[True]
        config.hook.pytest_deselected(items=kept[False])


@pytest.fixture
def controllable(pytestconfig: pytest.Config) -> Iterator[None]:
    """Bodies can be run under control: the primitives are in place, and the tests themselves are in scope."""
    scope = set_scope(Scope(str(pytestconfig.rootpath)))
    are_new = install_names()
    try:
        yield
    finally:
        assert scope is not None
        set_scope(scope)
        if are_new:
            remove_names()


@pytest.fixture
def forget_bytecode(
    pytester: pytest.Pytester, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """Processes started by the test share the bytecode of this package, of pytest and of the standard library.

    Compiling them again takes longer than most of those runs, and the environment may have it that nothing is written
    beside the sources. What is called forgets the bytecode of the test's own files, which it may write a second time
    within the second and of the same size.
    """
    cache = getattr(pytestconfig, "cache", None)
    folder = pytester.path / "bytecode" if cache is None else cache.mkdir("bytecode")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(folder))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)

    def forget() -> None:
        shutil.rmtree(folder.joinpath(*pytester.path.parts[1:]), ignore_errors=True)

    yield forget
    forget()
