"""The category of this plugin's warnings."""


class InterleaveWarning(UserWarning):
    """Something about a test under control is worth knowing, but is no failure."""

    __module__ = "pytest_interleave"
