"""The command line: options to verbs of the core, findings to text and exit statuses."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    try:
        from neurodeploy.cli.streams import fill_descriptors

        fill_descriptors()
        from neurodeploy.cli.process import run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()
