"""The exception that ends a controlled thread."""

from __future__ import annotations


class Unwind(BaseException):
    """Raised in a controlled thread to end it: its `finally` blocks run, and nothing about it is reported."""
