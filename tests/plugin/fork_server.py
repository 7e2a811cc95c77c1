"""A process that has imported pytest and the plugin, and forks another one for each run.

Four fifths of the time of a short run are these imports. Nothing is replaced as the plugin is imported. A run differs
from one in a fresh process in what is imported already, and in the seed of hashes and addresses, which runs of one
server share: tests that look at these ask for a fresh process.

Run as a script it is the server: it reads a line of JSON for each run, and writes two lines, with the identifier of the
process and with its exit status.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

HAS_FORK = hasattr(os, "fork")

_servers: list[subprocess.Popen[str]] = []


class ForkedRun:
    """A run of pytest, with what `Pytester.run` needs beyond `subprocess.Popen`."""

    #: It has read all that it was given.
    stdin = None

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], files: Sequence[str]) -> None:
        self._arguments = arguments
        server = self._server = _server()
        request = {"arguments": list(arguments), "environment": dict(environment), "files": list(files)}
        request["folder"] = os.getcwd()
        assert server.stdin is not None
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        self.pid = int(self._line(None))

    def _line(self, seconds: float | None) -> str:
        stdout: Any = self._server.stdout
        if not select.select([stdout], [], [], seconds)[0]:
            raise subprocess.TimeoutExpired(list(self._arguments), seconds or 0)
        line: str = stdout.readline()
        assert line, "the fork server has ended"
        return line

    def wait(self, timeout: float | None = None) -> int:
        """See `subprocess.Popen.wait`."""
        return int(self._line(timeout))

    def kill(self) -> None:
        """See `subprocess.Popen.kill`."""
        os.kill(self.pid, signal.SIGKILL)


def _server() -> subprocess.Popen[str]:
    if not _servers:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        # One line at a time is all that is ever in the pipe: nothing waits in a buffer while `select` looks.
        starter = subprocess.Popen(
            [sys.executable, __file__],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        # It leaves the server behind, which is no child of this process: an execution would wait for what a child does.
        starter.wait()
        _servers.append(starter)
    return _servers[0]


def end_server() -> None:
    """End it, if there is one."""
    while _servers:
        server = _servers.pop()
        assert server.stdin is not None
        server.stdin.close()
        assert server.stdout is not None
        server.stdout.close()


def _modules() -> Iterator[str]:
    """What nearly every run of a marked test imports."""
    import _pytest.config

    for name in _pytest.config.default_plugins:
        yield f"_pytest.{name}"
    yield "pytest_interleave.plugin.running._runner"
    for package in ("detect", "explore", "trace"):
        name = f"pytest_interleave.{package}"
        for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
            yield module.name


def _serve() -> None:
    for name in _modules():
        importlib.import_module(name)
    base = [entry for entry in sys.path[1:] if entry not in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    while line := sys.stdin.readline():
        request = json.loads(line)
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
            continue
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        for number, file in enumerate(request["files"]):
            opened = os.open(file, os.O_RDWR | (0 if number == 0 else os.O_APPEND))
            os.dup2(opened, number)
            os.close(opened)
        # As the interpreter does at its start.
        sys.stdin = open(0, encoding=sys.stdin.encoding, closefd=False)
        added = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
        sys.path[:] = [os.getcwd(), *added, *base]
        sys.pycache_prefix = os.environ.get("PYTHONPYCACHEPREFIX") or None
        sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
        sys.argv = ["pytest", *request["arguments"]]
        importlib.invalidate_caches()
        runpy.run_module("pytest", run_name="__main__", alter_sys=True)
        return


if __name__ == "__main__" and os.fork() == 0:
    _serve()
