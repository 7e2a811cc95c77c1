"""Sessions: `nox` runs tests, browser, lint, types, docs and package; `nox -s benchmarks` needs a quiet machine."""

import os
import runpy
import shutil
import subprocess
from pathlib import Path

import nox

nox.options.sessions = ["tests", "browser", "lint", "types", "docs", "package"]
nox.needs_version = ">=2024.10"


def _find_those_of_pyenv() -> None:
    """Let each Python of pyenv's have its name, as `.ci/run` does."""
    script = Path(__file__).with_name(".ci") / "pyenv_version"
    if shutil.which("pyenv") and script.exists():
        versions = subprocess.run(["bash", script], capture_output=True, check=True, text=True).stdout.strip()
        if versions:
            os.environ["PYENV_VERSION"] = versions


def _interpreters() -> list[str]:
    """Those that the plugin is for and that are here; an executable that only says what is missing is not."""
    _find_those_of_pyenv()
    found = []
    for version in ("3.11", "3.12", "3.13", "3.14", "3.13t", "3.14t"):
        executable = shutil.which(f"python{version}")
        if executable is None:
            continue
        if subprocess.run([executable, "-c", ""], capture_output=True, check=False).returncode == 0:
            found.append(version)
    return found


INTERPRETERS = _interpreters()


def _install_group(session: nox.Session, group: str) -> None:
    session.install("--upgrade", "pip>=25.1")
    session.install("--group", group)


@nox.session(python=INTERPRETERS)
def tests(session: nox.Session) -> None:
    """The test suite, on each interpreter that is here."""
    _install_group(session, "test")
    session.install(".")
    session.run("python", "-m", "pytest", *(session.posargs or ["-n", "2", "--thorough=too"]))


@nox.session
def browser(session: nox.Session) -> None:
    """The HTML report and the documentation in a browser; skipped where there is no Chromium with its driver."""
    _install_group(session, "browser")
    session.install("--group", "docs")
    session.install(".")
    session.run("python", "-m", "pytest", "-rs", "tests/browser", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Rules and format."""
    _install_group(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Static types; `nox -s types -- --platform win32` checks them for another system."""
    _install_group(session, "types")
    session.install("-e", ".")
    session.run("mypy", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation; a warning is an error."""
    _install_group(session, "docs")
    session.install(".")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def package(session: nox.Session) -> None:
    """The distributions: built, checked, installed and used; `nox -s package -- dist` keeps them in that folder."""
    _install_group(session, "package")
    session.run("python", ".ci/package.py", *session.posargs)


@nox.session
def changelog(session: nox.Session) -> None:
    """The next section of the changelog, printed; `nox -s changelog -- --yes` writes it and deletes the fragments."""
    _install_group(session, "changelog")
    # Not from the metadata of an installed package, which may be older.
    version = runpy.run_path("src/pytest_interleave/_version.py")["__version__"]
    session.run("towncrier", "build", "--version", version, *(session.posargs or ["--draft"]))


@nox.session(python="3.13" if "3.13" in INTERPRETERS else INTERPRETERS[-1:])
def benchmarks(session: nox.Session) -> None:
    """Figures: against the peers, for unmarked tests, for memory, for shards, for stress."""
    _install_group(session, "bench")
    session.install(".")
    session.run("python", "benchmarks/peers.py", *session.posargs)
    session.run("python", "benchmarks/overhead.py")
    session.run("python", "benchmarks/memory.py")
    session.run("python", "benchmarks/shards.py")
    session.run("python", "benchmarks/stress.py")
