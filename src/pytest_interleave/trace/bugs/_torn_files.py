"""What helps if a thread reads a file that another one has not written in full yet."""

from __future__ import annotations

from collections.abc import Sequence

from ...control import Step
from ...control.steps import Key
from ..causes._overlaps import Access
from ._transactions import are_statements


def advice_for_torn_file(log: Sequence[Step], written: Access, read: Access) -> str:
    """Return what helps if one step cannot be guarded by a lock; empty if what is read is no file.

    `written` is what another thread has written of it before.
    """
    if are_statements(log, written, read):
        return ""
    keys = [key for key, _, _ in log[read.position][2] or () if isinstance(key, Key)]
    if not any(key.is_content for key in keys):
        return ""
    return "write another file, and move it into place with os.replace()"
