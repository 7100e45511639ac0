"""Answers to requests: models by version, the queue before the emulator, runs of what waits together, and their outputs."""
