"""Runs one test under its schedules, and explains what is found."""
