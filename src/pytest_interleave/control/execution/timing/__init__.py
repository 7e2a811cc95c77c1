"""Virtual time: the clock, time limits, sleeps, and time as a choice of the strategy."""
