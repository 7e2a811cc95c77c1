"""Programs of SCTBench as pytest tests, one file a family of programs."""
