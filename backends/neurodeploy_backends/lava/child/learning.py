"""Plastic links as LearningDense, with the rule, the random numbers and the recorded variables of a job.

What lava does not do by itself is set in its fixed-point model: random numbers of other samples than the first, rounding
without any, and synapses that are absent, which are cleared after each epoch. All synapses learn independently.
"""

import numpy as np
from lava_parts import io

ATTRIBUTES = {"w": "weights", "d": "tag_2", "t": "tag_1"}
"""Names of synapse variables -> names in lava; traces have the same names."""
EXPONENT_OFFSET = 7
"""Lava holds the exponent of a product with this offset."""
SPIKE_VALUE_BITS = 24
"""With any width but 0 a link takes the value sent."""


class NeverUp:
    """Random numbers with which nothing is rounded up."""

    random_trace_decay = 1.0
    random_impulse_addition = 256
    random_stochastic_round = 1.0

    def advance(self):
        """Stay the same."""


def rule_of(rule, seed):
    """Lava's rule. `seed`: of the draws of traces."""
    from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule

    given = {**rule["equations"], "t_epoch": rule["epoch_steps"], "rng_seed": seed}
    for name in ("x1", "x2") if rule["thirds"] else ("x1", "x2", "y1", "y2", "y3"):
        given[name + "_impulse"], given[name + "_tau"] = rule["traces"][name]
    made = (Loihi3FLearningRule if rule["thirds"] else Loihi2FLearningRule)(**given)
    for name, scales in rule["scales"].items():
        for product, (mantissa, exponent) in zip(getattr(made, name).products, scales, strict=True):
            # lava reads the text -8*2^k as -4*2^(k+1), which rounds differently
            product._s_mantissa, product._s_exp = mantissa, exponent + EXPONENT_OFFSET
    return made


def learning_dense(item, rule, begin, seeds):
    """LearningDense of a link. `begin`: w, d and t, (n_target, n_source) each. `seeds`: of traces and of synapses."""
    from lava.magma.core.learning.constants import GradedSpikeCfg
    from lava.proc.dense.process import LearningDense
    from lava.utils.weightutils import SignMode

    made = LearningDense(
        weights=begin["w"],
        tag_2=begin["d"],
        tag_1=begin["t"],
        learning_rule=rule_of(rule, seeds[0]),
        graded_spike_cfg=GradedSpikeCfg[rule["graded"]],
        weight_exp=item["exponent"],
        num_weight_bits=item["weight_bits"],
        sign_mode=SignMode[item["sign_mode"].upper()],
        num_message_bits=SPIKE_VALUE_BITS if item["graded"] else 0,
    )
    made.proc_params["rounding"], made.proc_params["synapse_seed"] = rule["rounding"], seeds[1]
    return made


def guard_learning(job):
    """Make lava's model take its random numbers, learn if it shall, clear absent synapses, record, and report exceptions."""
    from lava.magma.core.learning.random import ConnVarRandom
    from lava.proc.dense import models

    model = models.PyLearningDenseModelBitApproximate
    if getattr(model, "guarded", None) is model:
        return
    draw, spike, learn, receive = model._init_randoms, model.run_spk, model.run_lrn, model.recv_traces

    def _init_randoms(self):
        draw(self)
        if self.proc_params["rounding"] == "none":
            self._x_random = self._y_random = self._conn_var_random = NeverUp()
        else:
            self._conn_var_random = ConnVarRandom(self.proc_params["synapse_seed"])

    def run_spk(self):
        self.weights_set = self.weights_set or bool(self.proc_params.get("stored"))
        _guarded(self, spike, job)

    def run_lrn(self):
        if self.proc_params.get("learns", True):
            _guarded(self, learn, job)

    def recv_traces(self, s_in):
        if self.proc_params.get("learns", True):
            receive(self, s_in)
            return
        for port in (self.s_in_bap, self.s_in_y1, self.s_in_y2, self.s_in_y3):
            port.recv()

    model._init_randoms, model.run_spk, model.run_lrn = _init_randoms, run_spk, run_lrn
    model.recv_traces, model.guarded = recv_traces, model


def _guarded(model, action, job):
    """Act, then record: the record of a step is written again at the end of an epoch."""
    try:
        action(model)
        absent = model.proc_params.get("absent")
        if absent is not None:
            model.weights[absent] = 0
        for variable, key, places in model.proc_params.get("taps") or ():
            values = getattr(model, ATTRIBUTES.get(variable, variable))
            table = io.STORE[key]
            table[min(model.time_step, len(table)) - 1] = values[places] if variable in ATTRIBUTES else values
    except Exception as error:
        job.fail(error)
        raise


def plastic_link(builder, index, item):
    """Build the process of a plastic link, and that of the traces of its target where third factors set them."""
    rule, run, name = item["plastic"], builder.plan["runs"][builder.number], item["projection"]
    arrays = builder.job.arrays
    places = tuple(arrays[f"link.{index}.{end}"].astype(np.int64) for end in ("post", "pre"))
    shape, begin = (item["n_target"], item["n_source"]), {}
    for variable in ("w", "d", "t"):
        own = begin_key(builder, name, variable)
        begin[variable] = np.zeros(shape, dtype=np.int64)
        begin[variable][places] = arrays.get(own, arrays[f"link.{index}.{variable}"])
    seeds = [number + rule["sample_seeds"] * run["sample"] for number in (rule["seed"], rule["synapse_seed"])]
    made = learning_dense(item, rule, begin, seeds)
    made.proc_params["learns"] = builder.plan["learn"] != "off"
    made.proc_params["stored"] = begin_key(builder, name, "w") in arrays
    absent = np.ones(shape, dtype=bool)
    absent[places] = False
    made.proc_params["absent"] = absent if absent.any() else None
    made.proc_params["taps"] = _taps(builder, item, places)
    _traces_of_target(builder, item, made)
    return made


def begin_key(builder, projection, variable):
    """Name of the array of a variable at the start of a run, where it differs from the program's."""
    return f"run.{builder.number}.begin.{projection}.{variable}"


def _taps(builder, item, places):
    """Tables of the probed variables, and of one row for each variable that is learned."""
    name, sizes = item["projection"], {"w": len(places[0]), "x": item["n_source"], "y": item["n_target"]}
    sizes |= {"d": sizes["w"], "t": sizes["w"]}
    keys = [
        (p["variable"], "state." + p["name"], builder.steps) for p in builder.plan["probes"] if p["population"] == name
    ]
    keys += [(variable, f"learned.{name}.{variable}", 1) for variable in item["plastic"]["variables"]]
    for variable, key, rows in keys:
        io.STORE[key] = io.shared((rows, sizes[variable[0]]), np.int64)
    return [(variable, key, places) for variable, key, _ in keys]


def _traces_of_target(builder, item, made):
    """Connect what the target sends back: its spikes, and its traces where third factors set some."""
    from lava_parts.traces import TargetTraces

    rule, (spikes, _) = item["plastic"], builder.sources[item["target"]][0]
    spikes.connect(made.s_in_bap)
    if not rule["thirds"]:
        return
    thirds = {trace: (size, np.asarray(weight)) for trace, (_, size, weight) in rule["thirds"].items()}
    traces = {name: rule["traces"][name] for name in ("y1", "y2", "y3")}
    neuron = TargetTraces(size=item["n_target"], traces=traces, thirds=thirds)
    spikes.connect(neuron.s_in)
    for trace, (source, _, _) in rule["thirds"].items():
        builder.sources[source][0][0].connect(getattr(neuron, "third_" + trace))
    neuron.y1.connect(made.s_in_y1)
    neuron.y2.connect(made.s_in_y2)
    neuron.y3.connect(made.s_in_y3)
