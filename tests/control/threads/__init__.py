"""Tests of the threads that carry units."""
