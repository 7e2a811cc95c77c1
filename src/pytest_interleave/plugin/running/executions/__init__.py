"""Runs the body of a test under control, and says what each run has found."""
