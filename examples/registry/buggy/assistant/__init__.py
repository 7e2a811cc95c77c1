"""The same as in `../../fixed`, with typical mistakes of such code."""
