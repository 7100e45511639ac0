"""Readers of recordings of event sensors: one module for each family of formats, one table of all."""
