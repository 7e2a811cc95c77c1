"""What a step is: the operation, what it touches, and what the scheduler asks of a strategy."""
