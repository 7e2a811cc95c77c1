"""Tests of what was not under control."""
