"""What was not wholly under control: the reasons against the verdict "exhausted"."""
