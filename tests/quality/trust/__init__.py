"""Small programs that were judged wrongly once: `../test_trust.py` runs them and knows what is right."""
