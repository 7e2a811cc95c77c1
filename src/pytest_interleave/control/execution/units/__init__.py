"""The units that are scheduled, what they wait for, and which of them can run."""
