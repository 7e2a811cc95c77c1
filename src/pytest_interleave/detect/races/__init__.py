"""Data races: how they are found, selected and described."""
