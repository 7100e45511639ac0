"""Options of the commands that compile, derived from the fields of CompileOptions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from neurodeploy.base.plain import as_items
from neurodeploy.cli.options import field_option, option_name
from neurodeploy.cli.paths import read_option
from neurodeploy.compiler import CompileOptions
from neurodeploy.diagnostics import DiagnosticError, Subject, about, finding
from neurodeploy.io.archive import open_npz_arrays
from neurodeploy.mapping import MappingOptions
from neurodeploy.network import Network
from neurodeploy.simulate import load_recording

__all__ = [
    "AvoidCores",
    "FixTime",
    "Level",
    "MaxCores",
    "Optimize",
    "Partitioners",
    "Pin",
    "Positions",
    "Seed",
    "TimeLimit",
    "Traffic",
    "contradicting_options",
    "given_fields",
    "recorded_rates",
    "values_by_neuron",
]

Several = list[Any] | None
Seed = Annotated[int, field_option(CompileOptions, "placement_seed", metavar="SEED")]
Level = Annotated[int, field_option(CompileOptions, "level", "-O", "--level")]
Optimize = Annotated[str, field_option(CompileOptions, "optimize")]
MaxCores = Annotated[int | None, field_option(CompileOptions, "max_cores")]
TimeLimit = Annotated[float | None, field_option(CompileOptions, "time_limit_s")]
AvoidCores = Annotated[
    Several,
    field_option(CompileOptions, "avoid_cores", text="Physical cores to leave empty, such as 3 or 8-11. Repeatable."),
]
Pin = Annotated[
    Several,
    field_option(
        CompileOptions,
        "pins",
        "--pin",
        metavar="POPULATION=CORES",
        text="Physical cores that a population may use, such as hidden=0-15. Repeatable.",
    ),
]
FixTime = Annotated[float | None, field_option(CompileOptions, "fix_time_s")]
Partitioners = Annotated[Several, field_option(CompileOptions, "partitioners", "--partitioner")]
Traffic = Annotated[
    Path | None,
    read_option("--traffic", "A recording (.ndr) of this network, whose spikes guide the placement of cores."),
]
Positions = Annotated[
    Path | None,
    read_option("--positions", "An .npz of (neurons, coordinates) by population: close neurons share cores."),
]
FLAGS = {"level": "-O", "pins": "--pin", "partitioners": "--partitioner"}
"""Fields whose options have other names."""
TABLES = (
    "weight_bits",
    "prune",
    "prune_sources",
    "max_delay",
    "share_parameters",
    "clip_weights",
    "channel_scales",
    "doublings",
)
"""Fields of values by name; the last value of a name counts."""


def given_fields(**typed: object) -> dict[str, Any]:
    """Return the fields of CompileOptions that were set by options; omitted options are absent.

    `typed`: field -> value returned by its parser, or a list of values for tables and tuples.
    """
    plain = {name: value for name, value in typed.items() if value is not None and as_items(value) is None}
    several = {name: items for name, value in typed.items() if (items := as_items(value)) is not None}
    found: dict[str, Any] = {**plain, **{name: dict(items) for name, items in several.items() if name in TABLES}}
    if "pins" in several:
        pins = found["pins"] = dict[str, tuple[int, ...]]()
        for population, cores in several["pins"]:
            pins[population] = (*pins.get(population, ()), *cores)
    if "avoid_cores" in several:
        found["avoid_cores"] = tuple(sorted({core for cores in several["avoid_cores"] for core in cores}))
    if "partitioners" in several:
        found["partitioners"] = tuple(dict.fromkeys(several["partitioners"]))
    return found


def contradicting_options(fields: Mapping[str, Any]) -> list[str]:
    """Return the options that contradict a compiled program, with the reason: its integers and its cores are fixed."""
    usual, found = CompileOptions(), list[str]()
    for name in CompileOptions.model_fields:
        if name in fields and fields[name] != getattr(usual, name) and name not in ("strict", "fixes", "fix_time_s"):
            settled = "placed" if name in MappingOptions.model_fields else "quantized"
            found.append(f"{FLAGS.get(name) or option_name(name)} (the program is {settled})")
    return sorted(found, key=lambda text: "placed" in text)


def _refused(code: str, where: Subject, message: str) -> DiagnosticError:
    return DiagnosticError("usage", (finding(code, where, message),))


def values_by_neuron(
    traffic: Path | None, positions: Path | None, network: Network, *, per_step: bool = False
) -> dict[str, Any]:
    """Return the fields of CompileOptions that are read from files, with a value for every neuron.

    `per_step`: rates are spikes in a step, of input lines too, as a model of the step needs them.

    Raises DiagnosticError: as `recorded_rates`; ND404 (positions that are not finite numbers), and those of a damaged file.
    """
    rates = {} if traffic is None else {"rates": recorded_rates(traffic, network, per_step=per_step)}
    return rates if positions is None else {**rates, "positions": _positions(positions)}


def _positions(path: Path) -> dict[str, Any]:
    found = open_npz_arrays(path)
    for name, array in found.items():
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise _refused(
                "ND404", about("file", path), f"array '{name}', {array.dtype} {array.shape}, needs finite numbers"
            )
    return found


def recorded_rates(path: Path, network: Network, *, per_step: bool = False) -> dict[str, Any]:
    """Return the number of spikes of each neuron of a recording, by population.

    `per_step`: spikes in a step instead, over all samples, and those of each line of inputs too.

    Raises DiagnosticError: ND703 (the recording is not of this network's populations), and those of a damaged file.
    """
    recording, rates = load_recording(path), dict[str, Any]()
    for item in network.populations:
        known = recording.recorded is None or item.name in recording.recorded
        rows = recording.spikes.get(item.name) if known else None
        if rows is None or (rows.size and int(rows[:, 2].max()) >= item.size):
            message = f"is not a recording of this network: it has no spikes of population '{item.name}', {item.size:,} neurons"
            raise _refused("ND703", about("file", path), message)
        rates[item.name] = np.bincount(rows[:, 2], minlength=item.size).astype(np.float64)
    if not per_step:
        return rates
    for item in network.inputs:
        rows = recording.input_spikes.get(item.name, np.zeros((0, 3), dtype=np.int32))
        counted = np.bincount(rows[:, 2], minlength=item.size).astype(np.float64)
        rates |= {item.name: counted} if counted.size == item.size else {}
    steps = recording.n_samples * (recording.n_steps - recording.first_step + 1)
    return {name: np.minimum(values / max(steps, 1), 1.0) for name, values in rates.items()}
