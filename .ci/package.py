"""Build the distributions, check them, and run marked tests with the built wheel in a new environment.

usage: python .ci/package.py [FOLDER]

The distributions stay in FOLDER, which must be new or empty. Without FOLDER they are deleted. Needs the dependency
group `package`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "pytest_interleave"

#: One test that must pass and one in which the plugin must find a lost update.
TESTS = """\
import threading

import pytest


class Counter:
    def __init__(self):
        self.value = 0
        self.lock = threading.Lock()

    def increment(self):
        self.value += 1

    def increment_locked(self):
        with self.lock:
            self.value += 1


@pytest.mark.concurrency
def test_locked(run_concurrent):
    counter = Counter()
    run_concurrent(counter.increment_locked, workers=2)
    assert counter.value == 2


@pytest.mark.concurrency
def test_unlocked(run_concurrent):
    counter = Counter()
    run_concurrent(counter.increment, workers=2)
    assert counter.value == 2
"""
OUTCOMES = {"test_installed.py::test_locked": "passed", "test_installed.py::test_unlocked": "failed"}


class PackageError(Exception):
    """The distributions are not ready for release."""


def run(*command: str | Path, cwd: Path = ROOT, expected: int = 0) -> None:
    """Run a command and require its exit status."""
    print("+", *command, flush=True)
    # The settings of the caller must not reach the new environment.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON"))}
    status = subprocess.run(list(map(str, command)), cwd=cwd, env=kept, check=False).returncode
    if status != expected:
        raise PackageError(f"exit status {status} instead of {expected}: {' '.join(map(str, command))}")


def build(folder: Path) -> tuple[Path, Path]:
    """Build the sdist, and the wheel from the sdist."""
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


def check_metadata(sdist: Path, wheel: Path) -> None:
    """Check what a package index shows and what an installer reads."""
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)
    run(sys.executable, "-m", "check_wheel_contents", wheel)
    run(sys.executable, "-m", "pyroma", "--min", "10", ROOT)
    run(sys.executable, "-m", "pyroma", "--min", "10", sdist)


def check_contents(sdist: Path, wheel: Path) -> None:
    """Check that the sdist has all files of the repository, and the wheel all files of the package."""
    with tarfile.open(sdist) as archive:
        names = (PurePosixPath(member.name) for member in archive.getmembers() if member.isfile())
        in_sdist = {str(PurePosixPath(*name.parts[1:])) for name in names}
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = {name for name in archive.namelist() if name.startswith(f"{PACKAGE}/")}
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        _require("the sdist", {name for name in listed.split("\0") if name and (ROOT / name).is_file()}, in_sdist)
    sources = {name.removeprefix("src/") for name in in_sdist if name.startswith("src/")}
    _require("the wheel", sources | {f"{PACKAGE}/py.typed"}, in_wheel)
    if not any(name.endswith(".html.jinja") for name in in_wheel):
        raise PackageError("the wheel does not contain the HTML templates")


def _require(what: str, expected: set[str], found: set[str]) -> None:
    missing = sorted(expected - found)
    if missing:
        raise PackageError(f"{what} does not contain: {', '.join(missing)}")


def run_tests(wheel: Path, folder: Path) -> None:
    """Install the wheel alone, run marked tests, then add the extra `html` and write the HTML report."""
    environment = folder / "environment"
    print("+ create", environment, flush=True)
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    work = folder / "work"
    work.mkdir()
    (work / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (work / "test_installed.py").write_text(TESTS, encoding="utf-8")
    pytest = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider")

    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    version = wheel.name.split("-")[1]
    run(python, "-c", f"import {PACKAGE}; assert {PACKAGE}.__version__ == {version!r}", cwd=work)
    run(*pytest, "--interleave-json=report.json", cwd=work, expected=1)
    tests = json.loads((work / "report.json").read_text(encoding="utf-8"))["tests"]
    outcomes = {test["nodeid"]: test["outcome"] for test in tests}
    if outcomes != OUTCOMES:
        raise PackageError(f"the installed plugin reports {outcomes} instead of {OUTCOMES}")

    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{wheel}[html]")
    run(*pytest, "--interleave-html=report.html", cwd=work, expected=1)
    if "test_unlocked" not in (work / "report.html").read_text(encoding="utf-8"):
        raise PackageError("the HTML report of the installed plugin does not show the failed test")
    run(python, "-m", "pip", "check", "--disable-pip-version-check", cwd=work)


def main() -> None:
    """Do all of it; the first failure ends it."""
    with tempfile.TemporaryDirectory(prefix="package-") as temporary:
        folder = Path(temporary)
        built = folder / "dist"
        kept = Path(sys.argv[1]) if len(sys.argv) > 1 else None
        if kept is not None and kept.exists() and any(kept.iterdir()):
            raise PackageError(f"{kept} is not empty")
        sdist, wheel = build(built)
        check_metadata(sdist, wheel)
        check_contents(sdist, wheel)
        run_tests(wheel, folder)
        if kept is not None:
            shutil.copytree(built, kept, dirs_exist_ok=True)
    print(f"All checks passed: {sdist.name}, {wheel.name}")


if __name__ == "__main__":
    try:
        main()
    except PackageError as error:
        sys.exit(f"ERROR: {error}")
