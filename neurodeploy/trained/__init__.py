"""A trained network as data: operations, nodes, its values in floats, and its form as layers.

Readers of files and of live models, which are importers, return a TrainedNetwork. The conversion takes its layers.
"""
