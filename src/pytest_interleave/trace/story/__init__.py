"""An execution in a sentence or two."""
