"""The causes of a failure: the steps, things and lines of an execution that led to it."""
