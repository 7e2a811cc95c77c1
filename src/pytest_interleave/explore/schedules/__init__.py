"""Schedules: as switches, as tokens, replayed, steered and shrunk."""
