"""Worker: nengo-loihi's emulator, blocks of integers given directly, without the conversion of a Nengo network.

One block per layer: limits of a core are not checked, which spares the emulator work. The emulator takes its integer
path because the compartments' arrays are int32.
"""

from __future__ import annotations

import time
import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
from _worker import Case, Layer, Synapses, serve


def _block(layer: Layer, case: Case) -> Any:
    from nengo_loihi.block import LoihiBlock

    block, n = LoihiBlock(layer.size, label=layer.name), layer.size
    cell = block.compartment
    cell.decay_u, cell.decay_v = np.full(n, case.du, dtype=np.int32), np.full(n, case.dv, dtype=np.int32)
    cell.vth = np.full(n, layer.vth << 6, dtype=np.int32)
    cell.bias = np.zeros(n, dtype=np.int32) if layer.bias is None else layer.bias.astype(np.int32)
    cell.refract_delay = np.ones(n, dtype=np.int32)
    cell.scale_u = cell.scale_v = False
    cell.vmin, cell.vmax = -(2**23) + 1, 2**23 - 1
    cell.noise_exp, cell.noise_offset = 1, 0
    return block


def _connect(item: Synapses, source: Any, target: Any, n_source: int) -> None:
    from nengo_loihi.block import Axon, Synapse

    synapse = Synapse(n_source)
    rows = item.rows()
    weights = [values.astype(np.int32)[None, :] << 6 for _, values in rows]
    indices = [targets.astype(np.int32)[None, :] for targets, _ in rows]
    if item.dense is not None:
        weights, indices = [row[None, :].astype(np.int32) << 6 for row in item.dense], None
    synapse._set_weights_indices(weights, indices=indices, weight_dtype=np.int32, compression=0)
    synapse.format(weight_exp=0)
    target.add_synapse(synapse)
    axon = Axon(n_source)
    axon.target = synapse
    axon.set_compartment_axon_map(np.arange(n_source))
    source.add_axon(axon)


def _model(case: Case) -> tuple[Any, dict[str, Any]]:
    from nengo_loihi.builder import Model
    from nengo_loihi.inputs import SpikeInput
    from nengo_loihi.probe import LoihiProbe

    model, parts, probes = Model(), {}, {}
    for name, size in case.inputs.items():
        parts[name] = SpikeInput(size)
        model.add_input(parts[name])
        rows = case.events[name]
        for step in np.unique(rows[:, 0]).tolist():
            first, last = np.searchsorted(rows[:, 0], [step, step + 1])
            parts[name].add_spikes(step, rows[first:last, 1])
    for layer in case.layers:
        parts[layer.name] = _block(layer, case)
        model.add_block(parts[layer.name])
        probes[layer.name] = LoihiProbe(target=parts[layer.name], key="spiked")
        model.add_probe(probes[layer.name])
    sizes = {**case.inputs, **{layer.name: layer.size for layer in case.layers}}
    for item in case.synapses:
        _connect(item, parts[item.source], parts[item.target], sizes[item.source])
    return model, probes


def prepare(case: Case) -> Any:
    """Return one run; the model is made anew each time, outside the timed part, because a run consumes its inputs."""
    warnings.simplefilter("ignore")
    from nengo_loihi.emulator import EmulatorInterface

    def run() -> tuple[float, dict[str, Any]]:
        model, probes = _model(case)
        emulator = EmulatorInterface(model, seed=0)
        start = time.perf_counter()
        emulator.run_steps(case.steps)
        seconds = time.perf_counter() - start
        counts = {name: (emulator.collect_probe_output(probe) > 0).sum(axis=0) for name, probe in probes.items()}
        return seconds, counts

    return run, {"nengo": version("nengo"), "nengo-loihi": version("nengo-loihi")}


if __name__ == "__main__":
    serve(prepare)
