"""The category of this plugin's warnings."""


class InterleaveWarning(UserWarning):
    """A warning about a test under control: something worth knowing that is not a failure."""

    __module__ = "pytest_interleave"
