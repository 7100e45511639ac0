"""The host's side of a network: inputs and their spikes, outputs and their decoders, and what cannot come in."""

import numpy as np
from built_blocks import blocks_in
from learned import learning_connections

KNOWN = {"LIF", "SpikingRectifiedLinear", "RegularSpiking", "LoihiLIF", "LoihiSpikingRectifiedLinear"}
"""Neuron types that nengo-loihi 1.1.0 builds as what they are (builder/ensemble.py)."""


def _described(item, names):
    """The user's words for a host object: what it is and its name."""
    import nengo

    if isinstance(item, nengo.Ensemble):
        return {"kind": "ensemble", "name": names.of(item), "does": type(item.neuron_type).__name__}
    output = item.output
    does = "passes its input on" if output is None else "function" if callable(output) else type(output).__name__
    return {"kind": "node", "name": names.of(item), "does": does}


def precheck(network, names):
    """Refusals of what neurodeploy does not import: learning by other rules than PES."""
    rows = []
    for conn in learning_connections(network):
        rules = conn.learning_rule_type
        kinds = [type(rule).__name__ for rule in (rules.values() if isinstance(rules, dict) else np.atleast_1d(rules))]
        if kinds != ["PES"] or not hasattr(rules, "learning_rate"):
            rows.append({"connection": names.connection(conn), "rule": ", ".join(kinds)})
    return [{"kind": "learning", "rules": rows}] if rows else []


def loops(network, names):
    """Refusals of host objects that lie between two parts of the chip; errors of learning rules do not count."""
    from nengo.connection import LearningRule
    from nengo_loihi.passthrough import base_obj
    from nengo_loihi.splitter import Split

    split = Split(network)
    conns = (set(network.all_connections) | split.passthrough.to_add) - split.passthrough.to_remove
    spikes = [conn for conn in conns if not isinstance(conn.post_obj, LearningRule)]
    edges = [(base_obj(conn.pre), base_obj(conn.post)) for conn in spikes]
    after = _reached(split, edges)
    before = _reached(split, [(post, pre) for pre, post in edges])
    found = sorted((_described(item, names) for item in after & before), key=lambda row: row["name"])
    return [{"kind": "loops", "objects": found}] if found else []


def _reached(split, edges):
    """Host objects that the chip reaches along edges, through host objects only."""
    found = {post for pre, post in edges if split.on_chip(pre) and not split.on_chip(post)}
    while more := {post for pre, post in edges if pre in found and not split.on_chip(post)} - found:
        found |= more
    return found


def facts_of(network):
    """A function that returns what nengo-loihi changes without a word, once the network is built."""
    probes = [(probe, probe.sample_every) for probe in network.all_probes if probe.sample_every is not None]

    def facts(names, model):
        rows = [{"fact": "sample_every", "object": names.of(probe), "asked": float(every)} for probe, every in probes]
        rows += [{"fact": "dead_end", "object": names.of(node)} for node in _dead_ends(network, model)]
        for ensemble in network.all_ensembles:
            if ensemble in model.params and ensemble.neurons in model.objs:
                rows += _neuron_facts(ensemble, names, model)
        return rows

    return facts


def windows(network, names):
    """Geometry of two-dimensional convolutions whose neurons are numbered by channel first."""
    found = []
    for conn in network.all_connections:
        made = conn.transform
        if type(made).__name__ != "Convolution" or made.dimensions != 2 or made.channels_last or made.groups != 1:
            continue
        found.append({
            "pre": names.of(conn.pre_obj), "post": names.of(conn.post_obj), "input_shape": made.input_shape.shape,
            "output_shape": made.output_shape.shape, "kernel_size": made.kernel_size, "strides": made.strides,
            "padding": made.padding,
        })  # fmt: skip
    return found


def _dead_ends(network, model):
    """Nodes that pass their input on to nothing and are not probed: nengo-loihi removes them with their connections."""
    removed = model.split.passthrough.to_remove
    sources = {getattr(conn.pre, "obj", conn.pre) for conn in network.all_connections}
    targets = {getattr(conn.post, "obj", conn.post) for conn in network.all_connections}
    return [node for node in network.all_nodes if node in removed and node in targets and node not in sources]


def _neuron_facts(ensemble, names, model):
    kind, name = ensemble.neuron_type, names.of(ensemble)
    if type(kind).__name__ not in KNOWN:
        base = next((item.__name__ for item in type(kind).__mro__ if item.__name__ in KNOWN), "")
        extra = sorted(set(type(kind).state or {}) - {"voltage", "refractory_time"})
        yield {"fact": "neuron", "object": name, "asked": type(kind).__name__, "got": base, "dropped": extra}
    elif type(kind).__name__ == "RegularSpiking":
        yield {
            "fact": "neuron",
            "object": name,
            "asked": "RegularSpiking",
            "got": type(kind.base_type).__name__,
            "dropped": [],
        }
    base = getattr(kind, "base_type", kind)
    cell = blocks_in(model, ensemble)[0].compartment
    for field in ("tau_rc", "tau_ref"):
        if hasattr(base, field):
            yield {"fact": field, "object": name, "asked": float(getattr(base, field)), "dt": model.dt}
    if cell.tau_s is not None:
        yield {"fact": "tau_syn", "object": name, "asked": float(cell.tau_s), "dt": model.dt}


class Host:
    """Inputs with their spikes, and outputs with their decoders."""

    def __init__(self, model, recorder, names, blocks, dt):
        self.model, self.recorder, self.names, self.blocks, self.dt = model, recorder, names, blocks, dt
        self.inputs = [self._input(item) for item in model.inputs]
        self.merged = [0] * len(self.inputs)
        self.outputs, self.weights, self.probed, self.left_out = [], [], [], []
        user = [probe for probe in model.nengo_probes if probe not in model.chip2host_params]
        for probe in user:
            self._probe(probe, names.unique(names.of(probe) or "probe", "outputs"), probe.synapse, "probe")
        for probe, conn in recorder.to_host.items():
            name = names.unique(names.of(conn.post_obj) or "host", "outputs")
            self._probe(probe, name, conn.synapse, "connection", _described(conn.post_obj, names))

    def _input(self, item):
        conn = self.recorder.to_chip.get(item)
        if conn is None:  # a process that runs on the chip's side, such as a recording of events
            return {
                "name": self.names.unique(item.label or "events", "sources"),
                "size": item.n_neurons,
                "pre": {},
                "coded": False,
            }
        neurons = type(conn.pre_obj).__name__ == "Neurons"
        pre = conn.pre_obj.ensemble if neurons else conn.pre_obj
        tau = getattr(conn.synapse, "tau", None)
        radius = getattr(conn.post_obj, "radius", None)
        return {
            "name": self.names.unique(self.names.of(conn.pre_obj) or "host", "sources"), "size": item.n_neurons, "coded": not neurons,
            "pre": _described(pre, self.names), "post": self.names.of(conn.post_obj), "function": conn.function is not None,
            "tau": tau, "radius": radius, "decode_tau": self.model.decode_tau,
        }  # fmt: skip

    def count_merged(self, simulator):
        """Count, for each input, the spikes that are lost because a line spikes more than once in a step."""
        target = {id(item): number for number, item in enumerate(self.model.inputs)}
        model, queues, send = self.model, simulator._runner.queues, simulator._runner._host2chip

        def counted(sim):
            for sender, receiver in model.host2chip_senders.items():
                number = target[id(model.spike_targets[receiver])]
                amplitude = getattr(getattr(receiver, "neuron_type", None), "amplitude", 1.0)
                for _, values in queues[sender]:
                    several = np.rint(np.abs(values) * self.dt / amplitude)
                    self.merged[number] += int(np.maximum(several - 1, 0).sum())
            send(sim)

        simulator._runner._host2chip = counted

    def _probe(self, probe, name, synapse, role, post=None):
        made = self.model.objs[probe]["out"]
        tau = getattr(synapse, "tau", None)
        row = {"name": name, "key": made.key, "role": role, "post": post, "tau": tau}
        row["filter"] = (
            "" if synapse is None or (tau is not None and type(synapse).__name__ == "Lowpass") else str(synapse)
        )
        numbers = {self.blocks.place[id(block)][0] for block in made.target}
        if made.key not in ("voltage", "spiked", "current") or len(numbers) != 1:
            self.left_out.append({**row, "why": "its key" if len(numbers) == 1 else "several populations"})
            return
        row["population"], self.probed = (
            numbers.pop(),
            [*self.probed, {"name": name, "probe": probe}] if role == "probe" else self.probed,
        )
        table = self._table(made, row["population"])
        row["linear"] = table is not None
        self.outputs.append(row)
        self.weights.append(table)

    def _table(self, made, number):
        """(outputs, neurons) weights of a probe; None if it reads a state as it is."""
        size, tables = self.blocks.populations[number]["size"], []
        for block, rows, weights in zip(made.target, made.slice, made.weights, strict=True):
            places = self.blocks.place[id(block)][1][rows]
            if weights is None or (weights.ndim < 2 and made.key != "spiked"):
                return None
            given = np.diag(np.broadcast_to(weights, places.size)) if weights.ndim < 2 else weights
            table = np.zeros((size, given.shape[1]))
            table[places] = given
            tables.append(table)
        if made.is_transformed:
            return sum(tables).T
        whole = np.concatenate(tables, axis=1)
        return (whole if made.reindexing is None else whole[:, made.reindexing]).T

    def plain(self):
        """Plain data about inputs and outputs."""
        inputs = [{**row, "merged": lost} for row, lost in zip(self.inputs, self.merged, strict=True)]
        return {"inputs": inputs, "outputs": self.outputs, "left_out": self.left_out}

    def arrays(self):
        """Input spikes as rows (step, line), and the weights of outputs."""
        number = {id(item): k for k, item in enumerate(self.model.inputs)}
        given = [([], []) for _ in self.inputs]
        for item, step, lines in self.recorder.spikes:
            steps, every = given[number[id(item)]]
            steps.append(np.full(lines.size, step, dtype=np.int64))
            every.append(lines)
        found = {}
        for k, (steps, every) in enumerate(given):
            keys = np.concatenate([np.zeros(0, dtype=np.int64), *steps]) << 32
            keys[:] |= np.concatenate([np.zeros(0, dtype=np.int64), *every])
            once = np.unique(keys)
            found[f"input.{k}"] = np.stack([once >> 32, once & (2**32 - 1)], axis=1)
            found[f"repeated.{k}"] = np.array(keys.size - once.size)
        return found | {f"output.{k}": table for k, table in enumerate(self.weights) if table is not None}
