"""Layers cut into boxes of channels, rows and columns, counted from their shapes alone."""
