"""Findings in formats of other tools: single lines, GitHub annotations, SARIF, JUnit."""

from neurodeploy.report.formats.junit import junit
from neurodeploy.report.formats.lines import concise, github
from neurodeploy.report.formats.place import Examined, Place, place_of
from neurodeploy.report.formats.sarif import sarif

__all__ = ["Examined", "Place", "concise", "github", "junit", "place_of", "sarif"]
