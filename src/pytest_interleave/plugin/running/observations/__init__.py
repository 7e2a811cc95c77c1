"""Observes the executions of a test: classes, data races, lock orders, nondeterminism, uncontrolled threads."""
