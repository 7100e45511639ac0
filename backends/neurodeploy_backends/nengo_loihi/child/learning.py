"""PES projections of a job as learning synapses of nengo-loihi, with the errors and draws of each step.

nengo-loihi knows such synapses from decoded connections only; here they get their integers directly, and their errors from an
input or from the spikes of a population, one step after they were sent.
"""

import numpy as np

BASE_EXPONENT = 6
"""A weight is mantissa * 2**(6 + exponent). Source: nengo-loihi 1.1.0, block.py get_real_weight_exp."""
DRAWS = 2.0**32
"""Draws of a job are whole numbers below this."""
NEVER = 1e-9
"""A time constant, in steps, after which nothing of a trace is left."""


class Learner:
    """One PES projection in the model of one sample."""

    def __init__(self, job, sample, row, first):
        """`first`: (sources, targets) mantissas to begin with."""
        from nengo_loihi.block import Synapse

        self.job, self.sample, self.row, self.up = job, sample, row, BASE_EXPONENT + row["weight_exp"]
        self.synapse = Synapse(len(first), label=row["projection"])
        weights = [(each << self.up).astype(np.int32)[None, :] for each in first]
        self.synapse._set_weights_indices(weights, weight_dtype=np.int32, compression=3)
        self.synapse.format(weight_exp=row["weight_exp"], fanout_type=1, weight_bits=row["weight_bits"])
        self.learns = job.plan["learn"] != "off"
        if self.learns:
            self.synapse.set_learning(tracing_tau=1, tracing_mag=row["impulse"], wgt_exp=row["weight_exp"])
            self.synapse.tracing_tau = row["tau_steps"] or NEVER
            self.synapse._lr_int, self.synapse._lr_exp = row["mantissa"], row["exponent"]
            self.synapse.train_epoch, self.synapse.learn_epoch = row["trace_epoch_steps"], row["epoch_steps"]

    def connect(self, inputs, blocks):
        """Add the synapse to its block, and an axon from every input or block of its source."""
        from nengo_loihi.block import Axon

        blocks[self.row["target"]].add_synapse(self.synapse)
        for number, source in enumerate(self.row["sources"]):
            axon = Axon(self.synapse.n_axons, label=self.row["projection"])
            axon.target = self.synapse
            axon.set_compartment_axon_map(self.job.arrays[f"learning.{self.row['number']}.axon_of.{number}"])
            (inputs[source["input"]] if source["input"] is not None else blocks[source["block"]]).add_axon(axon)

    def error(self, t, spiked):
        """(pairs,) scaled error that acts in step t, sent in step t - 1. `spiked`: of all compartments in step t - 1."""
        name, pairs = self.row["error"], self.synapse.weights[0].shape[1] // 2
        of_input = self.row["error_of_input"]
        sent = self._shown(name, t - 1) if of_input else spiked[self.job.arrays[f"rows.{name}"]].astype(float)
        signed = sent if sent.size == pairs else sent[:pairs] - sent[pairs:]
        return self.row["error_scale"] * signed

    def _shown(self, name, t):
        """(lines,) values or spikes of an input in a step."""
        item = next(item for item in self.job.plan["inputs"] if item["name"] == name)
        table = self.job.arrays[f"run.{self.sample}.input.{name}"]
        if item["values"]:
            return table[t - 1] if 1 <= t <= len(table) else np.zeros(item["size"])
        lines = np.zeros(item["size"])
        lines[table[table[:, 0] == t, 1]] = 1
        return lines

    def trace_draws(self, t):
        """Draws for the traces in step t, as the emulator asks for them."""
        epoch, sources = self.row["trace_epoch_steps"], self.synapse.n_axons
        return [] if t % epoch else [self._drawn("trace", t // epoch - 1, (sources,))]

    def synapse_draws(self, t):
        """Draws for the weights in step t, one row for each source."""
        epoch, shape = self.row["epoch_steps"], (self.synapse.n_axons, 1, self.synapse.weights[0].size)
        return [] if t % epoch else list(self._drawn("synapse", t // epoch - 1, shape))

    def _drawn(self, name, number, shape):
        if self.row["rounding"] == "none":
            return np.ones(shape)
        table = self.job.arrays[f"run.{self.sample}.learning.{self.row['projection']}.{name}"]
        return table[number].reshape(shape) / DRAWS

    def mantissas(self):
        """(sources, targets) mantissas as they are now."""
        return np.concatenate(self.synapse.weights).astype(np.int64) >> self.up


class Learning:
    """The PES projections in the model of one sample."""

    def __init__(self, job, sample, begun):
        """`begun`: projection -> mantissas that the sample before has learned, instead of those of the job."""
        self.items = {}
        for row in job.plan["learning"]:
            name = row["projection"]
            first = begun.get(name, job.arrays[f"run.{sample}.learning.{name}.w"])
            self.items[name] = Learner(job, sample, row, np.asarray(first, dtype=np.int64))
        wanted = [probe for probe in job.plan["probes"] if probe["variable"] in ("w", "x1")]
        self.probes = {probe["name"]: (self.items[probe["population"]], probe["variable"], []) for probe in wanted}
        self.queue = []

    def connect(self, inputs, blocks):
        """Add all synapses and axons to a model."""
        for item in self.items.values():
            item.connect(inputs, blocks)

    def attach(self, emulator):
        """Prepare a new emulator: errors come scaled."""
        self.emulator = emulator
        emulator.synapses.pes_error_scale = 1.0
        by_synapse = {id(item.synapse): item for item in self.items.values()}
        self.ordered = [by_synapse[id(synapse)] for synapse in emulator.synapses.traces]

    def before(self, t):
        """Give the errors of step t, and line up its draws in the order in which the emulator takes them."""
        if not self.ordered:
            return
        spiked = self.emulator.compartment.spiked
        self.emulator.host2chip([], [(item.synapse, t, item.error(t, spiked)) for item in self.ordered])
        self.queue = [draw for item in self.ordered for draw in item.trace_draws(t)]
        self.queue += [draw for item in self.ordered for draw in item.synapse_draws(t)]

    def after(self):
        """Record probes."""
        for item, variable, rows in self.probes.values():
            if variable == "w":
                rows.append(item.mantissas().ravel())
            else:
                traces = self.emulator.synapses.traces.get(item.synapse)
                rows.append(
                    np.zeros(item.synapse.n_axons, dtype=np.int64) if traces is None else traces.astype(np.int64)
                )

    def rand(self, *shape):
        """Draws of stochastic rounding, as numpy's RandomState gives them."""
        return self.queue.pop(0).reshape(shape)

    def learned(self):
        """Projection -> (sources, targets) mantissas."""
        return {name: item.mantissas() for name, item in self.items.items()}
