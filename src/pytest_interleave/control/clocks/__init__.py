"""Stand-ins for clocks, sleeps and dates."""
