"""Placement: the physical core of each logical core. Neurons stay in their logical cores."""
