"""Sources and sinks. Nothing else may be in this package: lava imports every file next to the one that defines a process."""
