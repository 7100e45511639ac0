"""Importer of lava-dl netx files (.net, HDF5): a lossless conversion into a Network of integers.

Layout: layer/<i>/{type, shape (channels, height, width), neuron/{type, iDecay, vDecay, vThMant, refDelay, wgtExp}, weight, bias,
stride, padding, dilation, groups, delay}. iDecay and vDecay are effective decays: du = iDecay - 1. The bias is in units of
2**6. The file does not specify the length of a step, so ImportOptions.dt_s is required.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from neurodeploy.diagnostics import about, finding, raise_errors
from neurodeploy.importers.hdf5 import Folder, Item, Unread, read_tree
from neurodeploy.importers.netx import sigma_delta
from neurodeploy.importers.netx.fields import Fields, Findings, printable
from neurodeploy.importers.netx.sequence import Resets, Sequence
from neurodeploy.importers.notes import listed
from neurodeploy.importers.options import Imported, ImportOptions
from neurodeploy.io.archive import refuse
from neurodeploy.network import Network, Output, Time

__all__ = ["load_netx"]


def _read(path: Path, limit_bytes: int | None) -> Mapping[str, Item]:
    """Return the groups of the layers by name. Raises DiagnosticError: ND001, ND003, ND051."""
    top = read_tree(path, limit_bytes).items.get("layer")
    if not isinstance(top, Folder):
        why = "it has no group 'layer'" if top is None else "its 'layer' is not a group"
        raise refuse("ND051", path, f"is HDF5, but contains no netx network: {why}")
    return top.items


def _layers(groups: Mapping[str, Item], findings: Findings) -> list[Fields]:
    """Layers in order. netx numbers them consecutively from 0."""
    numbers = sorted(int(name) for name in groups if re.fullmatch(r"0|[1-9]\d{0,8}", name))
    others = [name for name in groups if not re.fullmatch(r"0|[1-9]\d{0,8}", name)]
    if others:
        message = f"group 'layer' has {len(others)} members that are not layer numbers, first '{printable(others[0])}'"
        findings.add("ND053", message)
    gaps = sorted(set(range(len(numbers))) - set(numbers))
    if gaps or not numbers:
        findings.add("ND053", f"has {len(numbers)} layers, but no layer {gaps[0]}" if gaps else "has no layer")
    found = list[Fields]()
    for number in numbers:
        fields = groups[str(number)]
        if isinstance(fields, Folder):
            found.append(Fields(f"layer {number}", "", fields.items, findings, number))
        else:
            why = fields.why if isinstance(fields, Unread) else "is not a group of fields"
            findings.add("ND053", f"layer {number} {why}")
    return found


def _network_name(path: Path) -> str:
    """A valid network name made from a file name."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", path.name.removesuffix(".net")).lstrip(".-")[:200] or "network"


def _chosen(text: str, layers: list[Fields], findings: Findings) -> tuple[int, int]:
    """Return (first, end) of the layers that "A:B" chooses. A choice without layers, or beyond the file, is a finding."""
    count = max((item.number for item in layers), default=-1) + 1
    start, _, stop = text.partition(":")
    first, end = int(start or 0), int(stop or count)
    if first < end <= count:
        return first, end
    what = "chooses no layer" if first >= min(end, count) else "ends beyond the last layer"
    whole = f"{first if first < count else 0}:{count}"
    findings.add("ND062", f"--layers {text} {what}; the file has layers 0 to {count - 1}", fixes=[f"--layers {whole}"])
    return 0, count


def _sequence(path: Path, options: ImportOptions, findings: Findings) -> Sequence:
    """Read the chosen layers of a file."""
    resets = None
    if options.reset_interval_steps is not None:
        resets = Resets(options.reset_interval_steps, options.reset_offset_steps or 0)
    elif options.reset_offset_steps is not None:
        message = "--reset-offset shifts periodic resets, but there are none without --reset-interval"
        findings.add("ND062", message, fixes=["--reset-interval STEPS"])
    reader, layers = Sequence(findings, resets), _layers(_read(path, options.memory_limit_bytes), findings)
    first, end = _chosen(options.layers, layers, findings) if options.layers and layers else (0, len(layers))
    for fields in layers:
        if fields.number < first:
            reader.skip(fields)
        elif not options.layers or fields.number < end:
            reader.layer(fields)
    findings.ledger += sigma_delta.ledger_of(reader.populations, layers[first:end])
    if options.layers:
        asked, got = f"{len(layers)} in the file", f"{first} to {end - 1}, as given by the user"
        findings.line(about("import"), "layers", asked, got, "as skip_layers and num_layers of netx")
    return reader


def _note_resets(reader: Sequence) -> None:
    """Add the ledger line of periodic resets, and a warning (ND063) about layers without them."""
    if reader.resets is None:
        return
    got = f"every {reader.resets.interval_steps} steps, in each layer a step later"
    reader.findings.line(about("import"), "resets", "given by the user", got, "as reset_interval of netx")
    kept = [item.name for item in reader.populations if item.state_reset is None]
    if kept:
        message = f"states of {listed(kept)} are not reset: netx resets CUBA neurons only"
        fixes = ["leave out --reset-interval, and present each sample in a run of its own"]
        reader.findings.warn("ND063", message, fixes=fixes)


def load_netx(path: Path, options: ImportOptions) -> Imported:
    """Return the network of a .net file: its integers unchanged, its layers in sequence.

    Raises DiagnosticError with every fault: ND001, ND003, ND047 (no dt_s), ND051 (no netx network), ND052 (unsupported),
    ND053 (inconsistent), ND061 (weights), ND062 (options). Source of the fields: lava-dl netx, d825ac5.
    """
    findings = Findings(str(path))
    reader = _sequence(path, options, findings)
    _note_resets(reader)
    if not findings.count and not reader.populations:
        findings.add("ND053", "has no layer with neurons")
    found = [*findings.all(), *findings.warnings, *sigma_delta.warnings_of(str(path), reader.populations)]
    if options.dt_s is None:
        message = "does not specify the length of a step"
        found.append(finding("ND047", about("file", path), message, fixes=["--dt SECONDS, e.g. --dt 1e-3"]))
    found = raise_errors("import", found)
    findings.line(about("import"), "dt_s", "not in the file", f"{options.dt_s:g} s", "given by the user")
    findings.line(about("import"), "latency of a layer", "1 step in netx", "1 step per projection", "the same")
    network = Network(
        name=_network_name(path),
        time=Time(dt_s=options.dt_s or 1.0),
        inputs=sigma_delta.driven_by_values(reader.inputs, reader.populations),
        populations=tuple(reader.populations),
        projections=tuple(reader.projections),
        outputs=(Output(name="output", source=reader.source, decoder=reader.decoder),),
        metadata={"imported_from": {"format": "netx", "file": path.name}},
    )
    return Imported(network=network, ledger=tuple(findings.ledger), findings=found)
