"""The version. Only this module defines it: the build reads it from here."""

__version__ = "0.1.0"
