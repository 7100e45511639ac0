"""Processes of our own. They live alone in this package: lava runs every file beside the one that defines a process."""
