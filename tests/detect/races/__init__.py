"""Tests of data races."""
