"""Files: sealed archives, tensors, JSON and atomic writes. Knows formats, never what a network or a program means."""
