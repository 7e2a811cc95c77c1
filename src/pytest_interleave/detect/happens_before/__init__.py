"""The happens-before relation: the order of steps by synchronization."""
