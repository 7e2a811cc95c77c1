"""Data races."""
