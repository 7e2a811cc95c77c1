"""The instructions that are accesses, and the two engines that make them scheduling points."""
