"""Worker: SANA-FE 2.2.9 on the gesture network that it ships, mapped as its tutorial does; one line of JSON.

SANA-FE is GPL-3.0: it runs in a process of its own, and nothing of it is part of neurodeploy.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def network(chip: Any, data: Any, counts: tuple[int, ...]) -> Any:
    """Return the network, mapped onto cores of a chip. `counts`: cores of each layer."""
    import sanafe
    from sanafe import layers

    made, thresholds = sanafe.Network(), data["thresholds"]
    options = {"reset_mode": "hard"}
    found = [layers.Input2D(made, 32, 32, threshold=thresholds[0], **options)]
    for number in range(1, 5):
        stride = 2 if number == 1 else 1
        strides = {"stride_width": stride, "stride_height": stride}
        kernel = data[f"conv{number}"]
        found.append(layers.Conv2D(made, found[-1], kernel, threshold=thresholds[number], **strides, **options))
    found.append(layers.Dense(made, found[-1], 11, data["dense1"], threshold=thresholds[5], **options))
    for layer in found[1:-1]:
        for neuron in layer:
            neuron.set_attributes(default_synapse_hw_name="loihi_conv_synapse")
    for neuron, bias in zip(found[0], data["inputs"], strict=True):
        neuron.set_attributes(model_attributes={"bias": float(bias)})
    cores, used = [core for tile in chip.tiles for core in tile.cores], 0
    for layer, count in zip(found, counts, strict=True):
        each = len(layer) // count
        for index in range(count):
            last = len(layer) if index == count - 1 else (index + 1) * each
            for neuron in layer[index * each : last]:
                neuron.map_to_core(cores[used])
            used += 1
    return made


def main() -> None:
    """Print energy, time and spikes of a run. Arguments: steps, and cores of each layer."""
    import numpy as np
    import sanafe
    from sanafe.tutorial import get_dvs_data

    arch = sanafe.load_loihi()
    with get_dvs_data() as file, np.load(file) as data:
        made = network(arch, data, tuple(int(count) for count in sys.argv[2:]))
    chip = sanafe.SpikingChip(arch)
    chip.load(made)
    result = chip.sim(int(sys.argv[1]), timing_model="detailed")
    print(
        json.dumps(
            {"energy_j": result["energy"]["total"], "time_s": result["sim_time"], "spikes": result["neurons_fired"]}
        )
    )


if __name__ == "__main__":
    main()
