"""Our processes for lava, in a separate package: lava imports all files next to a process to find its models."""
