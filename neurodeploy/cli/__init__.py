"""Command line: parse, call, report. Decides nothing."""

from neurodeploy.cli.main import main

__all__ = ["main"]
