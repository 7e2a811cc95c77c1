"""What calls touch whose callee is out of scope."""
