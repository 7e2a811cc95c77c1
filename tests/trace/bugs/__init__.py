"""Tests of bugs."""
