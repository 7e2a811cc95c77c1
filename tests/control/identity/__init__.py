"""Tests of which object an access touches."""
