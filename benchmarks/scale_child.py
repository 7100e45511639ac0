"""One measurement of scale in a process of its own: a line of JSON with its figures, processor seconds and peak of memory."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scale_networks import microcircuit, sheet

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.hardware import load_target, on_board
from neurodeploy.mapping import fit_layers
from neurodeploy.network.layer_shapes import LayerShape, LayerStack

__all__ = ["CASES"]

EMULATION = Path(__file__).with_name("emulation.toml")
STEPS = 500
"""Steps of the microcircuit's run, behind the burst of its start."""


def pd14(scale: float) -> dict[str, Any]:
    """The microcircuit, compiled for large cores, written to a file without synapses, loaded and run."""
    network = microcircuit(scale)
    result = compile_network(network, load_target(EMULATION), CompileOptions(level=1))
    program = _required(result.program, result)
    found: dict[str, Any] = {"compile_peak_gib": peak_gib(), "compile_cpu_s": time.process_time()}
    found |= {"neurons": program.tables.n_rows, "synapses": int(program.tables.entry_mantissa.size)}
    found |= {"cores": program.tables.n_cores, "stage_s": _rounded(result.stage_seconds)}
    del result
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pd14.ndp"
        begun = time.perf_counter()
        nd.save(program, path)
        found |= {"save_s": time.perf_counter() - begun, "file_bytes": path.stat().st_size}
    begun, cpu = time.perf_counter(), time.process_time()
    recording = nd.run(program, nd.Stimulus(n_samples=1, n_steps=STEPS, spikes={}))
    found |= {"run_s": time.perf_counter() - begun, "run_cpu_s": time.process_time() - cpu, "steps": STEPS}
    spikes = int(sum(np.asarray(rows).shape[0] for rows in recording.spikes.values()))
    return {**found, "spikes": spikes}


def ten_million(neurons: int) -> dict[str, Any]:
    """A sheet of cortex, checked and mapped to Hala Point; its tables are not written."""
    network, target = sheet(neurons), on_board(load_target("loihi2"), "hala_point")
    result = compile_network(network, target, CompileOptions(level=1), stop="place")
    mapping = _required(result.mapping, result)
    per_chip, ids = int(target.chip.cores.value), mapping.core_ids
    chips = np.unique((np.arange(mapping.n_cores) if ids is None else ids) // per_chip).size
    return {
        "neurons": sum(item.size for item in network.populations),
        "synapses": sum(item.connectivity.n_synapses for item in mapping.quantized.projections),
        "cores": mapping.n_cores,
        "chips": int(chips),
        "lower_bounds": result.lower_bounds,
        "pairs": int(mapping.pairs.source.size) if mapping.pairs is not None else None,
        "stage_s": _rounded(result.stage_seconds),
    }


def plan(neurons: int) -> dict[str, Any]:
    """What a sheet of `neurons` neurons takes for each neuron, from which a plan for larger ones is made.

    The sheet is a torus, so every part of a larger one takes the same but for the rims of its shards.
    """
    network, target = sheet(neurons), on_board(load_target("loihi2"), "hala_point")
    begun = dict[str, float]()
    result = compile_network(
        network,
        target,
        CompileOptions(level=1),
        stop="place",
        progress=lambda stage, *_: begun.setdefault(stage, time.process_time()),
    )
    end = time.process_time()
    mapping = _required(result.mapping, result)
    shards_s = begun["place"] - begun["partition"]
    ids, pairs = mapping.core_ids, mapping.pairs
    chip = ids // int(target.chip.cores.value)
    home = np.concatenate([mapping.core_of[item.name] for item in network.populations])
    to = np.repeat(np.arange(mapping.n_cores), np.diff(pairs.ptr))
    crossing = int(np.count_nonzero(chip[home[pairs.source]] != chip[to]))
    largest = max(network.populations, key=lambda item: item.size)
    return {
        "neurons": home.size,
        "synapses": sum(item.connectivity.n_synapses for item in mapping.quantized.projections),
        "cores": mapping.n_cores,
        "cores_of_board": target.cores,
        "cores_of_chip": int(target.chip.cores.value),
        "pairs": int(pairs.source.size),
        "pairs_between_chips": crossing,
        "compile_cpu_s": end - begun["validate"],
        "shards_cpu_s": shards_s,
        "largest_population": largest.size,
    }


def shapes(neurons: int) -> dict[str, Any]:
    """A convolutional network of about `neurons` neurons, judged by the shapes of its layers alone."""
    side, channels = 512, 16
    count = max(round(neurons / (side * side * channels)), 1)
    layers = tuple(LayerShape(kind="conv", channels=channels, kernel=3, padding="same") for _ in range(count))
    stack = LayerStack(name="wide", input=(channels, side, side), layers=layers)
    result = fit_layers(stack, on_board(load_target("loihi2"), "hala_point"))
    return {"neurons": result.neurons, "layers": count, "verdict": result.verdict, "cores": result.cores}


def _required(value: Any, result: Any) -> Any:
    if value is None:
        raise SystemExit("\n".join(f"{item.code}: {item.message}" for item in result.findings))
    return value


def _rounded(seconds: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in seconds.items()}


def peak_gib() -> float:
    """Return the largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


CASES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "pd14": pd14,
    "ten_million": ten_million,
    "shapes": shapes,
    "plan": plan,
}

if __name__ == "__main__":
    size = float(sys.argv[2])
    start = time.perf_counter()
    figures = CASES[sys.argv[1]](size if size <= 1 else int(size))
    figures |= {"wall_s": time.perf_counter() - start, "cpu_s": time.process_time(), "peak_gib": peak_gib()}
    print(json.dumps(figures))
