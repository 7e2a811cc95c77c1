"""The check whether units make progress, and the rest of an execution that is long."""
