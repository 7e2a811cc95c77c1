"""Stand-ins behave like what they stand for: tests of CPython's own suite pass under control if they pass without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.thorough import thorough

HERE = Path(__file__).parent

#: Parts of the names of tests that are left out, with the reason.
LEFT_OUT = {
    "recursion": "a function written in Python needs more of the stack than one written in C",
    "RecursiveRepr": "the same: the limit is just high enough for the real function",
    "timerfd": "a timer of the kernel is in real time, and `time.sleep` in virtual time",
    "delete_false": "a callback of `weakref.finalize` at the end of a `with` block, which is not about files",
    "exit_on_shutdown": "the same",
    "daemon_threads": "it waits for processes with threads, which takes long",
    "test_database_keyword": "it compares the class of a connection with the real one",
    "test_threads": "threads wait in C for the lock of a buffer that the test makes itself, which takes long",
    "reentrant_write": "what a signal handler raises while the plugin's own code runs may be lost",
    "filetime": "the system sets the time at which a file is changed, which cannot be set otherwise, in real time",
    "cpu_count_affinity": "the process runs on one CPU while a test is under control",
    "Sendfile": "its server is a thread that waits for real sockets",
}

MODULES = [
    pytest.param("test_fileio", id="fileio"),
    pytest.param("test_file", id="file"),
    pytest.param("test_mmap", id="mmap"),
    pytest.param("test_fcntl", id="fcntl"),
    pytest.param("test_tempfile", marks=thorough, id="tempfile"),
    pytest.param("test_shutil", marks=thorough, id="shutil"),
    pytest.param("test_posixpath", marks=thorough, id="posixpath"),
    pytest.param("test_genericpath", marks=thorough, id="genericpath"),
    pytest.param("test_glob", marks=thorough, id="glob"),
    pytest.param("test_bufio", marks=thorough, id="bufio"),
    pytest.param("test_univnewlines", marks=thorough, id="univnewlines"),
    pytest.param("test_os", marks=thorough, id="os"),
    pytest.param("test_io", marks=thorough, id="io"),
    pytest.param("test_pathlib", marks=thorough, id="pathlib"),
    *(
        pytest.param(f"test_sqlite3/test_{part}", marks=() if part == "dbapi" else thorough, id=f"sqlite3-{part}")
        for part in "backup dbapi dump factory hooks regression transactions types userfunctions".split()
    ),
]


def outcomes_of(module: Path, folder: Path, *, marked: bool) -> dict[str, str]:
    """The outcome of each test of a module, by its name."""
    file = folder / f"outcomes-{marked}.json"
    environment = {
        **os.environ,
        "MARKED": "1" if marked else "",
        "OUTCOMES": str(file),
        "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    options = ["-q", "-p", "cpython_suite", "-p", "no:cacheprovider", "-W", "ignore", f"--rootdir={folder}"]
    left_out = ["-k", " and ".join(f"not {part}" for part in LEFT_OUT)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *left_out, str(module)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert file.is_file(), done.stdout[-3_000:] + done.stderr[-3_000:]
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="the tests have been compared on Linux")
@pytest.mark.parametrize("name", MODULES)
def test_outcomes_are_the_same_under_control(tmp_path: Path, name: str) -> None:
    spec = find_spec("test.support")
    if spec is None or spec.origin is None:
        pytest.skip("CPython's own tests are not installed")
    module = Path(spec.origin).parents[1] / f"{name}.py"
    if not module.is_file():
        # A package, from Python 3.13 on.
        module = module.with_suffix("") / f"{name}.py"
    if not module.is_file():
        pytest.skip("there is no such module in this version")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    without = outcomes_of(module, tmp_path, marked=False)
    under_control = outcomes_of(module, tmp_path, marked=True)
    assert {test: outcome for test, outcome in under_control.items() if without.get(test) != outcome} == {}
    assert under_control.keys() == without.keys()
    assert "passed" in without.values()
