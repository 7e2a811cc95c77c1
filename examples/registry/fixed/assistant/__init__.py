"""The state of an assistant, which its threads share. Each part has one lock, held from a check to the action."""
