"""The public names can be imported, their annotations can be resolved, and the reference lists them."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_overloads, get_type_hints

import pytest

import pytest_interleave
from pytest_interleave.plugin.fixtures import _fixtures

ROOT = Path(__file__).resolve().parents[2]
ANNOTATIONS = (ROOT / "docs" / "reference" / "annotations.md").read_text(encoding="utf-8")
#: Of the first table: fixture, type, import.
ROWS = re.findall(r"^\| \[`(\w+)`\]\(fixtures\.md#\w+\) \| `(\w+)` \| `(.*)` \|$", ANNOTATIONS, re.MULTILINE)
PUBLIC = {name: getattr(pytest_interleave, name) for name in pytest_interleave.__all__}


def _functions(of: type) -> Iterator[Any]:
    """The methods and properties of a class that are written in the package."""
    for base in of.__mro__:
        if base.__module__.startswith("pytest_interleave"):
            for member in vars(base).values():
                found = member.fget if isinstance(member, property) else member
                if inspect.isfunction(found):
                    yield found


@pytest.mark.parametrize("name", [name for name, value in PUBLIC.items() if isinstance(value, type)])
def test_annotations_of_a_class_can_be_resolved(name: str) -> None:
    get_type_hints(PUBLIC[name])
    functions = list(_functions(PUBLIC[name]))
    for function in functions:
        for written in (function, *get_overloads(function)):
            get_type_hints(written)
    if not issubclass(PUBLIC[name], BaseException):
        assert functions


def test_annotations_of_a_function_can_be_resolved() -> None:
    hints = get_type_hints(pytest_interleave.per_worker)
    assert hints["fixture"] is hints["return"]


def _types_of_fixtures(request: pytest.FixtureRequest) -> dict[str, Any]:
    """For each fixture of the plugin, the type of the object that a test gets."""
    found: dict[str, Any] = {}
    for name in vars(_fixtures):
        definitions = request.session._fixturemanager.getfixturedefs(name, request.node)
        if definitions:
            # The module imports these names only for type checkers.
            annotation = get_type_hints(definitions[-1].func, localns=PUBLIC)["return"]
            found[name] = get_args(annotation)[0] if get_origin(annotation) is not None else annotation
    return found


def test_the_reference_has_each_fixture_with_its_type(request: pytest.FixtureRequest) -> None:
    found = _types_of_fixtures(request)
    assert {name: PUBLIC[written] for name, written, _ in ROWS} == found
    assert len(ROWS) == len(found) > 8


def test_the_imports_in_the_reference_can_be_run() -> None:
    statements = re.findall(r"`(from [^`]* import [^`]*)`", ANNOTATIONS)
    assert len(statements) > len(ROWS)
    for statement in statements:
        exec(statement, {})
    for name, written, statement in ROWS:
        assert statement == f"from pytest_interleave import {written}", name


def test_mypy_checks_the_example_in_the_reference() -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", ANNOTATIONS, re.DOTALL | re.MULTILINE)
    assert example == Path(__file__).with_name("test_documented.py").read_text(encoding="utf-8")


def test_mypy_checks_this_folder() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert settings["strict"] is True
    assert Path(__file__).parent.relative_to(ROOT).as_posix() in settings["files"]


def test_every_wrong_call_expects_an_error() -> None:
    """Except keyword arguments beside `workers`, which no type can describe."""
    source = Path(__file__).with_name("wrong_calls.py").read_text(encoding="utf-8")
    body = source.partition("\ndef run_concurrent_alone(")[2]
    calls = [line for line in body.splitlines() if line.startswith("    ") and '"""' not in line]
    accepted = [line.strip() for line in calls if "# type: ignore[" not in line]
    assert [line for line in accepted if line not in ("results.sort()", "# Checked completely:")] == [
        'run_concurrent(text_of, 1, before="a", workers=2)',
        "run_concurrent(text_of, 1, after=2, workers=2)",
        'run_concurrent(lambda: joined(1, separator=","), workers=2)',
    ]


def test_help_shows_one_signature() -> None:
    """Overloads are for type checkers only."""
    shown = inspect.signature(pytest_interleave.RunConcurrent.__call__)
    assert str(shown).replace("'", "") == (
        "(self, func: Callable[..., R], /, *args: Any, workers: int | None = None, timeout: float | None = None, "
        "**kwargs: Any) -> list[R]"
    )


def test_the_package_imports_no_module_of_a_name_before_it_is_used() -> None:
    code = (
        "import sys, pytest_interleave; "
        "print(*(name for name in pytest_interleave.__all__ if name in vars(pytest_interleave))); "
        "print(*(name for name in sys.modules if name.count('.') and name.startswith('pytest_interleave')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names, modules = done.stdout.splitlines()
    assert names.split() == ["InterleaveWarning", "__version__"]
    private = {name.removeprefix("pytest_interleave.") for name in modules.split()}
    assert private == {"_lazy", "_plain_imports", "_version", "_warnings"}
