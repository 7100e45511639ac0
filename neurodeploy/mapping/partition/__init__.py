"""Partition: which neurons share a core. Physical cores are assigned later."""
