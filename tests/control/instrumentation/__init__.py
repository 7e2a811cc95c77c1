"""Tests of which instructions are accesses."""
