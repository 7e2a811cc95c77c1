"""Tests of happens-before."""
