"""Partition: which neurons share a core. Knows no physical core."""
