"""Which object, and which part of it, an access touches."""
