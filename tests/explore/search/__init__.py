"""Tests of exhaustive search."""
