"""Compiled kernels of the mapper: neurons that move between cores, groups of neurons, sums over synapses, cores between slots.

Everything runs in one thread and in a fixed order, so that equal arguments give equal results on every machine. Kernels know
neither targets nor networks: they read the flat arrays of `structs` and of `anneal`. They are compiled when first called.
"""
