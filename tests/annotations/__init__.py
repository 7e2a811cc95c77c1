"""Typed tests, as users write them: mypy checks this folder together with the package."""
