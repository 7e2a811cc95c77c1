"""The version. This is the only place that defines it: the build reads it from here."""

__version__ = "0.1.0"
