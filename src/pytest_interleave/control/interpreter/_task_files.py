"""The files in which Linux describes the threads of this process."""

from __future__ import annotations

import os
from collections.abc import Collection

# The real functions, not those that stand in while a test is under control: the test does not use these files.
_open, _read, _close, _listdir = os.open, os.read, os.close, os.listdir


def task_file(native_id: int | None, name: str) -> bytes:
    """Return the first 1,000 bytes of the file `name` that describes a thread; raise `OSError` if it cannot be read."""
    file = _open(f"/proc/self/task/{native_id}/{name}", os.O_RDONLY)
    try:
        return _read(file, 1_000)
    finally:
        _close(file)


def waits_for_lock(native_id: int | None) -> bool:
    """Whether a thread of this process waits for a lock; False if the operating system does not say."""
    try:
        return task_file(native_id, "wchan").startswith(b"futex")
    except OSError:
        return False


def all_wait_for_locks(except_for: Collection[int | None]) -> bool:
    """Whether each thread of this process, `except_for` some by `native_id`, waits for a lock.

    C libraries have threads of their own, which count as well. False if the operating system does not say.
    """
    try:
        tasks = map(int, _listdir("/proc/self/task"))
        return all(map(waits_for_lock, (task for task in tasks if task not in except_for)))
    except (OSError, ValueError):
        return False
