"""The category of this plugin's warnings."""


class InterleaveWarning(UserWarning):
    """Warning about a concurrency test."""

    __module__ = "pytest_interleave"
