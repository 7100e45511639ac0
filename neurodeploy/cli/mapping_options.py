"""Command line: what the user may say of a mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer

from neurodeploy.cli.option_types import cores, one_of, pinned, real, whole
from neurodeploy.cli.paths import read_option
from neurodeploy.diagnostics import DiagnosticError, Subject, about, finding
from neurodeploy.io.archive import open_npz_arrays
from neurodeploy.mapping.options_check import PACKAGES
from neurodeploy.network import Network
from neurodeploy.simulate import load_recording

__all__ = [
    "AvoidCores",
    "FixTime",
    "Level",
    "MappingChoices",
    "Pin",
    "Positions",
    "Start",
    "TimeLimit",
    "Traffic",
    "mapping_update",
    "of_neurons",
    "placed_by",
    "traffic_rates",
]

Level = Annotated[
    int,
    typer.Option(
        "-O", "--optimize", parser=whole("--optimize", 0, 3), metavar="LEVEL",
        help="0: first fit, row by row; 1: placed by traffic; 2: neurons move for fewer cores; 3: longer.",
    ),
]  # fmt: skip
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        parser=real("--time-limit", "a number of seconds", least=0.1),
        metavar="SECONDS",
        help="Seconds for the search of -O2 and -O3 and the placement; the best so far counts.",
    ),
]
AvoidCores = Annotated[
    list[Any] | None,
    typer.Option(
        "--avoid-cores",
        parser=cores("--avoid-cores"),
        metavar="CORES",
        help="Physical cores that hold nothing: 3, or 8-11; repeatable.",
    ),
]
Pin = Annotated[
    list[Any] | None,
    typer.Option(
        "--pin",
        parser=pinned("--pin"),
        metavar="POPULATION=CORES",
        help="POPULATION=CORES, such as hidden=0-15; repeatable.",
    ),
]
FixTime = Annotated[
    float | None,
    typer.Option(
        "--fix-time",
        parser=real("--fix-time", "a number of seconds", least=0),
        metavar="SECONDS",
        help="Seconds for all fixes together; default: a few times the compilation, 0: none.",
    ),
]
Traffic = Annotated[
    Path | None,
    read_option("--traffic", "A recording (.ndr) of this network: cores are placed by its spikes."),
]
Positions = Annotated[
    Path | None,
    read_option("--positions", "An .npz of (neurons, coordinates) by population: near neurons share cores."),
]
Start = Annotated[
    list[str] | None,
    typer.Option(
        "--start",
        parser=one_of("--start", tuple(PACKAGES)),
        metavar="PACKAGE",
        help="metis or mtkahypar (their packages): the search of -O2 begins there too; repeatable.",
    ),
]


class MappingChoices(NamedTuple):
    """Options of a mapping, as typed."""

    level: int = 1
    time_limit: float | None = None
    avoid: list[tuple[int, ...]] | None = None
    pin: list[tuple[str, tuple[int, ...]]] | None = None
    traffic: Path | None = None
    positions: Path | None = None
    start: list[str] | None = None


def _refused(code: str, where: Subject, message: str) -> DiagnosticError:
    return DiagnosticError("usage", (finding(code, where, message),))


def placed_by(choices: MappingChoices) -> list[str]:
    """Return the options of a mapping that were given."""
    words, usual = {"level": "optimize", "avoid": "avoid-cores"}, MappingChoices()._asdict()
    return [
        words.get(name, name.replace("_", "-")) for name, value in choices._asdict().items() if value != usual[name]
    ]


def mapping_update(choices: MappingChoices) -> dict[str, Any]:
    """Return the fields of CompileOptions that follow from it."""
    pins: dict[str, tuple[int, ...]] = {}
    for name, pinned_to in choices.pin or []:
        pins[name] = (*pins.get(name, ()), *pinned_to)
    avoid = {core for given in choices.avoid or [] for core in given}
    starts = tuple(dict.fromkeys(choices.start or []))
    found = {"level": choices.level, "time_limit_s": choices.time_limit, "starts": starts}
    return {**found, "avoid_cores": tuple(sorted(avoid)), "pins": pins}


def of_neurons(choices: MappingChoices, network: Network) -> dict[str, Any]:
    """Return the fields of CompileOptions that files give of every neuron.

    Raises DiagnosticError: as `traffic_rates`; ND404 (positions that are no numbers), and those of a damaged file.
    """
    rates = {"rates": traffic_rates(choices.traffic, network)} if choices.traffic is not None else {}
    return {**rates, **({"positions": _positions(choices.positions)} if choices.positions is not None else {})}


def _positions(path: Path) -> dict[str, Any]:
    found = open_npz_arrays(path)
    for name, given in found.items():
        if given.dtype.kind not in "iuf" or not np.isfinite(given).all():
            raise _refused(
                "ND404", about("file", path), f"array '{name}', {given.dtype} {given.shape}, needs finite numbers"
            )
    return found


def traffic_rates(path: Path, network: Network) -> dict[str, Any]:
    """Return spikes of each neuron of a recording, by population.

    Raises DiagnosticError: ND703 (the recording is not of this network's populations), and those of a damaged file.
    """
    recording, rates = load_recording(path), dict[str, Any]()
    for item in network.populations:
        known = recording.recorded is None or item.name in recording.recorded
        rows = recording.spikes.get(item.name) if known else None
        if rows is None or (rows.size and int(rows[:, 2].max()) >= item.size):
            message = (
                f"is no recording of this network: it has no spikes of population '{item.name}', {item.size:,} neurons"
            )
            raise _refused("ND703", about("file", path), message)
        rates[item.name] = np.bincount(rows[:, 2], minlength=item.size).astype(np.float64)
    return rates
