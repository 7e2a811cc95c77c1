"""A small file system that gives blocks to inodes: SCTBench's CS.fsbench_bad.

From github.com/mc-imperial/sctbench, re-implemented from a description. The bug: there are 26 locks for 32 inodes, so
that the last of the 27 threads goes beyond the end of the list in every run.
"""

from __future__ import annotations

from functools import partial
from threading import Lock

import pytest

from ._threads import run

THREADS = 27
INODES = 32
BLOCKS = 26


class FileSystem:
    def __init__(self) -> None:
        self.inode_locks = [Lock() for _ in range(26)]
        self.block_locks = [Lock() for _ in range(BLOCKS)]
        self.busy = [False] * BLOCKS
        self.inodes = [0] * INODES

    def allocate(self, number: int) -> None:
        inode = number % INODES
        with self.inode_locks[inode]:
            if self.inodes[inode] == 0:
                block = (inode * 2) % BLOCKS
                for _ in range(BLOCKS // 2):
                    with self.block_locks[block]:
                        if not self.busy[block]:
                            self.busy[block] = True
                            self.inodes[inode] = block + 1
                            break
                    block = (block + 1) % BLOCKS


@pytest.mark.concurrency
def test_fsbench() -> None:
    files = FileSystem()
    run(*(partial(files.allocate, number) for number in range(THREADS)))
