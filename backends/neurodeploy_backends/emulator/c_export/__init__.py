"""Programs as self-contained C99, from the rules of the compiled engine."""
