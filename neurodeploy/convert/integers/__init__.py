"""Trained networks as integers: their quantization on samples, the definition of what they compute, their sigma-delta form."""
