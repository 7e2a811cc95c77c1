"""Things that were not fully under control: the reasons against the verdict "exhaustive"."""
