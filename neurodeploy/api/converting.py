"""nd.convert: a trained network as a spiking one, and a spiking network as a file of another format."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, cast, overload

from numpy.typing import ArrayLike

from neurodeploy.base.noun import Noun
from neurodeploy.convert.options import Conversion, ConvertChoices, ConvertOptions
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Subject, about, finding
from neurodeploy.diagnostics.choices import chosen, needs
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.exporters import LossName, save_as
from neurodeploy.exporters.save import OWN, losses_named, require_writable
from neurodeploy.hardware import Target
from neurodeploy.importers import Imported, ImportOptions
from neurodeploy.importers import load as import_file
from neurodeploy.importers.options import FLAGS
from neurodeploy.importers.trained import is_trained
from neurodeploy.network import Network
from neurodeploy.program import Program, load_program
from neurodeploy.signals import SampleValues

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Converted", "convert", "require_conversion"]

AnyPath = str | PathLike[str]
Calibration = AnyPath | ArrayLike | Mapping[str, ArrayLike] | SampleValues
"""Samples of the training: a path, an array, input -> array, or SampleValues."""


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


@overload
def convert(
    model: AnyPath | Network | Imported | Program,
    path: AnyPath,
    options: ImportOptions | None = None,
    *,
    lossy: str | Collection[LossName | str] = (),
) -> Converted: ...


@overload
def convert(
    model: object,
    path: AnyPath | None = None,
    options: ConvertOptions | None = None,
    *,
    calibration: Calibration,
    labels: ArrayLike | None = None,
    target: str | PathLike[str] | Target = "loihi1",
    **choices: Unpack[ConvertChoices],
) -> Conversion: ...


def convert(
    model: object,
    path: AnyPath | None = None,
    options: ImportOptions | ConvertOptions | None = None,
    *,
    lossy: str | Collection[LossName | str] = (),
    calibration: Calibration | None = None,
    labels: ArrayLike | None = None,
    target: str | PathLike[str] | Target = "loihi1",
    **choices: Unpack[ConvertChoices],
) -> Converted | Conversion:
    """Convert a trained network to a spiking one; or write a spiking network as a file of another format.

    `model`: a trained network (the path of an .onnx, .keras or .h5 file; the bytes of an ONNX file; a scikit-learn estimator or
    pipeline; a torch.nn.Module; a keras.Model), which needs `calibration`: samples of the training, (samples, *shape), or the path of
    an .npz file with them. `labels`: (samples,) classes; without them the trained network's own answers count. `target`: the
    chip, whose neurons decide how values are coded. `options` and `choices`: fields of ConvertOptions, such as steps=16.
    The result is accepted wherever a network is; `path`: a .nd.json file to write as well.

    Or a spiking network (a Network, or a file with one), which is written to `path`, .nir or .nd.json, and returned with the
    ledger of both ways. `options`: facts that a file does not contain (see ImportOptions). `lossy`: what the written file may lose, such as
    "reset"; "all" for everything. The metadata of a .nir file keeps all of it for neurodeploy.

    Raises DiagnosticError: ND800-ND869 (trained networks); those of nd.load and nd.save, ND075-ND077 (exports), ND701 (an
    unknown loss).

    Example: nd.convert(classifier, calibration=x_train[:500], target="loihi1", steps=16)
    """
    if calibration is not None or is_trained(model):
        given = cast("ConvertOptions | None", options)
        settings = chosen("convert", ConvertOptions, given, choices, ("calibration", "labels", "target"))
        return _convert_trained(model, path, settings, calibration, labels, target)
    needs("convert", path=(path, (str, PathLike)), options=(options, (ImportOptions, type(None))))
    needs("convert", model=(model, (str, PathLike, Network, Imported, Program)))
    return _rewrite(cast("Network", model), cast("AnyPath", path), cast("ImportOptions | None", options), lossy)


def _convert_trained(
    model: object,
    path: AnyPath | None,
    settings: ConvertOptions,
    calibration: Calibration | None,
    labels: ArrayLike | None,
    target: str | PathLike[str] | Target,
) -> Conversion:
    """A trained network as a spiking one, which is written if there is a path."""
    from neurodeploy.api.fitting import with_fitting_scheme
    from neurodeploy.convert.convert import convert_trained
    from neurodeploy.convert.destination import with_target
    from neurodeploy.convert.samples import calibration_samples, example_of, opened_samples
    from neurodeploy.convert.schemes import convertible_target
    from neurodeploy.importers.trained import read_trained

    needs("convert", path=(path, (str, PathLike, type(None))), target=(target, (str, PathLike, Target)))
    if path is not None:
        require_writable(Path(path))
    opened = opened_samples(calibration)
    read = read_trained(model, example_of(opened), settings.task)
    if calibration is None:
        message = "needs samples of the training: largest values of layers are found on them"
        fixes = ["nd.convert(model, calibration=x_train[:500])", "--calibrate FILE.npz"]
        raise DiagnosticError("convert", (finding("ND840", about("model", read.network.name), message, fixes=fixes),))
    samples = calibration_samples(read.network, opened, labels)
    chip = convertible_target(target)
    made = convert_trained(read, samples, chip, settings)
    made = with_fitting_scheme(made, chip, settings, lambda other: convert_trained(read, samples, chip, other))
    made = made.model_copy(update={"network": with_target(made.network, chip.name)})
    if path is not None:
        save_as(made.network, Path(path), losses_named((), "convert"))
    return made


def _rewrite(
    model: AnyPath | Network | Imported | Program,
    path: AnyPath,
    options: ImportOptions | None,
    lossy: str | Collection[LossName | str],
) -> Converted:
    """A spiking network as a file of another format."""
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
