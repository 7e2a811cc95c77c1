"""Whether units make progress, and what follows when an execution is long."""
