"""Stand-ins for modules that use databases."""
