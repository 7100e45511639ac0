"""Networks whose compilation is timed, and the worker that times them.

Started as `python compile_cases.py KEY`; compiles once and prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import networks
import numpy as np
import workloads

import neurodeploy as nd
from neurodeploy.compiler import compile_network
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network.operations import Conv2d, Dense, Operation, WeightFormat

__all__ = ["CASES", "CompileCase"]

ROOT = Path(__file__).resolve().parents[1]
FORMAT = WeightFormat(weight_bits=8)
PILOTNET = "real_inputs/public_files/pilotnet_sdnn_tut.net"


class MissingError(Exception):
    """The data of a case are not on this machine."""


def _even(values: Any) -> Any:
    """Weights as even mantissas of 8 bits; the largest becomes 126."""
    return 2 * np.rint(values / np.abs(values).max() * 63).astype(np.int64)


def digits() -> nd.Network:
    """The network of the first example."""
    return nd.load(ROOT / "examples" / "digits" / "digits.nd.json")


def w2() -> nd.Network:
    """W2 of the race."""
    return networks.network(workloads.build("w2"))


def pilotnet() -> nd.Network:
    """PilotNet with its published weights (lava-dl's tutorial) as even integers, on integer compartments."""
    import h5py

    path = Path(os.environ.get("NEURODEPLOY_REFERENCE_DATA", ROOT.parent / "shared")) / PILOTNET
    if not path.is_file():
        raise MissingError(f"{PILOTNET} is missing: set NEURODEPLOY_REFERENCE_DATA")
    source, shape, populations, projections = "input", (3, 66, 200), [], []
    with h5py.File(path) as file:
        layers = [file["layer"][key] for key in sorted(file["layer"], key=int)]  # type: ignore[index]
        for number, layer in enumerate(layers):
            if "weight" not in layer:
                continue
            weights, size = _even(np.asarray(layer["weight"])), tuple(int(n) for n in layer["shape"][()])
            operation: Operation = Dense(weights=weights)
            if weights.ndim == 4:
                stride, padding = (tuple(int(n) for n in layer[name][()]) for name in ("stride", "padding"))
                operation = Conv2d(input_shape=shape, weights=weights, stride=stride, padding=padding)  # type: ignore[arg-type]
            populations.append(_population(f"layer{number}", size, vth_mant=1000))
            projections.append(_projection(source, populations[-1].name, operation))
            source, shape = populations[-1].name, size
    return _network("pilotnet", (3, 66, 200), populations, projections)


GESTURES = (("c1", 16, 4, 2), ("c2", 32, 3, 1), ("c3", 64, 3, 1), ("c4", 11, 3, 1))
"""(name, channels, kernel, stride), valid padding."""


def gestures() -> nd.Network:
    """Six layers behind an event camera of 32 x 32 pixels: a relay, four convolutions, a dense layer; 18,678 neurons."""
    rng, shape, source = np.random.default_rng(0), (1, 32, 32), "relay"
    populations = [_population("relay", shape, vth_mant=200)]
    projections = [_projection("input", "relay", Conv2d(input_shape=shape, weights=_drawn(rng, (1, 1, 1, 1))))]
    for name, channels, kernel, stride in GESTURES:
        weights = _drawn(rng, (channels, shape[0], kernel, kernel))
        operation = Conv2d(input_shape=shape, weights=weights, stride=(stride, stride))
        side = (shape[1] - kernel) // stride + 1
        shape = (channels, side, side)
        populations.append(_population(name, shape, vth_mant=200))
        projections.append(_projection(source, name, operation))
        source = name
    populations.append(_population("out", (11,), vth_mant=200))
    projections.append(_projection(source, "out", Dense(weights=_drawn(rng, (11, populations[-2].size)))))
    return _network("gestures", (1, 32, 32), populations, projections)


def _drawn(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Even mantissas, none of them 0."""
    return 2 * rng.integers(1, 60, shape)


def _population(name: str, shape: tuple[int, ...], vth_mant: int) -> nd.Population:
    return nd.Population(name=name, shape=shape, neuron=nd.LoihiCuba(du=4095, dv=64, vth_mant=vth_mant))


def _projection(source: str, target: str, operation: Operation) -> nd.Projection:
    name = f"{source}_to_{target}"
    return nd.Projection(name=name, source=source, target=target, operation=operation, weight_format=FORMAT)


def _network(
    name: str, shape: tuple[int, ...], populations: list[nd.Population], projections: list[nd.Projection]
) -> nd.Network:
    return nd.Network(
        name=name,
        time=nd.Time(dt_s=1e-3),
        inputs=[nd.Input(name="input", shape=shape)],
        populations=populations,
        projections=projections,
    )


class CompileCase(NamedTuple):
    """A network and its target."""

    title: str
    build: Callable[[], nd.Network]
    target: str


CASES = {
    "digits": CompileCase("digits", digits, "loihi1"),
    "w2": CompileCase("W2", w2, "loihi1"),
    "pilotnet": CompileCase("PilotNet", pilotnet, "loihi2"),
    "dvs": CompileCase("six layers of an event camera", gestures, "loihi1"),
}


def measured(key: str) -> dict[str, Any]:
    """Return the seconds of compiling a case once, without those of building its network."""
    case = CASES[key]
    network, target = case.build(), nd.load_target(case.target)
    start, used = time.perf_counter(), time.process_time()
    program = compile_network(network, target).require()
    return {
        "wall_s": time.perf_counter() - start,
        "processor_s": time.process_time() - used,
        "neurons": program.tables.n_rows,
        "cores": program.tables.n_cores,
    }


def main() -> None:
    """Print the figures of one case, or why there are none."""
    try:
        found: dict[str, Any] = measured(sys.argv[1])
    except (MissingError, DiagnosticError) as error:
        found = {"failed": str(error).splitlines()[0]}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
