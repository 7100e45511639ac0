"""Programs as C: what a backend writes of a program, its size, and the folder that holds it."""

from neurodeploy.c_export.backend import CExportingBackend, c_exporter
from neurodeploy.c_export.export import exported
from neurodeploy.c_export.nouns import CExport, CExportChoices, CExportOptions, CSource, CTable
from neurodeploy.c_export.sizes import size_findings
from neurodeploy.c_export.smaller import smaller_flash
from neurodeploy.c_export.write import MARK, write_folder

__all__ = [
    "MARK",
    "CExport",
    "CExportChoices",
    "CExportOptions",
    "CExportingBackend",
    "CSource",
    "CTable",
    "c_exporter",
    "exported",
    "size_findings",
    "smaller_flash",
    "write_folder",
]
