"""Schedules that are known before a test is explored, from the source or from earlier runs."""
