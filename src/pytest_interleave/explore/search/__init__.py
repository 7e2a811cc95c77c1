"""Exhaustive search with partial-order reduction, and how much of all schedules was explored."""
