"""One execution: which unit goes next, and how the execution ends."""
