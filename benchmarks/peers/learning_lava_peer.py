"""Worker: a LearningDense of lava-nc between a source of spikes and a LIF process, or its model alone.

`network`: lava's own run, with a process for each part, in its fixed-point models. `model`: only the two phases of the model of
LearningDense, called step by step in this process with the spikes of both sides, which is the least that lava can take.
"""

from __future__ import annotations

import json
import time
import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
from _worker import Case, serve


def _about(case: Case) -> dict[str, Any]:
    return json.loads((case.folder / "case.json").read_text())


def _learning_dense(case: Case) -> Any:
    from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
    from lava.proc.dense.process import LearningDense
    from lava.utils.weightutils import SignMode

    rule = _about(case)["rule"]
    traces = {
        f"{name}_{part}": rule[key]
        for name in ("x1", "y1")
        for part, key in (("impulse", "impulse"), ("tau", "tau_steps"))
    }
    learning = Loihi2FLearningRule(dw=rule["dw"], t_epoch=1, rng_seed=rule["seed"], **traces)
    pre, post, weights = case.synapses[0].pairs()
    matrix = np.zeros((case.layers[0].size, case.inputs["input"]), dtype=np.int64)
    matrix[post, pre] = weights
    more = {"weight_exp": rule["exponent"], "sign_mode": SignMode.EXCITATORY}
    return LearningDense(weights=matrix, learning_rule=learning, **more)


def _teacher(case: Case) -> Any:
    from lava.proc.sparse.process import Sparse
    from lava.utils.weightutils import SignMode
    from scipy.sparse import identity

    teacher = _about(case)["teacher"]
    weights = teacher["weight"] * identity(case.layers[0].size, dtype=np.int32, format="csr")
    return Sparse(weights=weights, weight_exp=teacher["exponent"], sign_mode=SignMode.EXCITATORY)


def _network(case: Case) -> Any:
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.lif.process import LIF
    from lava_parts.io import EventSource, SpikeSink

    def run() -> tuple[float, dict[str, Any]]:
        layer = case.layers[0]
        source = EventSource(size=case.inputs["input"], rows=case.events["input"], steps=case.steps)
        link, sink = _learning_dense(case), SpikeSink(size=layer.size, steps=case.steps)
        cells = LIF(shape=(layer.size,), vth=layer.vth, du=case.du, dv=case.dv)
        second = EventSource(size=case.inputs["teacher"], rows=case.events["teacher"], steps=case.steps)
        teacher = _teacher(case)
        source.s_out.connect(link.s_in)
        second.s_out.connect(teacher.s_in)
        teacher.a_out.connect(cells.a_in)
        link.a_out.connect(cells.a_in)
        cells.s_out.connect(link.s_in_bap)
        cells.s_out.connect(sink.a_in)
        try:
            cells.create_runtime(run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
            start = time.perf_counter()
            cells.run(RunSteps(case.steps))
            seconds = time.perf_counter() - start
            weights = link.weights.get()
            cells.stop()
            return seconds, {"cells": sink.counts(), "weights": weights}
        finally:
            sink.close()

    return run


class _Port:
    """A port that yields the rows of a table, one a step, and drops what is sent."""

    def __init__(self, table: Any = ()) -> None:
        self.rows = iter(table)

    def recv(self) -> Any:
        return next(self.rows)

    def send(self, values: Any) -> None:
        pass


def _model(case: Case) -> Any:
    from lava.magma.compiler.builders.py_builder import PyProcessBuilder
    from lava.magma.compiler.utils import VarInitializer
    from lava.proc.dense.models import PyLearningDenseModelBitApproximate

    returned = np.zeros((case.steps, case.layers[0].size), dtype=np.int32)
    rows = np.load(case.folder / "spikes.npz")["cells"]
    rows = rows[rows[:, 0] <= case.steps]
    returned[rows[:, 0] - 1, rows[:, 1]] = 1

    def run() -> tuple[float, dict[str, Any]]:
        process = _learning_dense(case)
        builder = PyProcessBuilder(PyLearningDenseModelBitApproximate, 0, process.proc_params)
        builder.set_variables([VarInitializer(var.name, var.shape, var.init, k) for k, var in enumerate(process.vars)])
        model = builder.build()
        model.s_in, model.a_out = _Port(case.raster("input").astype(np.int32)), _Port()
        model.s_in_bap = _Port(returned)
        start = time.perf_counter()
        for t in range(1, case.steps + 1):
            model.time_step = t
            model.run_spk()
            if model.lrn_guard():
                model.run_lrn()
        return time.perf_counter() - start, {"cells": returned.sum(axis=0), "weights": model.weights}

    return run


def prepare(case: Case, mode: str) -> Any:
    """`mode`: network or model."""
    warnings.simplefilter("ignore")
    return {"network": _network, "model": _model}[mode](case), {"lava-nc": version("lava-nc")}


if __name__ == "__main__":
    serve(prepare)
