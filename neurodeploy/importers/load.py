"""Loading of networks from files of every supported format, chosen by suffix; in containers (.h5, .json) by content.

Other packages add formats by the entry-point group `neurodeploy.importers`, each a Format.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, NamedTuple

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.importers.look_alikes import CONTAINERS, content_of, described, require_as_named, suffix_inside
from neurodeploy.importers.options import FLAGS, Imported, ImportOptions
from neurodeploy.network.files import load_network

__all__ = ["FORMATS", "Format", "forget_importers", "is_readable", "load", "load_text", "readable"]

GROUP = "neurodeploy.importers"
Reader = Callable[[Path, ImportOptions], Imported]
TextReader = Callable[[str, str, ImportOptions], Imported]


class Format(NamedTuple):
    """One file format and its importer."""

    suffix: str
    reader: str
    """Importer as "module:function"; imported when it is needed, because some formats need large packages."""
    options: tuple[str, ...]
    """Fields of ImportOptions that apply to the format; other fields are errors (ND054)."""
    named: bool = False
    """Whether the path may end in :NAME, the name of a network in the file."""
    text_reader: str = ""
    """Importer of a text instead of a file, as "module:function" of (text, name, options); empty if there is none."""

    def fits(self, path: str) -> bool:
        """Return whether a path is of this format, by its suffix."""
        return re.search(re.escape(self.suffix) + (r"(:[^:/\\\\]*)?$" if self.named else "$"), path) is not None

    def load(self, path: Path, options: ImportOptions) -> Imported:
        """Return the network of a file of this format. Raises DiagnosticError: the codes of the importer."""
        reader: Reader = _function(self.reader)
        return reader(path, options)


def _function(path: str) -> Any:
    module, _, function = path.partition(":")
    return getattr(import_module(module), function)


NIR_OPTIONS = ("dt_s", "reset", "discretization", "time_unit", "producer", "comparison", "if_gain")
NETX_OPTIONS = ("dt_s", "layers", "reset_interval_steps", "reset_offset_steps")
SONATA_OPTIONS = ("dt_s", "time_unit")
FORMATS = (
    Format(".nir", "neurodeploy.importers.nir.load:load_nir", NIR_OPTIONS),
    Format(".net", "neurodeploy.importers.netx.load:load_netx", NETX_OPTIONS),
    Format(".json", "neurodeploy.importers.sonata.load:load_sonata", SONATA_OPTIONS),
)
"""Formats of other tools, by suffix."""


@cache
def _entries() -> tuple[EntryPoint, ...]:
    """Entry points of formats, cached because the search reads the metadata of every installed package."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda item: item.name))


def forget_importers() -> None:
    """Clear the cached entry points, so that an importer installed since then is found."""
    _entries.cache_clear()


def _require_format(made: object) -> Format:
    if not isinstance(made, Format):
        raise TypeError(f"it is a {type(made).__name__}, not a Format")
    return made


def _plugged() -> tuple[tuple[Format, ...], tuple[Diagnostic, ...]]:
    """Formats of other packages, and ND087 for each importer that cannot be loaded."""
    found, faults = list[Format](), list[Diagnostic]()
    for entry in _entries():
        try:
            found.append(_require_format(entry.load()))
        except Exception as error:  # a plug-in may raise anything
            owner = entry.dist.name if entry.dist else "an unknown distribution"
            message = f"importer '{entry.name}' cannot be loaded from '{entry.value}': {type(error).__name__}: {error}"
            fixes = [f"repair or uninstall {owner}"]
            faults.append(finding("ND087", about("import"), message, fixes=fixes))
    return tuple(found), tuple(faults)


def _format_of(path: str) -> Format | None:
    """The format of a path; other packages are looked at only if none of FORMATS fits.

    Raises DiagnosticError: ND087, if an importer that cannot be loaded may be the one.
    """
    own = next((item for item in FORMATS if item.fits(path)), None)
    if own is not None:
        return own
    plugged, faults = _plugged()
    found = next((item for item in plugged if item.fits(path)), None)
    raise_errors("import", () if found else faults)
    return found


def is_readable(path: str) -> bool:
    """Return whether a network can be read from a path, by its suffix. Raises DiagnosticError: ND087."""
    return path.endswith((".nd.json", *CONTAINERS)) or _format_of(path) is not None


def readable() -> tuple[str, ...]:
    """Return the suffixes of files that networks can be read from; those of broken importers are left out."""
    return (".nd.json", *(item.suffix for item in (*FORMATS, *_plugged()[0])), *CONTAINERS[:2])


def load(path: str | Path, options: ImportOptions | None = None) -> Imported:
    """Return the network of a file, in neurodeploy's own format (.nd.json) or of another format, and the ledger of the import.

    Raises DiagnosticError: ND001-ND008 (files), ND009 (unknown suffix), ND040-ND050 (NIR), ND047 and ND051-ND053 (netx),
    ND054 (an option that does not apply to the file), ND080-ND086 (Nengo), ND087 (a broken importer),
    ND088 (other content than the suffix says), ND089-ND093 (SONATA).
    """
    name, given = str(path), options or ImportOptions()
    inside = suffix_inside(Path(path))
    if (inside or name).endswith(".nd.json"):
        require_as_named(Path(path), inside or ".nd.json")
        network = load_network(path)
        dt_s = network.time.dt_s
        wrong = given if given.dt_s != dt_s else given.model_copy(update={"dt_s": None})
        _require_applicable(name, wrong, (), f"specifies the whole network; its step is {dt_s:g} s")
        return Imported(network=network)
    item = _format_of(inside or name)
    if item is not None:
        require_as_named(Path(_without_name(name, item)), item.suffix)
        _require_options(name, given, item)
        return item.load(Path(path), given)
    found = content_of(Path(path))
    fixes = [] if found is None else [found.way_in]
    if name.endswith(".ndp"):
        fixes = ["it is a compiled program: pass it to run, profile or verify"]
    message = f"has an unsupported suffix; supported are {', '.join(readable())}{described(found)}"
    raise DiagnosticError("import", (finding("ND009", about("file", path), message, fixes=fixes),))


def _without_name(path: str, item: Format) -> str:
    """A path without the name of a network in the file."""
    return re.sub(r":[^:/\\\\]*$", "", path) if item.named and not path.endswith(item.suffix) else path


def load_text(suffix: str, text: str, name: str, options: ImportOptions) -> Imported:
    """Return the network called `name` of a text, read as a file of the format `suffix`.

    Raises DiagnosticError: ND009 (no importer of such texts is installed), ND054 (an option does not apply), and the codes of
    the importer.
    """
    item = next((item for item in _plugged()[0] if item.suffix == suffix and item.text_reader), None)
    if item is None:
        message = f"no importer of {suffix} texts is installed"
        raise DiagnosticError("import", (finding("ND009", about("import"), message),))
    _require_options(f"text of {name}", options, item)
    reader: TextReader = _function(item.text_reader)
    return reader(text, name, options)


def _require_options(path: str, options: ImportOptions, item: Format) -> None:
    flags = ", ".join(FLAGS[field] for field in item.options) or "no option"
    _require_applicable(path, options, item.options, f"is a {item.suffix} file, to which only {flags} applies")


def _require_applicable(path: str, options: ImportOptions, allowed: tuple[str, ...], message: str) -> None:
    """Reject options that do not apply to the file, that is, outside `allowed` (ND054)."""
    given = {field: getattr(options, field) for field in FLAGS if field not in allowed}
    wrong = [f"{FLAGS[field]} {_shown(value)}" for field, value in given.items() if value is not None]
    if wrong:
        fixes = [f"leave out {', '.join(wrong)}"]
        raise DiagnosticError("import", (finding("ND054", about("file", path), message, fixes=fixes),))


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
