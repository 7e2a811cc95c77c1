"""Deadlocks that happened, and deadlocks that the order of locks predicts."""
