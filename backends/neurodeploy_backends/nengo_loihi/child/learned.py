"""PES of a built model: which synapses learn, from which errors, and what they learn."""

import numpy as np


def learning_connections(network):
    """Connections of a network that learn."""
    return [item for item in network.all_connections if item.learning_rule_type is not None]


def teachers(network, conn):
    """What gives the errors of a connection: objects of the host."""
    return [item.pre_obj for item in network.all_connections if item.post_obj == conn.learning_rule]


class Draws:
    """Replaces the emulator's generator in a comparison by the draws of an imported rule: sample 0, seed 0, no noise.

    The hash is that of neurodeploy.simulate.pes_draws, which this interpreter cannot import.
    """

    increment, stream, synapses = 0x9E3779B97F4A7C15, 1 << 62, 1 << 31

    def __init__(self, emulator):
        self.emulator, self.queue, self.step = emulator, [], 0
        self.key = self.mixed(np.array([self.stream + self.increment], dtype=np.uint64))[0]

    @staticmethod
    def mixed(x):
        """Finaliser of splitmix64."""
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
        return x ^ (x >> np.uint64(31))

    def drawn(self, t, first, count):
        """(count,) draws of a step."""
        words = self.mixed(self.key ^ np.uint64(t << 32) ^ np.arange(first, first + count, dtype=np.uint64))
        return (words >> np.uint64(32)).astype(float) / 2.0**32

    def lined_up(self, t):
        """Draws of a step in the order in which the emulator takes them."""
        synapses = list(self.emulator.synapses.traces)
        for item in synapses:
            if t % item.train_epoch == 0:
                yield self.drawn(t, 0, item.n_axons)
        for item in synapses:
            if t % item.learn_epoch == 0:
                width = item.weights[0].size
                yield from self.drawn(t, self.synapses, item.n_axons * width).reshape(item.n_axons, 1, width)

    def rand(self, *shape):
        """Next draws of this step."""
        if self.step != self.emulator.t:
            self.step, self.queue = self.emulator.t, list(self.lined_up(self.emulator.t))
        return self.queue.pop(0).reshape(shape)

    def randint(self, low, high, size, dtype):
        """Draws of noise that do nothing."""
        return np.zeros(size, dtype=dtype)


class Rules:
    """The learning synapses of a built model, by their number."""

    def __init__(self, simulator, network, names, golden):
        self.model, self.emulator = simulator.model, simulator.sims["emulator"]
        self.rows, self.synapses = [], []
        for conn in learning_connections(network):
            target = self.model.needs_sender[conn.learning_rule]
            built = self.model.nengo_probe_conns[target.error_target]
            self.synapses.append(self.model.objs[built]["decoders"])
            self.rows.append(self._row(network, conn, names))
        self.number = {id(synapse): number for number, synapse in enumerate(self.synapses)}
        self.errors = [{} for _ in self.synapses]
        self.weights = [[] for _ in self.synapses]
        if self.synapses:
            self._watch(golden)

    def _row(self, network, conn, names):
        given = [names.of(item) for item in teachers(network, conn)]
        name, synapse = names.connection(conn), self.synapses[-1]
        return {
            "connection": name, "teachers": given, "error": names.unique(given[0] if given else f"{name}.error", "sources"),
            "size": self.emulator.synapses.pes_errors[synapse].size, "asked": float(conn.learning_rule_type.learning_rate),
            "mantissa": synapse._lr_int, "exponent": synapse._lr_exp, "impulse": float(synapse.tracing_mag),
            "tau_steps": int(synapse.tracing_tau), "trace_epoch_steps": synapse.train_epoch, "epoch_steps": synapse.learn_epoch,
            "error_scale": float(self.model.pes_error_scale),
        }  # fmt: skip

    def _watch(self, golden):
        """Keep every error that the host sends; in a comparison also the weights of every step."""
        emulator, host2chip, update = self.emulator, self.emulator.host2chip, self.emulator.probes.update

        def sent(spikes, errors):
            for synapse, step, error in errors:
                self.errors[self.number[id(synapse)]][int(step)] = np.array(error, dtype=float)
            host2chip(spikes, errors)

        def updated(step, cells):
            for rows, synapse in zip(self.weights, self.synapses, strict=True):
                rows.append(np.concatenate(synapse.weights).ravel().astype(np.int64))
            update(step, cells)

        emulator.host2chip = sent
        if golden:
            emulator.probes.update, emulator.rng = updated, Draws(emulator)

    def arrays(self, steps):
        """ "error.NUMBER" -> (steps, lines), the error that acts in each step; in a comparison also "golden.w.NUMBER"."""
        found = {}
        for number, (row, errors) in enumerate(zip(self.rows, self.errors, strict=True)):
            table = np.zeros((steps, row["size"]))
            for step, error in errors.items():
                if 1 <= step <= steps:
                    table[step - 1] = error
            found[f"error.{number}"] = table
            if self.weights[number]:
                found[f"golden.w.{number}"] = np.array(self.weights[number])
        return found
