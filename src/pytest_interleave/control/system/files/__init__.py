"""Stand-ins for functions that use files and directories."""
