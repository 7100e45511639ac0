"""Kernels of the mapper: neurons that move between cores, groups of neurons, sums over synapses, cores between slots.

The C files are what runs; the Python modules of the same names define the same, statement by statement, and run where there
is no compiled library. `calls` chooses, and is all that the mapper imports beside `structs` and `board`. Everything runs in
one thread and in a fixed order, so that equal arguments give equal results on every machine. Kernels know neither targets nor
networks: they read the flat arrays of `structs` and of `board`.
"""
