"""The story of an execution, in a sentence or two."""
