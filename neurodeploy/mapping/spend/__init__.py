"""Spending of cores: a mapping is split where it sets the pace of a step."""
