"""The category of this plugin's warnings."""


class InterleaveWarning(UserWarning):
    """The category of all warnings of this plugin, to select them in `filterwarnings`."""

    __module__ = "pytest_interleave"
