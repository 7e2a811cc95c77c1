"""What the executions of a test have shown besides findings that end it."""
