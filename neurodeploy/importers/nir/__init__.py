"""Importer of NIR files (.nir)."""
