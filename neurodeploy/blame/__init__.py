"""What a network loses on a target: its accuracy by steps, and the share of every layer in the lost points."""
