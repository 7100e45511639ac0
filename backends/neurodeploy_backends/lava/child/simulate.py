"""Runs a job on lava-nc's fixed-point process models. Lava's interpreter runs this file; see neurodeploy_worker.

Each input, population and link is a process, and each population has a sink. Unconnected parts of the network run as separate
networks, one after the other. stop() is called only after run() has returned: otherwise lava hangs or crashes.
"""

import warnings
from importlib.metadata import version

import numpy as np
import scipy.sparse as sp
from neurodeploy_worker import serve

GRADED_BITS = 24
"""With any width but 0 a link multiplies by the value sent."""


def tiled(values, copies):
    """Repeat one value per neuron for every copy."""
    return np.tile(values, copies)


def sets_of(given):
    """Neurons of each distinct register set, since a LIF process has one; [None] where all neurons share one."""
    registers = np.stack([given[name] for name in ("du", "dv", "vth_mant")], axis=1)
    sets, number = np.unique(registers, axis=0, return_inverse=True)
    return [np.flatnonzero(number.ravel() == k) for k in range(len(sets))] if len(sets) > 1 else [None]


class Builder:
    """Builds the processes of one run. On a board, a population with several register sets becomes several processes."""

    def __init__(self, job, number):
        self.job, self.number = job, number
        self.plan, self.copies = job.plan, job.plan["runs"][number]["copies"]
        self.steps = self.plan["steps"]
        self.sources, self.targets, self.kinds = {}, {}, {}

    def build(self, part):
        """Build a part of the network and return one of its processes; lava runs all that are connected to it."""
        from lava_parts import io

        io.STORE["clock"] = io.shared((1,), np.int64)
        for item in self.plan["inputs"]:
            if item["part"] == part:
                self.source(io, item)
        for index, item in enumerate(self.plan["populations"]):
            if item["part"] == part:
                self.population(io, index, item)
        for index, item in enumerate(self.plan["links"]):
            if item["target"] in self.kinds and not item.get("part_of_another"):
                self.link(index, item)
        return self.targets[next(iter(self.kinds))][0][0]

    def onto_chip(self, port, size, graded):
        """Port from which cores receive what a host process sends."""
        if not self.plan["board"]:
            return port
        from lava.proc.embedded_io.spike import PyToNxAdapter

        made = PyToNxAdapter(shape=(size,), num_message_bits=GRADED_BITS if graded else 0)
        port.connect(made.inp)
        return made.out

    def off_chip(self, port, size, graded):
        """Port from which a host process receives what cores send."""
        if not self.plan["board"]:
            return port
        from lava.proc.embedded_io.spike import NxToPyAdapter

        made = NxToPyAdapter(shape=(size,), num_message_bits=GRADED_BITS if graded else 0)
        port.connect(made.inp)
        return made.out

    def source(self, io, item):
        """Build the source of an input."""
        key, size = f"run.{self.number}.input.{item['name']}", item["size"] * self.copies
        io.STORE[key] = self.job.arrays[key]
        made = (io.ValueSource if item["values"] else io.EventSource)(size=size, key=key)
        self.sources[item["name"]] = [(self.onto_chip(made.s_out, size, item["values"]), None)]

    def population(self, io, index, item):
        """Build the processes of a population, their sinks and their taps."""
        name, total = item["name"], item["size"] * self.copies
        prefix = f"population.{index}."
        given = {k[len(prefix) :]: tiled(v, self.copies) for k, v in self.job.arrays.items() if k.startswith(prefix)}
        probes = [(p["variable"], "state." + p["name"]) for p in self.plan["probes"] if p["population"] == name]
        for _, key in probes:
            io.STORE[key] = io.shared((self.steps, total), np.int64)
        io.STORE["sent." + name] = io.shared((self.steps, total), np.int32 if item["graded"] else np.int8)
        self.kinds[name], self.sources[name], self.targets[name] = item["kind"], [], []
        for neurons in sets_of(given) if item["apart"] else [None]:
            self.cells(io, item, given, neurons, probes)

    def cells(self, io, item, given, neurons, probes):
        """Build one process of a population; `neurons`: those it holds, None for all."""
        from populations import guard, process_of, reset, tap

        name, mine = item["name"], given if neurons is None else {k: v[neurons] for k, v in given.items()}
        size = item["size"] * self.copies if neurons is None else int(neurons.size)
        process = process_of({**item, "total": size}, mine, name)
        if probes:
            tap(process, item["kind"], probes, neurons)
        reset(process, item, mine)
        guard(process, self.job)
        sink = io.Sink(size=size, key="sent." + name, neurons=neurons)
        self.off_chip(process.s_out, size, item["graded"]).connect(sink.a_in)
        self.sources[name].append((process.s_out, neurons))
        self.targets[name].append((process, neurons))

    def link(self, index, item):
        """Build the processes of a link between two populations."""
        sources, targets = self.sources[item["source"]], self.targets[item["target"]]
        if item.get("conv") and self.copies * len(sources) * len(targets) == 1:
            self.convolution(index, item)
            return
        for port, sent in sources:
            for target, received in targets:
                self.connect(index, item, (port, sent), (target, received))

    def connect(self, index, item, source, target):
        """Build the process of a link between one sending and one receiving process."""
        from learning import guard_learning, plastic_link
        from populations import guard, port_of

        if item.get("plastic"):
            guard_learning(self.job)
            made = plastic_link(self, index, item)
        else:
            made = self.connection(index, item, source[1], target[1])
            guard(made, self.job)
        source[0].connect(made.s_in)
        made.a_out.connect(port_of(self.kinds[item["target"]], target[0], item["port"]))

    def convolution(self, index, item):
        """Build lava's Conv, whose axes are (height, width, channel) instead of (channel, height, width)."""
        from lava.proc.conv.process import Conv
        from populations import guard, port_of

        shape, given = item["conv"]["input_shape"], item["conv"]
        more = {"num_message_bits": GRADED_BITS if item["graded"] else 0, "groups": given["groups"]}
        geometry = {name: tuple(given[name]) for name in ("stride", "padding", "dilation")}
        kernel = self.job.arrays[f"link.{index}.kernel"].astype(np.int32)
        made = Conv(weight=kernel, input_shape=(shape[1], shape[2], shape[0]), **geometry, **more)
        guard(made, self.job)
        (source, _), (target, _) = self.sources[item["source"]][0], self.targets[item["target"]][0]
        source.reshape(tuple(shape)).transpose((1, 2, 0)).connect(made.s_in)
        port = port_of(self.kinds[item["target"]], target, item["port"])
        made.a_out.transpose((2, 0, 1)).reshape((item["n_target"],)).connect(port)

    def connection(self, index, item, sent=None, received=None):
        """Dense, Sparse, DelayDense or DelaySparse; `sent`, `received`: neurons at its two ends, None for all."""
        from lava.proc.dense.process import DelayDense, Dense
        from lava.proc.sparse.process import DelaySparse, Sparse
        from lava.utils.weightutils import SignMode

        columns = {n: self.job.arrays[f"link.{index}.{n}"] for n in ("pre", "post", "mantissas", "delay_steps")}
        shape = (item["n_target"], item["n_source"])
        common = {"weight_exp": item["exponent"], "num_weight_bits": item["weight_bits"]}
        common |= {"sign_mode": SignMode[item["sign_mode"].upper()]}
        common |= {"num_message_bits": GRADED_BITS if item["graded"] else 0}
        ends = received if received is not None else slice(None), sent if sent is not None else slice(None)
        weights = self.matrix(columns, "mantissas", shape)[ends[0]][:, ends[1]]
        delays = self.matrix(columns, "delay_steps", shape).astype(np.int64)[ends[0]][:, ends[1]]
        dense = 2 * columns["pre"].size > shape[0] * shape[1] and self.copies == 1
        if item["delay_steps"]:
            more = {"max_delay": item["delay_steps"], **common}
            if dense:
                return DelayDense(weights=weights.toarray(), delays=delays.toarray(), **more)
            return DelaySparse(weights=weights, delays=delays, **more)
        return Dense(weights=weights.toarray(), **common) if dense else Sparse(weights=weights, **common)

    def matrix(self, columns, name, shape):
        """(post, pre) sparse matrix of all copies."""
        one = sp.csr_matrix((columns[name], (columns["post"], columns["pre"])), shape=shape, dtype=np.int32)
        return sp.kron(sp.identity(self.copies, dtype=np.int32), one, format="csr") if self.copies > 1 else one


def results(plan, number, names, store):
    """Arrays that a run recorded of these populations."""
    found = {}
    for item in plan["populations"]:
        if item["name"] not in names:
            continue
        table = store["sent." + item["name"]]
        step, neuron = np.nonzero(table)
        found[f"run.{number}.spikes.{item['name']}"] = np.stack([step + 1, neuron], axis=1)
        if item["graded"]:
            found[f"run.{number}.values.{item['name']}"] = table[step, neuron].astype(np.int64)
    plastic = [item for item in plan["links"] if item.get("plastic") and item["target"] in names]
    for probe in plan["probes"]:
        if probe["population"] in names or any(item["projection"] == probe["population"] for item in plastic):
            found[f"run.{number}.state.{probe['name']}"] = store["state." + probe["name"]].copy()
    for item in plastic:
        for variable in item["plastic"]["variables"]:
            key = f"learned.{item['projection']}.{variable}"
            found[f"run.{number}.{key}"] = store[key][0].copy()
    return found


def carried(found, number):
    """What the next run begins with, as this one has learned it."""
    prefix = f"run.{number}.learned."
    return {f"run.{number + 1}.begin.{k[len(prefix) :]}": v for k, v in found.items() if k.startswith(prefix)}


def configuration(board):
    """lava's run configuration: the simulation, or a board."""
    from lava.magma.core import run_configs

    if board:
        return {"loihi1": run_configs.Loihi1HwCfg, "loihi2": run_configs.Loihi2HwCfg}[board]()
    return run_configs.Loihi2SimCfg(select_tag="fixed_pt")


def simulate(job):
    """Run all parts of all runs one after the other."""
    warnings.simplefilter("ignore")
    job.stage("import lava")
    from lava.magma.core.run_conditions import RunSteps
    from lava_parts import io

    plan, found, done = job.plan, {}, 0
    parts = sorted({item["part"] for item in plan["populations"]})
    for number in range(len(plan["runs"])):
        for part in parts:
            job.stage("build the processes")
            builder = Builder(job, number)
            last = builder.build(part)
            job.stage("start the processes")
            last.create_runtime(run_cfg=configuration(plan["board"]))
            job.stage("run")
            job.watch(lambda done=done: done + io.STORE["clock"][0])
            last.run(RunSteps(plan["steps"]))
            job.stage("read what was recorded")
            found |= results(plan, number, builder.kinds, io.STORE)
            job.stage("stop the processes")
            last.stop()
            done += plan["steps"]
        if plan["learn"] == "sequential":
            job.arrays.update(carried(found, number))
    return {"versions": {"lava-nc": version("lava-nc")}}, found


if __name__ == "__main__":
    serve(simulate)
