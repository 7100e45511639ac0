"""Findings in the forms that other tools read: one line each, GitHub annotations, SARIF, JUnit. Prints nothing itself."""

from neurodeploy.report.formats.junit import junit
from neurodeploy.report.formats.lines import concise, github
from neurodeploy.report.formats.place import Examined, Place, place_of
from neurodeploy.report.formats.sarif import sarif

__all__ = ["Place", "Examined", "concise", "github", "junit", "place_of", "sarif"]
