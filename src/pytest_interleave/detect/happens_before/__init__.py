"""Which steps are ordered by synchronization."""
