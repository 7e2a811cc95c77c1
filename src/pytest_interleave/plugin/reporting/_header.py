"""The line in the header of a run that says how many tests are marked."""

from __future__ import annotations

import pytest

from ..settings._markers import is_marked, is_stress
from ..settings._options import Options
from ..settings._shards import WHOLE, nodeid_of, shard_of


def header_lines(items: list[pytest.Item], options: Options) -> list[str]:
    """Return the line on the marked tests, with the seed, if any of them depends on it."""
    marked = [item for item in items if is_marked(item)]
    parts = []
    suite = options.suite
    if marked:
        tests = len({nodeid_of(item) for item in marked if shard_of(item) != WHOLE})
        tests += sum(shard_of(item) == WHOLE for item in marked)
        kind = "concurrency test" if suite is None else "test"
        split = "" if tests == len(marked) else f" in {len(marked)} shards"
        workers = "" if suite is None else f", each in {suite} workers"
        parts.append(f"{tests} {kind}{'' if tests == 1 else 's'}{split}{workers}")
    stressed = sum(map(is_stress, items))
    if stressed:
        parts.append(f"{stressed} stress test{'' if stressed == 1 else 's'}")
    if marked:
        parts.append(f"seed {options.seed}")
    return [f"interleave: {', '.join(parts)}"] if parts else []
