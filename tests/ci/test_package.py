"""The configuration of the build, of CI and of releases agrees with itself and with the files of the repository."""

from __future__ import annotations

import importlib.util
import io
import re
import tarfile
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from . import test_run
from .test_run import Tree

ROOT = Path(__file__).parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HATCH = PYPROJECT["tool"]["hatch"]

YAML = [
    ".pre-commit-config.yaml",
    ".readthedocs.yaml",
    *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(".github/**/*.yml")),
]

_LINK = re.compile(r"\]\(([^)\s]+)\)")


def _read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_version_is_defined_once() -> None:
    assert "version" not in PYPROJECT["project"]
    assert "version" in PYPROJECT["project"]["dynamic"]
    path = HATCH["version"]["path"]
    assert path == "src/pytest_interleave/_version.py"
    assert re.findall(r'^__version__ = "\d+\.\d+\.\d+\w*"$', _read(path), re.MULTILINE)
    assert "version" not in PYPROJECT["tool"]["towncrier"]


def test_the_sdist_names_existing_files() -> None:
    include = HATCH["build"]["targets"]["sdist"]["include"]
    assert len(include) == len(set(include))
    for path in include:
        assert path.startswith("/")
        assert (ROOT / path.removeprefix("/")).exists(), path


def test_links_of_the_readme_work_in_the_repository_and_on_a_package_index() -> None:
    readme = _read("README.md")
    for target in _LINK.findall(readme):
        if not target.startswith(("https://", "#")):
            assert (ROOT / target.partition("#")[0]).exists(), target
    shown = readme
    for substitution in HATCH["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        shown = re.sub(substitution["pattern"], substitution["replacement"], shown)
    assert all(target.startswith(("https://", "#")) for target in _LINK.findall(shown))


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md", "changelog/README.md"])
def test_links_of_other_pages_work(page: str) -> None:
    for target in _LINK.findall(_read(page)):
        if not target.startswith(("https://", "#")):
            assert (ROOT / page).parent.joinpath(target.partition("#")[0]).exists(), target


def test_each_changelog_fragment_has_a_known_type() -> None:
    config = PYPROJECT["tool"]["towncrier"]
    types = {kind["directory"] for kind in config["type"]}
    assert set(re.findall(r"^\| `(\w+)` \|", _read("changelog/README.md"), re.MULTILINE)) == types
    assert _read(config["filename"]).count(config["start_string"]) == 1
    for fragment in (ROOT / config["directory"]).iterdir():
        if fragment.name not in config["ignore"]:
            assert re.fullmatch(rf"(\d+|\+[\w-]+)\.({'|'.join(types)})\.md", fragment.name), fragment.name


def test_one_version_of_ruff_formats_everywhere() -> None:
    (pinned,) = PYPROJECT["dependency-groups"]["lint"]
    (revision,) = re.findall(r"ruff-pre-commit\n +rev: v(\S+)\n", _read(".pre-commit-config.yaml"))
    assert pinned == f"ruff=={revision}"


def test_ci_runs_every_supported_python() -> None:
    def versions(pattern: str, path: str) -> list[str]:
        (found,) = re.findall(pattern, _read(path))
        return re.findall(r"3\.\d+t?", found)

    by_nox = versions(r"for version in (\(.*?\)):", "noxfile.py")
    assert versions(r"for version in (3.*); do", ".ci/run") == by_nox
    # The other matrix is of the long tests.
    matrix, _ = re.findall(r"python: (\[.*\])", _read(".github/workflows/ci.yml"))
    assert re.findall(r"3\.\d+t?", matrix) == by_nox
    classifiers = re.findall(r":: (3\.\d+)$", "\n".join(PYPROJECT["project"]["classifiers"]), re.MULTILINE)
    assert classifiers == [version for version in by_nox if not version.endswith("t")]


def test_yaml_files_can_be_parsed() -> None:
    yaml = pytest.importorskip("yaml")
    for path in YAML:
        assert isinstance(yaml.safe_load(_read(path)), dict), path


@test_run.pytestmark
def test_ci_checks_the_package_and_the_format_of_all_files(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    done = tree.run()
    assert done.returncode == 0, done.stdout + done.stderr
    notes = tree.notes.read_text(encoding="utf-8").splitlines()
    assert "3.11 python .ci/package.py" in notes
    assert "3.11 python -m ruff format --check" in notes


@pytest.fixture
def package() -> ModuleType:
    """The script `.ci/package.py`."""
    spec = importlib.util.spec_from_file_location("package", ROOT / ".ci" / "package.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SOURCES = ["__init__.py", "py.typed", "pages/report.html.jinja"]


@pytest.mark.parametrize(
    ("in_sdist", "in_wheel", "error"),
    [
        (SOURCES, SOURCES, None),
        (SOURCES, SOURCES[:2], "the wheel does not contain: pytest_interleave/pages/report.html.jinja"),
        (SOURCES[:2], SOURCES[:2], "the wheel does not contain the HTML templates"),
        ([*SOURCES[:1], *SOURCES[2:]], [*SOURCES[:1], *SOURCES[2:]], "the wheel does not contain: .*/py.typed"),
    ],
)
def test_a_missing_file_is_an_error(
    package: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    in_sdist: list[str],
    in_wheel: list[str],
    error: str | None,
) -> None:
    monkeypatch.setattr(package, "ROOT", tmp_path)
    sdist, wheel = tmp_path / "sdist.tar.gz", tmp_path / "built.whl"
    with tarfile.open(sdist, "w:gz") as archive:
        for name in in_sdist:
            archive.addfile(tarfile.TarInfo(f"pytest_interleave-1.0/src/pytest_interleave/{name}"), io.BytesIO())
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in in_wheel:
            archive.writestr(f"pytest_interleave/{name}", "")
    if error is None:
        package.check_contents(sdist, wheel)
    else:
        with pytest.raises(package.PackageError, match=error):
            package.check_contents(sdist, wheel)
