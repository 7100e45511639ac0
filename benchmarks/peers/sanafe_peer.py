"""Worker: SANA-FE on its own Loihi description. It has no current filter and its state is a float: spikes differ.

A weight is scaled so that its effect, summed over time, is that of the filtered current. SANA-FE also models the time of
every message, its main purpose; the simple timing model, its cheapest, is chosen.
"""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

import numpy as np
from _worker import Case, UnsupportedError, serve

PER_CORE, CORES = 1024, 128


def prepare(case: Case) -> Any:
    """Return one run; the chip is loaded anew each time, outside the timed part."""
    import sanafe

    neurons = sum(layer.size for layer in case.layers) + sum(case.inputs.values())
    if neurons > PER_CORE * CORES:
        raise UnsupportedError(f"{neurons:,} neurons and inputs, its chip has {PER_CORE * CORES:,}")
    chip_of = sanafe.load_loihi()
    cores = [core for tile in chip_of.tiles for core in tile.cores]
    network, groups, used = sanafe.Network(), {}, 0
    for name, size in case.inputs.items():
        raster = case.raster(name)
        groups[name] = group = network.create_neuron_group(
            name, size, default_synapse_hw_name="loihi_sparse_synapse", default_dendrite_hw_name="loihi_dendrites"
        )
        for line in range(size):
            place = used + line
            attributes = {"spikes": raster[:, line].tolist()}
            group[line].set_attributes(
                soma_hw_name=f"loihi_inputs[{place % PER_CORE}]", log_spikes=False, model_attributes=attributes
            )
            group[line].map_to_core(cores[place // PER_CORE])
        used += -(-size // PER_CORE) * PER_CORE
    for layer in case.layers:
        groups[layer.name] = group = network.create_neuron_group(
            layer.name,
            layer.size,
            model_attributes={
                "threshold": float(layer.vth * 64),
                "leak_decay": (4096 - case.dv) / 4096,
                "reset": 0.0,
            },
            soma_hw_name="loihi_lif",
            default_synapse_hw_name="loihi_sparse_synapse",
            default_dendrite_hw_name="loihi_dendrites",
            log_spikes=True,
        )
        for cell in range(layer.size):
            if layer.bias is not None:
                group[cell].set_attributes(model_attributes={"bias": float(layer.bias[cell])})
            group[cell].map_to_core(cores[(used + cell) // PER_CORE])
        used += -(-layer.size // PER_CORE) * PER_CORE
    gain = 64 * 4096 / (case.du + 1)
    for item in case.synapses:
        pre, post, weights = item.pairs()
        pairs = list(zip(pre.tolist(), post.tolist(), strict=True))
        groups[item.source].connect_neurons_sparse(groups[item.target], {"weight": (weights * gain).tolist()}, pairs)

    def run() -> tuple[float, dict[str, Any]]:
        chip = sanafe.SpikingChip(chip_of)  # after chip.reset() the inputs send nothing
        chip.load(network)
        start = time.perf_counter()
        result = chip.sim(case.steps, timing_model="simple", processing_threads=1, spike_trace=True)
        seconds = time.perf_counter() - start
        counts = {layer.name: np.zeros(layer.size, dtype=np.int64) for layer in case.layers}
        for step in result["spike_trace"]:
            for spike in step:
                name, _, cell = str(spike).partition(".")
                if name in counts:
                    counts[name][int(cell)] += 1
        return seconds, counts

    return run, {"sanafe": version("sanafe")}


if __name__ == "__main__":
    serve(prepare)
