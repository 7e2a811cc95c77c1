"""What in an execution led to a failure."""
