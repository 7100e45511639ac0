"""Placement: which physical core each logical core becomes. No neuron changes its core."""
