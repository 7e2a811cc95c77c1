"""Tests of deadlocks."""
