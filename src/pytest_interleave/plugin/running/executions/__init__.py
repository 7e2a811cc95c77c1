"""Runs the body of a test under control, and judges each execution."""
