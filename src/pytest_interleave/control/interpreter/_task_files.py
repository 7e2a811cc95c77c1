"""What Linux says of the threads of this process."""

from __future__ import annotations

import os

# Not those that stand for them while a test is under control: this is no file that the test uses.
_open, _read, _close = os.open, os.read, os.close


def task_file(native_id: int | None, name: str) -> bytes:
    """What the operating system says of a thread of this process; raises `OSError` where it says nothing."""
    file = _open(f"/proc/self/task/{native_id}/{name}", os.O_RDONLY)
    try:
        return _read(file, 1_000)
    finally:
        _close(file)
