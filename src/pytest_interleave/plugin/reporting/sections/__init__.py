"""The parts of the section `interleave` in the terminal summary, one file each."""
