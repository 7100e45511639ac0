"""Worker: NEST, iaf_psc_exp. Floats, integrated exactly where Loihi takes Euler steps: rates are similar, spikes differ.

Time constants are those of the decay registers; current and voltage are in the units of the registers (C_m = 1 pF and
steps of 1 ms make the gains 1), the sign picks one of NEST's two currents, which have the same time constant here.
"""

from __future__ import annotations

import itertools
import math
import os
import time
from typing import Any

import numpy as np
from _worker import Case, serve


def _parameters(case: Case, vth: int) -> dict[str, float]:
    keep_u, keep_v = (4095 - case.du) / 4096, (4096 - case.dv) / 4096
    tau_u, tau_v = -1 / math.log(keep_u), -1 / math.log(keep_v)
    return {
        "C_m": 1.0,
        "tau_m": tau_v,
        "tau_syn_ex": tau_u,
        "tau_syn_in": tau_u,
        "E_L": 0.0,
        "V_m": 0.0,
        "V_reset": 0.0,
        "V_th": float(vth * 64),
        "t_ref": 0.0,
        "I_e": 0.0,
    }


def _gain(case: Case) -> float:
    """Value of a unit of weight whose effect on the voltage, summed over time, is the register's 64 / (1 - keep_u)."""
    keep_u = (4095 - case.du) / 4096
    return 64 / (1 - keep_u) * -math.log(keep_u)


def _connect(nest: Any, case: Case, groups: dict[str, Any]) -> None:
    for item in case.synapses:
        pre, post, weights = item.pairs()
        first_pre, first_post = (int(groups[name][0].tolist()[0]) for name in (item.source, item.target))
        nest.Connect(
            pre.astype(np.int64) + first_pre,
            post.astype(np.int64) + first_post,
            conn_spec="one_to_one",
            syn_spec={
                "synapse_model": "static_synapse",
                "weight": weights * _gain(case),
                "delay": np.full(weights.size, 1.0),
            },
        )


def _network(nest: Any, case: Case) -> Any:
    nest.ResetKernel()
    nest.set(resolution=1.0, local_num_threads=1, print_time=False)
    groups: dict[str, Any] = {}
    for name, size in case.inputs.items():
        rows = case.events[name]
        order = np.argsort(rows[:, 1], kind="stable")
        bounds = np.searchsorted(rows[order, 1], np.arange(size + 1))
        times = [rows[order[a:b], 0].astype(float) for a, b in itertools.pairwise(bounds)]
        groups[name] = nest.Create("spike_generator", size)
        groups[name].set([{"spike_times": item} for item in times])
    recorders = {}
    for layer in case.layers:
        groups[layer.name] = nest.Create("iaf_psc_exp", layer.size, params=_parameters(case, layer.vth))
        if layer.bias is not None:
            groups[layer.name].I_e = layer.bias.astype(float)
        recorders[layer.name] = nest.Create("spike_recorder")
        nest.Connect(groups[layer.name], recorders[layer.name])
    _connect(nest, case, groups)
    return groups, recorders


def prepare(case: Case) -> Any:
    """Return one run; the network is made anew each time, outside the timed part."""
    os.environ["PYNEST_QUIET"] = "1"
    import nest

    nest.verbosity = nest.VerbosityLevel.ERROR

    def run() -> tuple[float, dict[str, Any]]:
        groups, recorders = _network(nest, case)
        nest.Prepare()
        start = time.perf_counter()
        nest.Run(float(case.steps))
        seconds = time.perf_counter() - start
        nest.Cleanup()
        counts = {}
        for layer in case.layers:
            first = int(groups[layer.name][0].tolist()[0])
            senders = recorders[layer.name].events["senders"].astype(np.int64) - first  # float if there are none
            counts[layer.name] = np.bincount(senders, minlength=layer.size)
        return seconds, counts

    return run, {"nest": nest.__version__}


if __name__ == "__main__":
    serve(prepare)
