"""What only the interpreter and the operating system know: frames, stacks, opcodes, threads."""
