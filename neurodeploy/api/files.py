"""nd.load and nd.save: files of all kinds, by suffix; and nd.load_nengo, of a function or a text."""

from __future__ import annotations

import inspect
import textwrap
import warnings
from collections.abc import Callable, Collection
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, overload

from pydantic import ValidationError

from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics import DiagnosticError, FindingWarning, Subject, about, finding, render_all
from neurodeploy.diagnostics.choices import needs
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.exporters import LossName, save_as
from neurodeploy.exporters.save import FORMATS
from neurodeploy.importers import Imported, ImportOptions
from neurodeploy.importers import load as import_file
from neurodeploy.importers.load import is_readable, load_text, readable
from neurodeploy.importers.look_alikes import content_of, described
from neurodeploy.io.archive import open_npz_arrays, tensor_bytes, write_atomically
from neurodeploy.network import Network
from neurodeploy.network.files import save_network
from neurodeploy.program import Program, load_program, save_program
from neurodeploy.signals.learned import Learned
from neurodeploy.signals.stimulus import LABELS, without_labels
from neurodeploy.simulate import Recording, RunState, SampleValues, Stimulus
from neurodeploy.simulate.recording_files import (
    load_learned,
    load_recording,
    load_state,
    save_learned,
    save_recording,
    save_state,
)

__all__ = ["KINDS", "load", "load_nengo", "save"]

Kept = TypeVar("Kept", Network, Imported, Program, Recording, RunState, Learned, SampleValues)
Saved = Network | Program | Recording | RunState | Learned | SampleValues
"""Everything that has a file format."""
AnyPath = str | PathLike[str]
TENSORS = ".nd.npz"
"""Suffix of the tensor file of a network."""
OTHERS = tuple(item.suffix for item in FORMATS)
"""Further suffixes of networks."""


def _load_samples(path: Path) -> SampleValues:
    """The samples of an .npz file: one array for each input, and `labels`, or `y` beside a single one, if present."""
    arrays = open_npz_arrays(path)
    fields = [name for name, array in arrays.items() if array.dtype.names]
    if fields:
        message = f"holds structured events, in '{fields[0][:60]}', which only their network's encoder can read"
        raise _refused("ND505", about("file", path), message, "give its path to nd.run or nd.encode")
    inputs = [name for name in arrays if name not in LABELS]
    values, labels = without_labels(arrays, inputs)
    document = {"labels": labels, "values": values}
    try:
        return SampleValues.model_validate(document)
    except ValidationError as error:
        raise DiagnosticError(
            "files", schema_findings("ND505", about("file", path), error, document, SampleValues)
        ) from None


def _save_samples(samples: SampleValues, path: Path) -> None:
    known = None if samples.labels is None else samples.labels.size
    faults = list[str]()
    if samples.n_samples not in (None, known):
        faults.append(f"n_samples = {samples.n_samples} cannot be stored in an .npz, where only labels determine it")
    if samples.encoders:
        faults.append("the unit of its events cannot be stored in an .npz; keep the recording itself")
    if "labels" in samples.values:
        faults.append("an input is named 'labels', a name reserved for labels in an .npz")
    if faults:
        raise DiagnosticError("files", tuple(finding("ND036", about("file", path), fault) for fault in faults))
    labels = {} if samples.labels is None else {"labels": samples.labels}
    write_atomically(path, tensor_bytes({**samples.values, **labels}))


def _load_network(path: Path) -> Network:
    return import_file(path).network


class Kind(NamedTuple):
    """A class with a file format."""

    noun: type[Any]
    word: str
    suffix: str
    save: Callable[[Any, Path], None]
    load: Callable[[Path], Any]


KINDS = (
    Kind(Network, "a network", ".nd.json", save_network, _load_network),
    Kind(Program, "a program", ".ndp", save_program, load_program),
    Kind(Recording, "a recording", ".ndr", save_recording, load_recording),
    Kind(RunState, "the state of a run", ".nds", save_state, load_state),
    Kind(Learned, "learned weights", ".learned.npz", save_learned, load_learned),
    Kind(SampleValues, "samples", ".npz", _save_samples, _load_samples),
)
_PARTS: dict[type[Any], str] = {Compilation: ".program", Imported: ".network"}
_FILES = ", ".join(f"{kind.word} {kind.suffix}" for kind in KINDS)


def _refused(code: str, where: Subject, message: str, *fixes: str) -> DiagnosticError:
    return DiagnosticError("files", (finding(code, where, message, fixes=fixes),))


def save(noun: Saved, path: AnyPath, *, lossy: str | Collection[LossName | str] = ()) -> None:
    """Write a network (.nd.json, .nir), a program (.ndp), a recording (.ndr), a state (.nds), learned weights (.learned.npz) or
    samples (.npz) to a file.

    Equal objects give equal bytes; the command line uses the same files. The arrays of a network are written to
    NAME.nd.npz in the same folder. `lossy`: what a .nir file may lose for other tools, such as "reset", or "all"; nd.convert
    also returns the ledger.

    Raises DiagnosticError: ND007 (cannot be written), ND035 (wrong suffix), ND036 (an object without a file format),
    ND075, ND076 (a network that NIR cannot express), ND701 (an unknown loss).

    Example: nd.save(network, "echo.nd.json")
    """
    needs("save", path=(path, (str, PathLike)))
    if isinstance(noun, Network) and Path(path).name.endswith(OTHERS) and Path(path).name not in OTHERS:
        save_as(noun, Path(path), lossy)
        return
    kind = next((item for item in KINDS if isinstance(noun, item.noun)), None)
    if kind is None:
        inside = _PARTS.get(type(noun))
        fixes = [f"save its {inside}"] if inside else []
        if isinstance(noun, Stimulus):
            fixes = ["save the SampleValues that it was encoded from"]
        message = f"has no file format; these have one: {_FILES}"
        raise _refused("ND036", about("class", type(noun).__name__), message, *fixes)
    file = Path(path)
    if not file.name.endswith(kind.suffix) or file.name == kind.suffix or file.name.endswith(TENSORS):
        suffixes = " or ".join((kind.suffix, *(OTHERS if kind.noun is Network else ())))
        message = f"has the wrong suffix for {kind.word}, which needs {suffixes}"
        ends = (TENSORS, *(item.suffix for item in KINDS), file.suffix)
        stem = file.name.removesuffix(next(end for end in ends if file.name.endswith(end))).removesuffix(".nd") or "net"
        raise _refused("ND035", about("file", file), message, f"write it to '{file.parent / (stem + kind.suffix)}'")
    kind.save(noun, file)


@overload
def load(path: AnyPath, options: ImportOptions, *, kind: None = None) -> Network: ...
@overload
def load(path: AnyPath, options: ImportOptions | None = None, *, kind: type[Kept]) -> Kept: ...
@overload
def load(
    path: AnyPath, options: None = None, *, kind: None = None
) -> Any: ...  # a union would be an error in every use
def load(
    path: AnyPath, options: ImportOptions | None = None, *, kind: type[Saved | Imported] | None = None
) -> Saved | Imported:
    """Return the object in a file. The suffix determines its type.

    .nd.json, .nir, .net, SONATA's .json and Nengo's FILE.py:NAME give a Network, .ndp a Program, .ndr a Recording, .nds a
    RunState, .learned.npz what was Learned, other .npz SampleValues.

    `options`: facts that an imported file does not contain (see ImportOptions). `kind`: the expected type, which a type
    checker then infers; `kind=nd.Imported` returns the network with its ledger and the findings of the import. Without it,
    warnings of the import become Python warnings (FindingWarning).

    Raises DiagnosticError: ND001-ND008 and ND012 (files), ND009 (unknown suffix), ND011 (inconsistent program), ND035
    (options for a file that takes none), ND037 (another type than `kind`), ND040-ND093 (imports), ND505 (samples).

    Example: nd.load("model.nir", nd.ImportOptions(dt_s=1e-4, reset="zero"))
    """
    needs(
        "load",
        path=(path, (str, PathLike)),
        options=(options, (ImportOptions, type(None))),
        kind=(kind, (type, type(None))),
    )
    file = Path(path)
    found = next((item for item in KINDS if file.name.endswith(item.suffix)), None)
    if file.name.endswith(TENSORS):
        document = file.with_name(file.name.removesuffix(TENSORS) + KINDS[0].suffix)
        raise _refused("ND009", about("file", file), "holds the arrays of a network", f"load '{document}'")
    if found is None and not is_readable(file.name):
        every = ", ".join((*readable(), *(item.suffix for item in KINDS[1:])))
        content = content_of(file)
        message = f"has an unsupported suffix; supported are {every}{described(content)}"
        raise _refused("ND009", about("file", file), message, *([] if content is None else [content.way_in]))
    file_kind = found or KINDS[0]
    if kind is not None and not (kind is file_kind.noun or (kind is Imported and file_kind.noun is Network)):
        message = f"holds {file_kind.word} by its suffix, but a {getattr(kind, '__name__', kind)} is expected"
        fixes = ["load the program, and take its .network"] if kind is Network and file_kind.noun is Program else []
        raise _refused("ND037", about("file", file), message, *fixes)
    if file_kind.noun is Network:
        imported = import_file(file, options)
        if kind is Imported:
            return imported
        for item in imported.findings:  # a network carries none
            if item.severity == "warning":
                warnings.warn(render_all((item,)), FindingWarning, stacklevel=2)
        return imported.network
    if options is not None:
        message = f"holds {file_kind.word}, which takes no import options"
        raise _refused(
            "ND035", about("file", file), message, f"omit the options, which are for {', '.join(readable())}"
        )
    return file_kind.load(file)


def load_nengo(
    source: Callable[[], object] | str, name: str | None = None, options: ImportOptions | None = None
) -> Imported:
    """Return the Nengo network of a function or a text, with the spikes of its input as `samples`.

    `source`: a function without arguments that returns a nengo.Network, or the text of a module. Its text is run in the
    interpreter of nengo-loihi, where nengo, nengo_loihi, numpy and np need no import; other names of a notebook are not
    there. `name`: the network in the text, or a function of it; default: the only network. `options`: facts that the network
    does not contain (see ImportOptions).

    Raises DiagnosticError: ND002 (arguments), ND009 (no importer is installed), ND054 (options), ND080-ND085, ND501
    (nengo-loihi is not installed).

    Example: nd.load_nengo(make_network).network
    """
    text = (str, type(None))
    needs("load_nengo", name=(name, text), options=(options, (ImportOptions, type(None))))
    if isinstance(source, str):
        return load_text(".py", source, name or "", options or ImportOptions())
    try:
        if not inspect.isfunction(source) or source.__name__ == "<lambda>":
            raise TypeError
        written = textwrap.dedent(inspect.getsource(source))
    except (OSError, TypeError):
        given = type(source).__name__
        message = f"argument 'source': a {given} has no source text that another interpreter could run"
        fixes = ["pass a function that makes the network and returns it, written with def", "pass the text of a module"]
        raise DiagnosticError(
            "load_nengo", (finding("ND002", about("function", "load_nengo"), message, fixes=fixes),)
        ) from None
    return load_text(".py", written, name or source.__name__, options or ImportOptions())
