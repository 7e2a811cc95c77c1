"""Sizes as people write them."""

from __future__ import annotations

import pytest

from pytest_interleave.resources._arguments import bytes_of, size_in_words


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ("64MiB", 64 * 1024**2),
        ("1GiB", 1024**3),
        ("500MB", 500_000_000),
        (" 1.5 gb ", 1_500_000_000),
        ("2KiB", 2048),
        ("7kb", 7000),
        ("3TiB", 3 * 1024**4),
        ("12", 12),
        ("12B", 12),
        (12, 12),
    ],
)
def test_sizes(size, count):
    assert bytes_of("memory", size) == count


@pytest.mark.parametrize(
    ("size", "error"),
    [
        ("12 apples", ValueError),
        ("", ValueError),
        ("MiB", ValueError),
        ("-1MiB", ValueError),
        ("1e3", ValueError),
        ("1.5.5MB", ValueError),
        ("0MiB", ValueError),
        (0, ValueError),
        (-1, ValueError),
        (True, TypeError),
        (1.5, TypeError),
        (None, TypeError),
    ],
)
def test_what_is_none(size, error):
    with pytest.raises(error, match=r'memory=.*"64MiB", "500MB" or "1GiB"'):
        bytes_of("memory", size)


@pytest.mark.parametrize(
    ("count", "text"), [(12, "12 bytes"), (1536, "1.5 KiB"), (512 * 1024**2, "512 MiB"), (5 * 1024**3, "5 GiB")]
)
def test_in_words(count, text):
    assert size_in_words(count) == text
