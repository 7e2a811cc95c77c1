"""Runs one test under its schedules, and explains what was found."""
