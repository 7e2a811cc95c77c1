"""Tests of what only the interpreter knows."""
