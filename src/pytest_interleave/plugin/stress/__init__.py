"""Runs tests with real threads, without control."""
