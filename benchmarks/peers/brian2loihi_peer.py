"""Worker: brian2-loihi, Brian2's cython target. Its arithmetic is exact; it has no bias."""

from __future__ import annotations

import time
import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
from _worker import Case, UnsupportedError, serve


def prepare(case: Case) -> Any:
    """Return one run from the stored state."""
    if any(layer.bias is not None for layer in case.layers):
        raise UnsupportedError("brian2-loihi has no bias")
    warnings.simplefilter("ignore")
    import brian2 as b2
    import brian2_loihi as loihi

    b2.BrianLogger.log_level_error()
    b2.prefs.codegen.target = "cython"
    parts: dict[str, Any] = {}
    for name, size in case.inputs.items():
        # its generator acts in the step that it names, counted from 0; ours one step later, counted from 1
        rows = case.events[name]
        rows = rows[rows[:, 0] < case.steps]
        parts[name] = loihi.LoihiSpikeGeneratorGroup(size, rows[:, 1], rows[:, 0], sorted=True)
    for layer in case.layers:
        parts[layer.name] = loihi.LoihiNeuronGroup(
            layer.size, refractory=1, threshold_v_mant=layer.vth, decay_v=case.dv, decay_I=case.du + 1
        )
    monitors = {layer.name: loihi.LoihiSpikeMonitor(parts[layer.name]) for layer in case.layers}
    links = []
    for item in case.synapses:
        pre, post, weights = item.pairs()
        link = loihi.LoihiSynapses(parts[item.source], parts[item.target], sign_mode=loihi.synapse_sign_mode.MIXED)
        link.connect(i=pre, j=post)
        link.w = weights.astype(np.int64)
        links.append(link)
    network = loihi.LoihiNetwork(*parts.values(), *links, *monitors.values())
    network.store()
    network.run(1)  # the first run generates and compiles code

    def run() -> tuple[float, dict[str, Any]]:
        network.restore()
        start = time.perf_counter()
        network.run(case.steps)
        return time.perf_counter() - start, {name: np.asarray(item.count) for name, item in monitors.items()}

    return run, {"brian2": b2.__version__, "brian2-loihi": version("brian2-loihi")}


if __name__ == "__main__":
    serve(prepare)
