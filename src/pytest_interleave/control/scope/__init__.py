"""Which files count, what a place in the source is, and which functions are the real ones of the interpreter."""
