"""Things that were not fully controlled: the reasons against the verdict "exhaustive"."""
