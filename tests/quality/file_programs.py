"""Small programs of all kinds of operations on files; out of scope, so that nothing else in them is a step."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import pathlib
import random
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

fcntl: Any = None
with contextlib.suppress(ImportError):
    import fcntl

#: Not by names of their own, which would stand for the stand-ins while those are in place.
REAL: dict[str, Any] = {
    **{
        name: getattr(os, name)
        for name in ("chmod", "link", "listdir", "lstat", "mkdir", "readlink", "symlink", "utime", "close", "rmdir")
    },
    "open": io.open,
}

#: A time that an operation sets.
LONG_AGO = 1_000_000_000
SECOND = 1_000_000_000


def make_tree(top: str) -> None:
    """Files, hard and symbolic links to them, an empty directory and one that is not, and links to directories."""
    for name, text in (("a", "one"), ("b", "three")):
        with REAL["open"](f"{top}/{name}", "w") as file:
            file.write(text)
    REAL["mkdir"](f"{top}/empty")
    REAL["mkdir"](f"{top}/full")
    with REAL["open"](f"{top}/full/c", "w") as file:
        file.write("c")
    REAL["link"](f"{top}/b", f"{top}/hard")
    REAL["symlink"]("a", f"{top}/link")
    REAL["symlink"]("none", f"{top}/broken")
    REAL["symlink"]("full", f"{top}/there")


def tree(top: str) -> tuple[Any, ...]:
    """All that can be seen of what is in a directory."""
    found: list[Any] = []
    first_name: dict[int, str] = {}

    def walk(path: str, inner: str) -> None:
        for name in sorted(REAL["listdir"](path)):
            here, shown = f"{path}/{name}", f"{inner}{name}"
            known = REAL["lstat"](here)
            mode = stat.S_IMODE(known.st_mode)
            was_set = int(known.st_mtime) == LONG_AGO
            if stat.S_ISDIR(known.st_mode):
                found.append((shown, "directory", mode, was_set))
                walk(here, f"{shown}/")
            elif stat.S_ISLNK(known.st_mode):
                found.append((shown, "link", REAL["readlink"](here)))
            else:
                with REAL["open"](here, "rb") as file:
                    text = file.read()
                found.append((shown, text, mode, was_set, first_name.setdefault(known.st_ino, shown)))

    walk(top, "")
    return tuple(found)


def seen(status: os.stat_result) -> Any:
    """What `stat` says that does not differ between executions."""
    kind = stat.S_IFMT(status.st_mode)
    is_file = stat.S_ISREG(status.st_mode)
    return (
        kind, stat.S_IMODE(status.st_mode), status.st_size if is_file else None, status.st_nlink,
        int(status.st_mtime) == LONG_AGO,
    )  # fmt: skip


Operation = Callable[[str], Any]


def _read(name: str) -> Operation:
    def read(top: str) -> Any:
        with open(f"{top}/{name}") as file:
            return file.read()

    return read


def _write(name: str, text: str, mode: str = "w") -> Operation:
    def write(top: str) -> Any:
        with open(f"{top}/{name}", mode) as file:
            return file.write(text)

    return write


def _increment(name: str) -> Operation:
    def increment(top: str) -> Any:
        with open(f"{top}/{name}", "r+") as file:
            text = file.read()
            file.seek(0)
            file.write(text.upper())
            file.truncate(2)
            return text

    return increment


def _descriptor(name: str, flags: int, *calls: Callable[[int], Any]) -> Operation:
    def use(top: str) -> Any:
        descriptor = os.open(f"{top}/{name}", flags, 0o644)
        try:
            return [call(descriptor) for call in calls]
        finally:
            os.close(descriptor)

    return use


def _scan(name: str) -> Operation:
    def scan(top: str) -> Any:
        with os.scandir(f"{top}/{name}") as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        result = []
        for entry in found:
            try:
                result.append((entry.name, entry.is_dir(), seen(entry.stat())))
            except OSError as error:
                result.append((entry.name, errno.errorcode[error.errno or 0]))
        return result

    return scan


def _in_directory(name: str, do: Callable[[int], Any]) -> Operation:
    def use(top: str) -> Any:
        descriptor = os.open(f"{top}/{name}", os.O_RDONLY)
        try:
            return do(descriptor)
        finally:
            os.close(descriptor)

    return use


def _locked(name: str, how: str, text: str) -> Operation:
    def lock(top: str) -> Any:
        with open(f"{top}/{name}", "a+") as file:
            fcntl.flock(file, getattr(fcntl, how))
            file.seek(0)
            found = file.read()
            if how != "LOCK_SH":
                file.write(text)
            file.flush()
            fcntl.flock(file, fcntl.LOCK_UN)
        return found

    return lock


def _update(top: str) -> Any:
    path = f"{top}/data.json"
    number = 0
    if os.path.exists(path):
        with open(path) as file:
            number = json.load(file)
    with open(f"{path}.new", "w") as file:
        json.dump(number + 1, file)
    os.replace(f"{path}.new", path)
    return number


def _sorted_names(path: Any) -> list[str]:
    return sorted(os.listdir(path))


#: By name, operations on a directory that was made by `make_tree`.
OPERATIONS: dict[str, Operation] = {
    "read a": _read("a"),
    "read new": _read("new"),
    "read link": _read("link"),
    "read hard": _read("hard"),
    "read there/c": _read("there/c"),
    "write a": _write("a", "A"),
    "write link": _write("link", "L"),
    "write broken": _write("broken", "B"),
    "write new": _write("new", "N"),
    "write empty/new": _write("empty/new", "N"),
    "append a": _write("a", "+", "a"),
    "append new": _write("new", "+", "a"),
    "append hard": _write("hard", "+", "a"),
    "create new": _write("new", "X", "x"),
    "create broken": _write("broken", "X", "x"),
    "change a": _increment("a"),
    "truncate a": lambda top: os.truncate(f"{top}/a", 1),
    "stat a": lambda top: seen(os.stat(f"{top}/a")),
    "stat b": lambda top: seen(os.stat(f"{top}/b")),
    "stat new": lambda top: seen(os.stat(f"{top}/new")),
    "stat hard": lambda top: seen(os.stat(f"{top}/hard")),
    "stat link": lambda top: seen(os.stat(f"{top}/link")),
    "stat empty": lambda top: seen(os.stat(f"{top}/empty")),
    "stat top": lambda top: seen(os.stat(top)),
    "lstat link": lambda top: seen(os.lstat(f"{top}/link")),
    "exists a": lambda top: os.path.exists(f"{top}/a"),
    "exists new": lambda top: os.path.exists(f"{top}/new"),
    "exists broken": lambda top: os.path.exists(f"{top}/broken"),
    "is directory": lambda top: os.path.isdir(f"{top}/empty"),
    "exists empty/new": lambda top: os.path.exists(f"{top}/empty/new"),
    "access a": lambda top: os.access(f"{top}/a", os.R_OK),
    "real path": lambda top: os.path.realpath(f"{top}/there/c").removeprefix(top),
    "list top": _sorted_names,
    "list empty": lambda top: _sorted_names(f"{top}/empty"),
    "list there": lambda top: _sorted_names(f"{top}/there"),
    "scan top": _scan("."),
    "scan full": _scan("full"),
    "walk": lambda top: [(path.removeprefix(top), sorted(a), sorted(b)) for path, a, b in os.walk(top)],
    "mkdir new": lambda top: os.mkdir(f"{top}/new"),
    "mkdir empty/new": lambda top: os.mkdir(f"{top}/empty/new"),
    "mkdir a": lambda top: os.mkdir(f"{top}/a"),
    "makedirs": lambda top: os.makedirs(f"{top}/empty/new/x", exist_ok=True),
    "rmdir empty": lambda top: os.rmdir(f"{top}/empty"),
    "rmdir full": lambda top: os.rmdir(f"{top}/full"),
    "rmtree full": lambda top: shutil.rmtree(f"{top}/full"),
    "remove a": lambda top: os.remove(f"{top}/a"),
    "remove b": lambda top: os.remove(f"{top}/b"),
    "remove link": lambda top: os.remove(f"{top}/link"),
    "remove there": lambda top: os.unlink(f"{top}/there"),
    "remove full/c": lambda top: os.remove(f"{top}/full/c"),
    "rename a b": lambda top: os.rename(f"{top}/a", f"{top}/b"),
    "rename a new": lambda top: os.rename(f"{top}/a", f"{top}/new"),
    "rename b a": lambda top: os.rename(f"{top}/b", f"{top}/a"),
    "rename b hard": lambda top: os.rename(f"{top}/b", f"{top}/hard"),
    "rename full empty": lambda top: os.rename(f"{top}/full", f"{top}/empty"),
    "rename full new": lambda top: os.rename(f"{top}/full", f"{top}/new"),
    "rename empty full": lambda top: os.rename(f"{top}/empty", f"{top}/full"),
    "replace b a": lambda top: os.replace(f"{top}/b", f"{top}/a"),
    "replace link a": lambda top: os.replace(f"{top}/link", f"{top}/a"),
    "link a new": lambda top: os.link(f"{top}/a", f"{top}/new"),
    "link b empty/new": lambda top: os.link(f"{top}/b", f"{top}/empty/new"),
    "symlink new": lambda top: os.symlink("b", f"{top}/new"),
    "symlink link": lambda top: os.symlink("b", f"{top}/link"),
    "read link name": lambda top: os.readlink(f"{top}/link"),
    "chmod a": lambda top: os.chmod(f"{top}/a", 0o600),
    "chmod hard": lambda top: os.chmod(f"{top}/hard", 0o600),
    "chmod empty": lambda top: os.chmod(f"{top}/empty", 0o700),
    "utime a": lambda top: os.utime(f"{top}/a", (LONG_AGO, LONG_AGO)),
    "utime empty": lambda top: os.utime(f"{top}/empty", (LONG_AGO, LONG_AGO)),
    "open a": _descriptor("a", os.O_RDONLY, lambda fd: os.read(fd, 10), lambda fd: seen(os.fstat(fd))),
    "open b": _descriptor("b", os.O_RDWR, lambda fd: os.write(fd, b"B"), lambda fd: os.read(fd, 10)),
    "open exclusively": _descriptor("new", os.O_CREAT | os.O_EXCL | os.O_WRONLY, lambda fd: os.write(fd, b"E")),
    "open truncating": _descriptor("a", os.O_TRUNC | os.O_RDWR, lambda fd: os.pwrite(fd, b"T", 2)),
    "open creating": _descriptor(
        "new", os.O_CREAT | os.O_RDWR, lambda fd: os.read(fd, 9), lambda fd: os.write(fd, b"C")
    ),
    "open appending": _descriptor(
        "b", os.O_APPEND | os.O_WRONLY, lambda fd: os.write(fd, b"P"), lambda fd: os.ftruncate(fd, 2)
    ),
    "in directory": _in_directory("empty", lambda fd: os.mkdir("new", dir_fd=fd)),
    "list directory": _in_directory("empty", _sorted_names),
    "touch new": lambda top: pathlib.Path(top, "new").touch(),
    "copy": lambda top: os.path.basename(shutil.copyfile(f"{top}/a", f"{top}/new")),
    "move": lambda top: os.path.basename(shutil.move(f"{top}/a", f"{top}/empty")),
    "lock a": _locked("a", "LOCK_EX", "x"),
    "lock new": _locked("new", "LOCK_EX", "y"),
    "read locked a": _locked("a", "LOCK_SH", ""),
    "update": _update,
}  # fmt: skip


class Program(NamedTuple):
    """Threads that each do some operations; it returns what they saw, and what was left."""

    threads: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        return " | ".join(", ".join(names) for names in self.threads)

    def run(self, top: str) -> Any:
        """Run it in a directory that is empty."""
        make_tree(top)
        results: list[list[Any]] = [[] for _ in self.threads]
        threads = [
            threading.Thread(target=work, args=(top, names, result))
            for names, result in zip(self.threads, results, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return repr((results, tree(top)))


def work(top: str, names: Sequence[str], result: list[Any]) -> None:
    for name in names:
        try:
            result.append(OPERATIONS[name](top))
        except (OSError, shutil.Error, ValueError) as error:
            number = getattr(error, "errno", None)
            result.append(errno.errorcode[number] if number else type(error).__name__)


def generated(seed: int) -> Program:
    """A program of two or three threads with up to three operations each."""
    draw = random.Random(seed)
    threads = draw.choice((2, 2, 2, 3))
    most = 3 if threads == 2 else 1
    names = sorted(OPERATIONS)
    return Program(tuple(tuple(draw.choices(names, k=draw.randint(1, most))) for _ in range(threads)))


def pairs() -> list[Program]:
    """All pairs of operations, by two threads."""
    names = sorted(OPERATIONS)
    return [Program(((one,), (other,))) for number, one in enumerate(names) for other in names[number:]]


def new_directory(base: str) -> str:
    """A directory that is not there yet, for one execution."""
    return tempfile.mkdtemp(dir=base)
