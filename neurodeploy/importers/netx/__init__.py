"""Importer of lava-dl netx files (.net)."""
