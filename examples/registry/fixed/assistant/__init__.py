"""What an assistant keeps in memory, and what its threads share: one lock for each thing, held for whole decisions."""
