"""Tests of which code is in scope, and of where files belong."""
