"""Options, markers, and how a test is to be run."""
