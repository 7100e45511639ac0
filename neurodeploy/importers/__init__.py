"""Importers: convert files of other tools into a Network and a ledger of every assumption."""

from neurodeploy.importers.load import load
from neurodeploy.importers.options import PRODUCERS, Imported, ImportOptions

__all__ = ["PRODUCERS", "ImportOptions", "Imported", "load"]
