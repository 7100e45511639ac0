"""The command line: parses options, calls the core, and prints findings and reports."""

from __future__ import annotations

from neurodeploy.base.startup import collect_later

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    collect_later()
    try:
        from neurodeploy.cli.streams import fill_descriptors

        fill_descriptors()
        from neurodeploy.cli.process import run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()
