"""Programs with threads that are not started by the test itself; those whose names end with "_bad" are to fail."""
