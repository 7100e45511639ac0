"""Exporter of NIR files (.nir), in the layout of nir 1.0.8."""
