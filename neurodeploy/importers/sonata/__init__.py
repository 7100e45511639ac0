"""SONATA networks of point neurons: configuration, tables of nodes and edges, models, and spike trains."""
