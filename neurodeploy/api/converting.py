"""nd.convert: a model as a file of another format."""

from __future__ import annotations

import os
from collections.abc import Collection
from os import PathLike
from pathlib import Path

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Subject, about, finding
from neurodeploy.diagnostics.choices import needs
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.exporters import LossName, save_as
from neurodeploy.exporters.save import OWN, losses_named, require_writable
from neurodeploy.importers import Imported, ImportOptions
from neurodeploy.importers import load as import_file
from neurodeploy.importers.options import FLAGS
from neurodeploy.network import Network
from neurodeploy.program import Program, load_program
from neurodeploy.signals import SampleValues

__all__ = ["Converted", "convert", "require_conversion"]

AnyPath = str | PathLike[str]


class Converted(Noun):
    """The result of a conversion."""

    network: Network
    """The network that was written."""
    path: str
    """The file."""
    ledger: tuple[LedgerLine, ...] = ()
    """Every assumption of the import, and everything that the written format changes or leaves out."""
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes. Errors are raised instead."""
    samples: SampleValues | None = None
    """Samples that came with the model, which a network file does not hold; nd.save writes them. None: the model has none."""


def convert(
    model: AnyPath | Network | Imported | Program,
    path: AnyPath,
    options: ImportOptions | None = None,
    *,
    lossy: str | Collection[LossName | str] = (),
) -> Converted:
    """Write a network as a file of another format, .nir or .nd.json; return the network with the ledger of both ways.

    `model`: a network, or a file with one. `options`: facts that a file does not contain (see ImportOptions). `lossy`: what the
    written file may lose, such as "reset"; "all" for everything. The metadata of a .nir file keeps all of it for neurodeploy.

    Raises DiagnosticError: those of nd.load and nd.save, ND075-ND077 (exports), ND701 (an unknown loss).

    Example: nd.convert("model.net", "model.nir", nd.ImportOptions(dt_s=1e-3), lossy="all")
    """
    needs("convert", path=(path, (str, PathLike)), options=(options, (ImportOptions, type(None))))
    file = Path(path)
    require_writable(file)
    allowed = losses_named(lossy, "convert")
    imported = _imported(model, file, options)
    exported = save_as(imported.network, file, allowed)
    ledger, findings = (), ()
    if exported is not None:
        ledger, findings = exported.ledger, exported.findings
    return Converted(
        network=imported.network,
        path=os.fspath(path),
        ledger=(*imported.ledger, *ledger),
        findings=(*imported.findings, *findings),
        samples=imported.samples,
    )


def _imported(model: AnyPath | Network | Imported | Program, out: Path, options: ImportOptions | None) -> Imported:
    """The network of a model, with the ledger of its import."""
    needs("convert", model=(model, (str, PathLike, Network, Imported, Program)))
    if isinstance(model, (Network, Imported, Program)):
        _refuse_options(about("class", type(model).__name__), options)
        if isinstance(model, Imported):
            return model
        return Imported(network=model) if isinstance(model, Network) else _of_program(model)
    source = Path(model)
    require_conversion(source, out)
    if source.name.endswith(".ndp"):
        _refuse_options(about("file", source), options)
        return _of_program(load_program(source))
    return import_file(source, options)


def _of_program(program: Program) -> Imported:
    return Imported(network=program.network, ledger=program.ledger)


def _refuse_options(where: Subject, options: ImportOptions | None) -> None:
    """Refuse options of an import where nothing is imported. Raises DiagnosticError: ND054."""
    given = [flag for field, flag in FLAGS.items() if options and getattr(options, field) not in (None, False, ())]
    if given:
        message = "holds the whole network, so that no option of an import applies"
        raise DiagnosticError("import", (finding("ND054", where, message, fixes=[f"leave out {', '.join(given)}"]),))


def require_conversion(source: Path, out: Path) -> None:
    """Refuse to write a model onto itself, or as a mere copy. Raises DiagnosticError: ND077."""
    fixes = ["give the output another name"]
    try:
        same = os.path.realpath(source) == os.path.realpath(out)
    except (OSError, ValueError):  # names that no file has: reading reports them
        same = False
    if same:
        message = "is the model itself, which would be overwritten"
    elif source.name.endswith(OWN) and out.name.endswith(OWN):
        message, fixes = f"would be a copy of '{source}', which is in this format already", ["copy the file"]
    else:
        return
    raise DiagnosticError("export", (finding("ND077", about("file", out), message, fixes=fixes),))
