"""Processes of ours for lava. They live alone here: lava imports every file beside a process when it looks for models."""
