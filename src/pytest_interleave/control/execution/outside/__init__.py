"""Threads that block where the scheduler cannot see it, and threads that it does not control."""
