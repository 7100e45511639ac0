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
from neurodeploy.importers.netx.fields import Fields, Findings, printable
from neurodeploy.importers.netx.sequence import Sequence
from neurodeploy.importers.options import Imported, ImportOptions
from neurodeploy.io.archive import refuse
from neurodeploy.network import Membrane, Network, Output, SpikeCount, Time

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
            found.append(Fields(f"layer {number}", "", fields.items, findings))
        else:
            why = fields.why if isinstance(fields, Unread) else "is not a group of fields"
            findings.add("ND053", f"layer {number} {why}")
    return found


def _network_name(path: Path) -> str:
    """A valid network name made from a file name."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", path.name.removesuffix(".net")).lstrip(".-")[:200] or "network"


def load_netx(path: Path, options: ImportOptions) -> Imported:
    """Return the network of a .net file: its integers unchanged, its layers in sequence.

    Raises DiagnosticError with every fault: ND001, ND003, ND047 (no dt_s), ND051 (no netx network), ND052 (unsupported),
    ND053 (inconsistent). Source of the fields: lava-dl netx, d825ac5.
    """
    findings = Findings(str(path))
    reader = Sequence(findings)
    for number, fields in enumerate(_layers(_read(path, options.memory_limit_bytes), findings)):
        reader.layer(number, fields)
    if not findings.count and not reader.populations:
        findings.add("ND053", "has no layer with neurons")
    found = [*findings.all(), *reader.warnings]
    if options.dt_s is None:
        message = "does not specify the length of a step"
        found.append(finding("ND047", about("file", path), message, fixes=["--dt SECONDS, e.g. --dt 1e-3"]))
    found = raise_errors("import", found)
    reader.line(about("import"), "dt_s", "not in the file", f"{options.dt_s:g} s", "given by the user")
    reader.line(about("import"), "latency of a layer", "1 step in netx", "1 step per projection", "the same")
    decoder = Membrane() if reader.last is not None and reader.last.silent else SpikeCount()
    network = Network(
        name=_network_name(path),
        time=Time(dt_s=options.dt_s or 1.0),
        inputs=tuple(reader.inputs),
        populations=tuple(reader.populations),
        projections=tuple(reader.projections),
        outputs=(Output(name="output", source=reader.source, decoder=decoder),),
        metadata={"imported_from": {"format": "netx", "file": path.name}},
    )
    return Imported(network=network, ledger=tuple(reader.ledger), findings=found)
