"""Pipes, which threads use by descriptors: other processes may have the other end."""

from __future__ import annotations

import os
import stat

from ...steps._things import Thing
from ._paths import inode_of, path_of_descriptor, status_of_descriptor


def pipe_of(descriptor: int) -> Thing | None:
    """Return the pipe that a descriptor stands for; None if it is none."""
    found = status_of_descriptor(descriptor)
    if found is None or not stat.S_ISFIFO(found.st_mode):
        return None
    path = path_of_descriptor(descriptor)
    return Thing("pipe", ("pipe", *inode_of(found)), os.path.basename(path) if path.startswith(os.sep) else "pipe")
