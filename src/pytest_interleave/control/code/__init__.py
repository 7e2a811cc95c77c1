"""What the code says before it runs: names, loops, and the values that instructions work with."""
