"""The folders of the package: imports point downward, nothing is circular, folders and files stay small."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

import pytest_interleave

PACKAGE = "pytest_interleave"

#: For each folder, what lies in it, from the ground upward. What stands beside each other with a bar does not import
#: each other; "." is the modules that lie directly in the folder. A folder that is not listed has no order of its own,
#: but no circles either.
ORDER: dict[str, list[str]] = {
    "": [".", "control", "detect | stress | resources", "explore", "trace", "pages", "plugin"],
    "control": [
        "scope", "interpreter", "steps", "code", "identity", "calls", "execution", "instrumentation",
        "primitives | clocks", "system", "threads", ".",
    ],
    "control.execution": ["units", "timing", "progress", "outside", "."],
    "detect": ["happens_before", "deadlocks", "races", "uncontrolled", "."],
    "explore": ["strategies", "search", "schedules", "."],
    "trace": ["causes", "words", "effects", "bugs", "story", "."],
    "plugin": ["settings", "known", "items", "running | stress", "fixtures | reporting", "."],
    "plugin.running": ["executions", "observations", "explanations", "."],
}  # fmt: skip

MOST_MODULES = 15
MOST_LINES = 400
#: Of a hook in `plugin/__init__.py`, which only delegates; its docstring counts, its signature does not.
MOST_LINES_OF_A_HOOK = 15


class Import(NamedTuple):
    """One name that one module takes from another."""

    importer: str
    imported: str
    name: str
    line: int
    #: Whether it stands under `if TYPE_CHECKING`.
    typing_only: bool
    #: What the importer calls it.
    known_as: str

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.name} from {self.imported}"


class Layout:
    """The modules of a package, by their names without that of the package, and their imports."""

    def __init__(self, directory: Path) -> None:
        self.paths: dict[str, Path] = {}
        self.trees: dict[str, ast.Module] = {}
        for path in sorted(directory.rglob("*.py")):
            parts = path.relative_to(directory).with_suffix("").parts
            name = ".".join(parts)
            self.paths[name] = path
            self.trees[name] = ast.parse(path.read_text(encoding="utf-8"))
        self.imports = [each for name in self.paths for each in self._imports_of(name)]

    def _imports_of(self, module: str) -> Iterator[Import]:
        def walk(node: ast.AST, typing_only: bool) -> Iterator[Import]:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                    for statement in child.body:
                        yield from walk(ast.Module([statement], []), True)
                    for statement in child.orelse:
                        yield from walk(ast.Module([statement], []), typing_only)
                elif isinstance(child, ast.ImportFrom):
                    yield from self._names(module, child, typing_only)
                elif isinstance(child, ast.Import):
                    for alias in child.names:
                        if alias.name.split(".")[0] == PACKAGE:
                            yield Import(module, alias.name, alias.name, child.lineno, typing_only, alias.name)
                else:
                    yield from walk(child, typing_only)

        yield from walk(self.trees[module], False)
        yield from self._lazy_imports(module)

    def _names(self, module: str, node: ast.ImportFrom, typing_only: bool) -> Iterator[Import]:
        source = node.module or ""
        if node.level:
            folder = module.split(".")[: -node.level]
            target = ".".join([*folder, *source.split(".")] if source else folder)
        elif source.split(".")[0] == PACKAGE:
            target = source.partition(".")[2]
        else:
            return
        for alias in node.names:
            inner = f"{target}.{alias.name}".strip(".")
            imported = self._resolve(inner) or self._resolve(target)
            assert imported is not None, f"{module}:{node.lineno}: there is no module {target}"
            yield Import(module, imported, alias.name, node.lineno, typing_only, alias.asname or alias.name)

    def _lazy_imports(self, module: str) -> Iterator[Import]:
        """Names that are imported when they are asked for: of facades, and of tables of `.module:Name`."""
        folder = module.rpartition(".")[0]
        for node in ast.walk(self.trees[module]):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    text = value.value if isinstance(value, ast.Constant) else None
                    found = _HOME.fullmatch(text) if isinstance(text, str) else None
                    if found is None or not isinstance(key, ast.Constant) or not (found[2] or self._is_facade(module)):
                        continue
                    home = self._resolve(f"{folder}{found[1]}".strip("."))
                    assert home is not None, f"{module}:{key.lineno}: there is no module {found[1]}"
                    name = str(found[2] or key.value)
                    assert not found[2] or self._defines(home, name), f"{module}:{key.lineno}: {home} has no {name}"
                    yield Import(module, home, name, key.lineno, False, name)

    @staticmethod
    def _is_facade(module: str) -> bool:
        return module.endswith("__init__")

    def _defines(self, module: str, name: str) -> bool:
        return any(isinstance(node, ast.ClassDef) and node.name == name for node in self.trees[module].body)

    def _resolve(self, name: str) -> str | None:
        package = f"{name}.__init__".strip(".")
        return name if name in self.paths else package if package in self.paths else None

    def exported(self, module: str) -> list[str]:
        """The names in a module's `__all__`."""
        for node in self.trees[module].body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                names: list[str] = ast.literal_eval(node.value)
                return names
        return []


#: A module, as in ".search._auto", with a name in it, as in ".search._auto:Auto".
_HOME = re.compile(r"((?:\.\w+)+)(?::(\w+))?")


@pytest.fixture(scope="module")
def layout() -> Layout:
    return Layout(Path(pytest_interleave.__file__).parent)


def _rank(folder: str, name: str) -> int:
    for rank, step in enumerate(ORDER[folder]):
        if name in step.split(" | "):
            return rank
    raise AssertionError(f"{folder or PACKAGE}: {name} has no place in ORDER, in tests/test_layout.py")


def parting(importer: str, imported: str) -> tuple[str, str, str]:
    """The innermost folder that has both modules, and in which part of it each is."""
    ours, theirs = importer.split("."), imported.split(".")
    depth = 0
    while depth < min(len(ours), len(theirs)) - 1 and ours[depth] == theirs[depth]:
        depth += 1
    return (
        ".".join(ours[:depth]),
        "." if len(ours) == depth + 1 else ours[depth],
        "." if len(theirs) == depth + 1 else theirs[depth],
    )


def upward(imports: Sequence[Import]) -> Iterator[str]:
    """Imports that point upward or sideways."""
    for each in imports:
        folder, ours, theirs = parting(each.importer, each.imported)
        if ours == theirs or folder not in ORDER or each.importer == "__init__":
            # The package's own `__init__` is its public interface, which takes names from everywhere.
            continue
        if each.typing_only and folder.count(".") == 1:
            # For annotations, parts of one folder may refer to each other.
            continue
        if _rank(folder, theirs) >= _rank(folder, ours):
            order = " < ".join(ORDER[folder])
            yield f"{each}: in {folder or PACKAGE}, imports point downward only: {order}"


def test_imports_point_downward(layout: Layout) -> None:
    assert list(upward(layout.imports)) == []


def test_no_module_imports_itself_by_way_of_others(layout: Layout) -> None:
    arrows: dict[str, set[str]] = {name: set() for name in layout.paths}
    for each in layout.imports:
        if not each.typing_only and each.importer != "__init__":
            arrows[each.importer].add(each.imported)
    assert _circles(arrows) == []


def _circles(arrows: Mapping[str, set[str]]) -> list[str]:
    """A path for each circle that a depth-first search comes upon."""
    circles: list[str] = []
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circles.append(" -> ".join((*path[path.index(name) :], name)))
        elif name not in done:
            for other in sorted(arrows[name]):
                visit(other, (*path, name))
            done.add(name)

    for name in arrows:
        visit(name, ())
    return circles


def test_other_packages_are_used_by_their_facades(layout: Layout) -> None:
    wrong = []
    for each in layout.imports:
        ours, theirs = each.importer.split(".")[0], each.imported.split(".")[0]
        if "__init__" in (ours, theirs) or ours == theirs or "." not in each.imported:
            continue
        if not each.imported.endswith("__init__"):
            wrong.append(f"{each}: take it from the `__init__` of {theirs}, or of its folder")
        elif each.name not in layout.exported(each.imported):
            wrong.append(f"{each}: it is not in the `__all__` there")
    assert wrong == []


def test_facades_give_what_they_say(layout: Layout) -> None:
    for module in layout.paths:
        lazy = {each.name: each.imported for each in layout._lazy_imports(module)}
        names = [each for each in layout.imports if each.importer == module]
        if not lazy or not module.endswith("__init__") or module == "plugin.__init__":
            continue
        typed = {each.name: each.imported for each in names if each.typing_only}
        assert typed == lazy, module
        eager = {each.known_as for each in names if not each.typing_only and each.known_as not in lazy}
        assert sorted({*layout.exported(module)} - {*lazy}) == sorted(eager - _NOT_GIVEN), module


#: What facades import for themselves.
_NOT_GIVEN = {"_plain_imports", "names_from"}


def test_no_file_takes_a_private_name_of_another(layout: Layout) -> None:
    private = [
        str(each)
        for each in layout.imports
        if each.name.startswith("_")
        and not each.name.startswith("__")
        and each.imported.rpartition(".")[2] != each.name
    ]
    assert private == []


def test_no_module_is_named_in_a_text(layout: Layout) -> None:
    """A string that names a module is an import that nothing checks."""
    named = re.compile(rf"{PACKAGE}(\.\w+)*\._\w+")
    found = [
        f"{module}:{node.lineno}: {node.value!r}"
        for module, tree in layout.trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and named.search(node.value)
    ]
    assert found == []


def test_folders_are_small(layout: Layout) -> None:
    sizes = Counter(name.rpartition(".")[0] for name in layout.paths if not name.endswith("__init__"))
    assert {folder: size for folder, size in sizes.items() if size > MOST_MODULES} == {}


def test_files_are_short(layout: Layout) -> None:
    lengths = {name: path.read_text(encoding="utf-8").count("\n") for name, path in layout.paths.items()}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_hooks_only_delegate(layout: Layout) -> None:
    lengths = _lengths_of_hooks(layout.trees["plugin.__init__"])
    assert lengths
    assert {name: length for name, length in lengths.items() if length > MOST_LINES_OF_A_HOOK} == {}


def _lengths_of_hooks(tree: ast.Module) -> dict[str, int]:
    """For each function that pytest calls, the lines of its body."""
    return {
        node.name: (node.end_lineno or node.lineno) - node.body[0].lineno + 1
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("pytest_")
    }


def test_the_directory_of_the_package_is_found_out_once(layout: Layout) -> None:
    users = [
        name
        for name, tree in layout.trees.items()
        if any(isinstance(node, ast.Name) and node.id == "__file__" for node in ast.walk(tree))
    ]
    assert users == ["__init__"]


class TestTheRules:
    """What the rules above find, on a small package."""

    def make(self, directory: Path, files: Mapping[str, str]) -> Layout:
        for name, text in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Layout(directory)

    def test_an_import_in_a_function_counts(self, tmp_path: Path) -> None:
        made = self.make(
            tmp_path,
            {
                "control/scope/_a.py": "def f():\n    from ..steps._b import g\n",
                "control/steps/_b.py": "def g(): ...\n",
            },
        )
        (found,) = upward(made.imports)
        assert found.startswith(
            "control.scope._a:2 imports g from control.steps._b: in control, imports point downward"
        )

    def test_an_annotation_may_point_up_within_its_folder(self, tmp_path: Path) -> None:
        guarded = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from {} import x\n"
        made = self.make(
            tmp_path,
            {
                "control/execution/units/_a.py": guarded.format(".._b"),
                "control/execution/_b.py": "x = 1\n",
                "control/scope/_c.py": guarded.format("..execution._b"),
            },
        )
        (found,) = upward(made.imports)
        assert found.startswith("control.scope._c:3")

    def test_the_body_of_a_hook_is_counted(self) -> None:
        tree = ast.parse('def pytest_a(\n    x,\n):\n    """Text."""\n    x()\n\n    x()\n\ndef other():\n    ...\n')
        assert _lengths_of_hooks(tree) == {"pytest_a": 4}

    def test_a_circle_is_named(self, tmp_path: Path) -> None:
        made = self.make(tmp_path, {"control/_a.py": "from . import _b\n", "control/_b.py": "from ._a import x\n"})
        arrows = {name: {each.imported for each in made.imports if each.importer == name} for name in made.paths}
        assert _circles(arrows) == ["control._a -> control._b -> control._a"]
