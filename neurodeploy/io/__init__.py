"""Files: sealed archives, tensors, JSON and atomic writes, independent of what they contain."""
