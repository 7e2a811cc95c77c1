"""Functions of `os` that take paths, under control."""

from __future__ import annotations

import errno
import glob
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_interleave.control import Control
from tests.driving import execute, require_good_end, value_of

from .steps import done, steps_of, touched_by


@pytest.mark.parametrize(
    ("do", "kind", "text"),
    [
        (lambda d: os.stat(d / "file"), "read", "stat file"),
        (lambda d: os.path.exists(d / "file"), "read", "stat file"),
        (lambda d: os.path.isfile(d / "none"), "read", "stat none"),
        (lambda d: (d / "file").exists(), "read", "stat file"),
        (lambda d: (d / "file").is_dir(), "read", "stat file"),
        (lambda d: os.path.getsize(d / "file"), "read", "stat file"),
        (lambda d: os.access(d / "file", os.R_OK), "read", "access file"),
        (lambda d: os.path.islink(d / "link"), "read", "stat link"),
        (lambda d: os.readlink(d / "link"), "read", "stat link"),
        (lambda d: os.stat(d / "link"), "read", "stat link"),
        (lambda d: os.chmod(d / "file", 0o600), "write", "chmod file"),
        (lambda d: os.utime(d / "file"), "write", "change file"),
        (lambda d: os.truncate(d / "file", 1), "write", "truncate file"),
        (lambda d: os.mkdir(d / "new"), "write", "create new"),
        (lambda d: os.remove(d / "file"), "write", "remove file"),
        (lambda d: (d / "link").unlink(), "write", "remove link"),
        (lambda d: os.rmdir(d / "inner"), "write", "remove inner"),
        (lambda d: os.listdir(d / "inner"), "read", "list inner"),
        (lambda d: os.scandir(d / "inner").close(), "read", "list inner"),
        (lambda d: os.symlink("file", d / "new"), "write", "link file -> new"),
        (lambda d: os.link(d / "file", d / "new"), "write", "link file -> new"),
        (lambda d: os.open(d / "file", os.O_RDONLY), "read", "open file"),
        (lambda d: os.open(d / "file", os.O_WRONLY), "read", "open file"),
        (lambda d: os.open(d / "file", os.O_WRONLY | os.O_TRUNC), "write", "truncate file"),
        (lambda d: os.open(d / "new", os.O_WRONLY | os.O_CREAT | os.O_EXCL), "write", "create new"),
        (lambda d: os.replace(d / "file", d / "link"), "write", "replace file -> link"),
        (lambda d: os.rename(d / "file", d / "new"), "write", "rename file -> new"),
        (lambda d: (d / "file").touch(), "write", "change file"),
    ],
)
def test_each_call_is_a_step(tmp_path: Path, do: Callable[[Path], Any], kind: str, text: str) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "inner").mkdir()
    # `touch` may open the file after that.
    assert done(lambda: do(tmp_path))[0] == (kind, text)


@pytest.mark.parametrize(
    "do",
    [
        lambda d: os.stat(d / "none"), lambda d: os.mkdir(d / "file"), lambda d: os.remove(d / "none"),
        lambda d: os.rename(d / "none", d / "other"), lambda d: os.rmdir(d / "none"), lambda d: os.listdir(d / "none"),
        lambda d: os.open(d / "file", os.O_CREAT | os.O_EXCL), lambda d: os.symlink("x", d / "file"),
        lambda d: os.chmod(d / "none", 0o600), lambda d: os.readlink(d / "none"), lambda d: os.access(d / "none", 0),
    ],
)  # fmt: skip
def test_what_fails_or_says_no_has_looked_up_what_is_there(
    tmp_path: Path, outcome_of: Callable[..., Any], do: Callable[[Path], Any]
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    found: list[Any] = []
    (step,) = steps_of(lambda: found.append(outcome_of(lambda: do(tmp_path))))
    assert step.kind == "read"
    assert step.doing.error is (None if found[0][0] == "returned" else found[0][0])
    assert found == [outcome_of(lambda: do(tmp_path))]
    assert found[0][0] in (FileNotFoundError, FileExistsError, "returned")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: os.stat(), lambda: os.stat(1.5), lambda: os.mkdir(), lambda: os.rename("a"), lambda: os.listdir(1.5),
        lambda: os.open("a"), lambda: os.stat("a\0b"), lambda: os.remove(None), lambda: os.replace("a", "b", 1),
    ],
)  # fmt: skip
def test_what_is_refused_is_refused_as_before(outcome_of: Callable[..., Any], wrong: Callable[[], Any]) -> None:
    kind, _ = value_of(lambda: outcome_of(wrong))
    assert kind is outcome_of(wrong)[0]
    assert kind in (TypeError, ValueError)


def test_descriptors_of_directories(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()

    def body() -> None:
        directory = os.open(tmp_path, os.O_RDONLY)
        os.stat("inner", dir_fd=directory)
        os.mkdir("new", dir_fd=directory)
        os.listdir(directory)
        os.rename("new", "other", src_dir_fd=directory, dst_dir_fd=directory)
        os.rmdir("other", dir_fd=directory)
        os.close(directory)

    here = tmp_path.name
    assert [step.doing.text for step in steps_of(body)] == [
        f"open {here}",
        "stat inner",
        "create new",
        f"list {here}",
        "rename new -> other",
        "remove other",
    ]
    # The entries are those of the directory that is open.
    (made,), (renamed,) = touched_by(body, "create"), touched_by(body, "rename")
    assert [(key.name, part) for key, part, _ in made] == [(tmp_path.parent.name, here), (here, "new"), ("new", None)]
    assert {(key.name, part) for key, part, _ in renamed} >= {(here, "new"), (here, "other")}


def test_the_standard_librarys_own_functions_are_seen_through(tmp_path: Path) -> None:
    (tmp_path / "tree" / "inner").mkdir(parents=True)
    (tmp_path / "tree" / "inner" / "file.txt").write_text("x", encoding="utf-8")

    def body() -> None:
        shutil.copytree(tmp_path / "tree", tmp_path / "copy")
        assert sorted(path.name for path in (tmp_path / "copy").glob("**/*.txt")) == ["file.txt"]
        assert glob.glob(str(tmp_path / "copy" / "*"))
        assert [names for *_, names in os.walk(tmp_path / "copy")] == [[], ["file.txt"]]
        shutil.move(tmp_path / "copy" / "inner" / "file.txt", tmp_path / "moved.txt")
        shutil.rmtree(tmp_path / "copy")
        os.makedirs(tmp_path / "a" / "b")

    found = done(body)
    for expected in [
        ("write", "create copy"), ("write", "create file.txt"), ("write", "rename file.txt -> moved.txt"),
        ("write", "remove copy"), ("write", "create b"), ("read", "list copy"),
    ]:  # fmt: skip
        assert expected in found


def test_what_the_functions_can_do_is_what_they_are_said_to_do(tmp_path: Path) -> None:
    """`os.supports_…` are sets of functions, which `shutil` asks for those that it is about to call."""
    source, link, copy = (tmp_path / name for name in ("source", "link", "copy"))
    source.write_text("x", encoding="utf-8")
    source.chmod(0o640)
    link.symlink_to(source)
    names = [name for name in dir(os) if name.startswith("supports_") and name != "supports_bytes_environ"]
    before = {name: set(getattr(os, name)) for name in names}

    def body() -> None:
        assert (os.stat in os.supports_dir_fd) == (before_stat in before["supports_dir_fd"])
        shutil.copy2(source, copy, follow_symlinks=False)

    before_stat = [os.stat][0]
    require_good_end(execute(body))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    assert {name: set(getattr(os, name)) for name in before} == before


def test_the_working_directory_is_changed_for_all_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert done(lambda: os.chdir("/")) == [("write", "change to /")]
    assert done(lambda: os.getcwd()) == [("read", "get the working directory")]


def test_names_that_modules_hold_are_replaced_too(tmp_path: Path) -> None:
    held = {"stat": [os.stat][0]}
    namespace = globals()
    namespace["stat_of"] = held["stat"]
    try:
        with Control():
            assert namespace["stat_of"] is os.stat is not held["stat"]
        assert namespace["stat_of"] is os.stat is held["stat"]
    finally:
        del namespace["stat_of"]


def test_a_mock_stays_and_is_put_back_by_the_code_that_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EACCES, "not now")

    real = {"replace": os.replace}
    with monkeypatch.context() as earlier:
        earlier.setattr(os, "replace", fails)
        with Control():
            assert os.replace is fails
        assert os.replace is fails
    with Control():
        with monkeypatch.context() as later:
            later.setattr(os, "replace", fails)
            assert os.replace is fails
        assert os.replace is not real["replace"]
    assert os.replace is real["replace"]


@pytest.mark.parametrize("to", ["link", "link/inside", "other", "../{folder}/link", "link/../link"])
def test_links_that_lead_to_themselves(tmp_path: Path, to: str) -> None:
    link = tmp_path / "link"
    (tmp_path / "other").symlink_to("link/inside")
    link.symlink_to(to.format(folder=tmp_path.name))

    def body() -> list[object]:
        (link / "more").exists()
        with pytest.raises(OSError, match="symbolic links"):
            link.read_text()
        return [link.exists(), link.is_symlink(), os.path.realpath(link)]

    assert value_of(body) == body()
