"""Which files are in scope by where they are."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_interleave.control import Scope
from pytest_interleave.control.scope import missing


def test_the_root_of_a_file_system_can_be_the_root(tmp_path: Path) -> None:
    scope = Scope(tmp_path.anchor)
    assert scope.holds[str(tmp_path / "module.py")]
    assert not scope.holds[os.__file__]


def test_a_directory_besides_the_root(tmp_path: Path) -> None:
    for name in ("root", "given", "given_too"):
        (tmp_path / name).mkdir()
    scope = Scope(str(tmp_path / "root"), further=[str(tmp_path / "given")])
    held = [name for name in ("root", "given", "given_too") if scope.holds[str(tmp_path / name / "module.py")]]
    assert held == ["root", "given"]


def test_what_has_a_slash_is_a_glob_on_every_system(tmp_path: Path) -> None:
    scope = Scope(str(tmp_path / "root"), [f"{tmp_path.as_posix()}/other/mod?.py"])
    assert scope.holds[str(tmp_path / "other" / "mod1.py")]
    assert not scope.holds[str(tmp_path / "other" / "module.py")]
    assert not missing("other/mod?.py")
    assert missing("no_such_module")
