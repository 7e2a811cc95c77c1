"""Tests of what a step is."""
