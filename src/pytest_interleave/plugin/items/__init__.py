"""Test items: pytest's private parts, and other plugins."""
