"""Testing: what other people's tests use."""
