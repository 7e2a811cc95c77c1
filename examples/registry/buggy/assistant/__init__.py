"""The same as in `../../fixed`, with the mistakes that such code has before somebody has looked for them."""
