"""HTML of networks, programs, recordings, profiles and findings in notebooks."""

from __future__ import annotations

from neurodeploy.report.notebook.show import html

__all__ = ["html"]
