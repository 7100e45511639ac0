"""Exporters: write a Network as a file of other tools, with a ledger of what it changes."""

from neurodeploy.exporters.options import LOSSES, Exported, LossName
from neurodeploy.exporters.save import WRITABLE, save_as

__all__ = ["LOSSES", "WRITABLE", "Exported", "LossName", "save_as"]
