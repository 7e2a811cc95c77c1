"""What the fixture `process_pool` does: a pool for one test, and what is wrong with it at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..resources import NOT_INTERLEAVED, HungProcess, ProcessPool
from ._shards import nodeid_of


def pool_of_test(request: pytest.FixtureRequest, *, controlled: bool) -> Iterator[ProcessPool]:
    """Give the pool; close it when the test is over, and raise what nobody has seen."""
    if controlled:
        pytest.fail(f"{nodeid_of(request.node)}: {NOT_INTERLEAVED}", pytrace=False)
    pool = ProcessPool()
    wrong: list[BaseException] = []
    try:
        yield pool
    finally:
        if request.session.exitstatus == pytest.ExitCode.INTERRUPTED:
            # After Ctrl-C nobody wants to wait, and there is no report that could have what is wrong.
            pool.close(0.0)
        else:
            wrong = pool.close()
    if len(wrong) == 1 and isinstance(wrong[0], HungProcess):
        raise wrong[0]
    if wrong:
        raise BaseExceptionGroup("exceptions in the process pool that nobody looked at", wrong)
