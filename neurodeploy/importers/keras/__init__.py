"""Keras models as trained networks: files (.keras, .h5) read as JSON and HDF5 without Keras, and live models."""
