"""The files in which Linux describes the threads of this process."""

from __future__ import annotations

import os

# The real functions, not those that stand in while a test is under control: the test does not use these files.
_open, _read, _close = os.open, os.read, os.close


def task_file(native_id: int | None, name: str) -> bytes:
    """Return the first 1,000 bytes of the file `name` that describes a thread; raise `OSError` if it cannot be read."""
    file = _open(f"/proc/self/task/{native_id}/{name}", os.O_RDONLY)
    try:
        return _read(file, 1_000)
    finally:
        _close(file)
