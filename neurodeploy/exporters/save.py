"""Saving of networks as files of every supported format, chosen by suffix."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, cast

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.choices import needs
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.exporters.options import LOSSES, Exported
from neurodeploy.io.archive import write_atomically
from neurodeploy.network import Network
from neurodeploy.network.files import save_network

__all__ = ["ALL", "FORMATS", "WRITABLE", "ExportFormat", "losses_named", "require_writable", "save_as"]

OWN = ".nd.json"
ALL = "all"
"""Stands for every loss."""
Writer = Callable[[Network, Collection[str]], Exported]


class ExportFormat(NamedTuple):
    """One file format of other tools, and its exporter."""

    suffix: str
    writer: str
    """Exporter as "module:function"; imported when it is needed."""

    def export(self, network: Network, lossy: Collection[str]) -> Exported:
        """Return the content of the file of a network. Raises DiagnosticError: the codes of the exporter."""
        module, _, function = self.writer.partition(":")
        writer: Writer = getattr(import_module(module), function)
        return writer(network, lossy)


FORMATS = (ExportFormat(".nir", "neurodeploy.exporters.nir.export:export_nir"),)
"""Formats of other tools, by suffix."""
WRITABLE = (OWN, *(item.suffix for item in FORMATS))


def losses_named(names: object, function: str = "save") -> tuple[str, ...]:
    """Return the losses that are allowed: names of LOSSES, or "all", each a word or several separated by commas.

    Raises DiagnosticError: ND002 (not text or a list of text), ND701 (an unknown name).
    """
    needs(function, lossy=(names, (str, list, tuple, set, frozenset)))
    given = [names] if isinstance(names, str) else list(cast("Collection[object]", names))
    for item in given:
        needs(function, lossy=(item, str))
    words = [word for item in given for word in str(item).split(",") if word]
    wrong = [word for word in words if word != ALL and word not in LOSSES]
    if wrong:
        message = f"'{wrong[0][:60]}' is not a loss; these are: {', '.join(LOSSES)}, {ALL}"
        fixes = nearest(wrong[0], (*LOSSES, ALL))
        raise DiagnosticError("usage", (finding("ND701", about("option", "--lossy"), message, fixes=fixes),))
    return LOSSES if ALL in words else tuple(dict.fromkeys(words))


def require_writable(path: Path) -> str:
    """Return the suffix of a file to write. Raises DiagnosticError: ND077 (no format of a network)."""
    found = next((suffix for suffix in WRITABLE if path.name.endswith(suffix) and path.name != suffix), None)
    if found is not None:
        return found
    stem = path.name.removesuffix(path.suffix).removesuffix(".nd") or "net"
    fixes = [f"write it to '{path.parent / (stem + suffix)}'" for suffix in WRITABLE]
    message = f"has a suffix in which no network is written; supported are {', '.join(WRITABLE)}"
    raise DiagnosticError("export", (finding("ND077", about("file", path), message, fixes=fixes),))


def save_as(network: Network, path: Path, lossy: str | Collection[str] = ()) -> Exported | None:
    """Write a network in the format that the suffix names; None for neurodeploy's own, which loses nothing.

    The file is replaced whole or not at all. Raises DiagnosticError: ND007 (cannot be written), ND075-ND077, ND701.
    """
    suffix, allowed = require_writable(path), losses_named(lossy)
    if suffix == OWN:
        save_network(network, path)
        return None
    exported = next(item for item in FORMATS if item.suffix == suffix).export(network, allowed)
    write_atomically(path, exported.content)
    return exported
