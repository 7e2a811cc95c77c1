"""The classes of bugs that effects show, and what helps against them."""
