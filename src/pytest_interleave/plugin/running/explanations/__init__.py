"""Explains a finding: repeats it, shrinks its schedule, and describes what happened."""
