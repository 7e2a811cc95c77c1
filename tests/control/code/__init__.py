"""Tests of what the code says before it runs."""
