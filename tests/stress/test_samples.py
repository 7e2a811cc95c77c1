"""Throughput over time, in few slices."""

from __future__ import annotations

from pytest_interleave.stress._samples import Samples, resident_bytes


def test_slices_have_all_operations_however_long_the_run():
    samples = Samples()
    for step in range(1, 50_000):
        samples.take(step * 0.01, step * 3)
    samples.finish(500.0, 150_000)
    assert sum(part.operations for part in samples.slices) == 150_000
    assert 10 < len(samples.slices) <= 61
    times = [part.seconds for part in samples.slices]
    assert times == sorted(times)
    assert times[-1] == 500.0


def test_nothing_is_counted_that_did_not_happen():
    # A thread that puts its figures away is counted too low for a moment.
    samples = Samples()
    for at, operations in ((0.1, 10), (0.2, 7), (0.3, 12)):
        samples.take(at, operations)
    samples.finish(0.4, 12)
    assert [part.operations for part in samples.slices] == [10, 0, 2]


def test_a_short_run_has_one_slice():
    samples = Samples()
    samples.finish(0.001, 5)
    assert samples.slices == [(0.001, 5)]


def test_memory_is_known_here():
    held = bytearray(64 << 20)
    much = resident_bytes()
    assert much is not None
    assert much > len(held)
