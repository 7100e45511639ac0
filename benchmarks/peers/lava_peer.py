"""Worker: lava-nc's fixed_pt simulation, each link a Dense or Sparse process, spikes kept in shared memory.

lava hangs without a message when a process model raises, so the caller needs a time limit; see `lava_parts.io` for the
source and the sink.
"""

from __future__ import annotations

import time
import warnings
from importlib.metadata import version
from typing import Any

from _worker import Case, Synapses, serve


def _connection(item: Synapses, sizes: dict[str, int]) -> Any:
    from lava.proc.dense.process import Dense
    from lava.proc.sparse.process import Sparse
    from lava.utils.weightutils import SignMode
    from scipy.sparse import csr_matrix

    if item.dense is not None:
        return Dense(weights=item.dense.T, sign_mode=SignMode.MIXED)
    matrix = csr_matrix((item.data, item.indices, item.indptr), shape=(sizes[item.source], sizes[item.target]))
    return Sparse(weights=matrix.T.tocsr(), sign_mode=SignMode.MIXED)


def _network(case: Case) -> tuple[Any, dict[str, Any]]:
    """Return one process of the network, which runs all that it is connected to, and the sinks."""
    from lava.proc.lif.process import LIF
    from lava_parts.io import EventSource, SpikeSink

    parts: dict[str, Any] = {}
    sinks: dict[str, Any] = {}
    for name, size in case.inputs.items():
        parts[name] = EventSource(size=size, rows=case.events[name], steps=case.steps)
    for layer in case.layers:
        bias = {} if layer.bias_mant is None else {"bias_mant": layer.bias_mant, "bias_exp": layer.bias_exp}
        parts[layer.name] = LIF(shape=(layer.size,), vth=layer.vth, du=case.du, dv=case.dv, **bias)
        sinks[layer.name] = SpikeSink(size=layer.size, steps=case.steps)
        parts[layer.name].s_out.connect(sinks[layer.name].a_in)
    sizes = {**case.inputs, **{layer.name: layer.size for layer in case.layers}}
    for item in case.synapses:
        link = _connection(item, sizes)
        parts[item.source].s_out.connect(link.s_in)
        link.a_out.connect(parts[item.target].a_in)
    return parts[case.layers[-1].name], sinks


def prepare(case: Case) -> Any:
    """Return one run: processes are made, run and stopped each time, because lava cannot return to a cleared state."""
    warnings.simplefilter("ignore")
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg

    def run() -> tuple[float, dict[str, Any]]:
        last, sinks = _network(case)
        try:
            last.create_runtime(run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
            start = time.perf_counter()
            last.run(RunSteps(case.steps))
            seconds = time.perf_counter() - start
            last.stop()
            return seconds, {name: sink.counts() for name, sink in sinks.items()}
        finally:
            for sink in sinks.values():
                sink.close()

    return run, {"lava-nc": version("lava-nc")}


if __name__ == "__main__":
    serve(prepare)
