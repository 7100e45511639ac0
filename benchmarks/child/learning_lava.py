"""Worker: the learning engine of lava-nc on given spikes. Lava's interpreter runs this file; see neurodeploy_worker.

Each case is a LearningDense as the adapter makes it, whose fixed-point model is called step by step, without lava's runtime.
"""

import sys
from importlib.metadata import version

import numpy as np
from neurodeploy_worker import serve

SYNAPSES = ("w", "d", "t")
NEURONS = ("x1", "x2", "tx", "y1", "y2", "y3", "ty")


class Port:
    """A port that yields the rows of a table, one a step, and drops what is sent."""

    def __init__(self, table=()):
        self.rows = iter(table)

    def recv(self):
        """Return the next row."""
        return next(self.rows)

    def send(self, values):
        """Drop `values`."""


def target_traces(item, arrays):
    """y1, y2, y3 in each step, as the adapter's process of the target computes them."""
    from lava_parts.traces import LEAST, MOST, following

    returned, found = arrays["returned"], {}
    for name in ("y1", "y2", "y3"):
        y = [np.zeros(returned.shape[1], dtype=np.int32)]
        for t in range(len(returned) - 1):
            if name in item["rule"]["thirds"]:
                y.append(np.clip(arrays["signal." + name][t], LEAST, MOST).astype(np.int32))
            else:
                y.append(following(y[-1], item["rule"]["traces"][name], returned[t]))
        found[name] = y
    return found


def model_of(item, arrays):
    """Lava's model of a case, with ports that yield its spikes, and taps for every variable."""
    from lava.magma.compiler.builders.py_builder import PyProcessBuilder
    from lava.magma.compiler.utils import VarInitializer
    from lava.proc.dense.models import PyLearningDenseModelBitApproximate
    from lava_parts import io
    from learning import learning_dense

    rule, steps = item["rule"], len(arrays["sent"])
    seeds = [number + rule["sample_seeds"] * item["sample"] for number in (rule["seed"], rule["synapse_seed"])]
    process = learning_dense(item, rule, {name: arrays[name] for name in SYNAPSES}, seeds)
    for name in NEURONS:
        if "begin." + name in arrays:
            getattr(process, name).init = arrays["begin." + name].astype(np.int64)
    places = tuple(values.ravel() for values in np.indices(arrays["w"].shape))
    process.proc_params["taps"] = [(name, name, places) for name in (*SYNAPSES, *NEURONS)]
    for name in (*SYNAPSES, *NEURONS):
        size = arrays["w"].size if name in SYNAPSES else arrays["w"].shape["x" in name]
        io.STORE[name] = np.zeros((steps, size), dtype=np.int64)
    builder = PyProcessBuilder(PyLearningDenseModelBitApproximate, 0, process.proc_params)
    initial = [VarInitializer(var.name, var.shape, var.init, number) for number, var in enumerate(process.vars)]
    builder.set_variables(initial)
    model = builder.build()
    model.s_in, model.a_out = Port(arrays["sent"].astype(np.int32)), Port()
    model.s_in_bap = Port(arrays["returned"].astype(np.int32))
    for name, table in target_traces(item, arrays).items() if rule["thirds"] else ():
        setattr(model, "s_in_" + name, Port(table))
    return model


def random_states(model):
    """States of all generators of a model, as text; none if nothing is random."""
    if not hasattr(model._x_random, "_rng_trace_decay"):
        return []
    traces = (model._x_random, model._y_random)
    generators = [rng for one in traces for rng in (one._rng_trace_decay, one._rng_impulse_addition)]
    return [str(sorted(rng.bit_generator.state.items(), key=str)) for rng in (*generators, model._conn_var_random._rng)]


def learned(item, arrays):
    """(variable -> (steps, size) values after each step, states of the generators at the end)."""
    from lava_parts import io

    model = model_of(item, arrays)
    for t in range(1, len(arrays["sent"]) + 1):
        model.time_step = t
        model.run_spk()
        if model.lrn_guard():
            model.run_lrn()
    return {name: io.STORE[name].astype(np.int32) for name in (*SYNAPSES, *NEURONS)}, random_states(model)


def learn_all(job):
    """Run every case."""
    job.stage("import lava")
    sys.path.insert(0, job.plan["lava_child"])
    from learning import guard_learning

    guard_learning(job)
    results, states = {}, []
    job.stage("learn")
    for place, item in enumerate(job.plan["cases"]):
        prefix = f"{place}."
        arrays = {name[len(prefix) :]: value for name, value in job.arrays.items() if name.startswith(prefix)}
        values, state = learned(item, arrays)
        results.update({prefix + name: value for name, value in values.items()})
        states.append(state)
        job.step(place + 1)
    return {"versions": {"lava-nc": version("lava-nc")}, "states": states}, results


if __name__ == "__main__":
    serve(learn_all)
