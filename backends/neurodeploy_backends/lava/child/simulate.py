"""Runs a job on lava-nc's fixed-point process models. Lava's interpreter runs this file; see neurodeploy_worker.

One process for each input, population and link, one sink for each population. Parts that no link joins are networks of
their own, run one after the other. stop() is called only after run() has returned: otherwise lava hangs or crashes.
"""

import warnings
from importlib.metadata import version

import numpy as np
import scipy.sparse as sp
from neurodeploy_worker import serve

GRADED_BITS = 24
"""Any width but 0 lets a link multiply by what is sent."""


def tiled(values, copies):
    """Repeat one value per neuron for every copy."""
    return np.tile(values, copies)


class Builder:
    """Makes the processes of one run."""

    def __init__(self, job, number):
        self.job, self.number = job, number
        self.plan, self.copies = job.plan, job.plan["runs"][number]["copies"]
        self.steps = self.plan["steps"]
        self.processes, self.kinds = {}, {}

    def build(self, part):
        """Return one process of a part of the network; lava runs all that it is connected to."""
        from lava_parts import io

        io.STORE["clock"] = io.shared((1,), np.int64)
        for item in self.plan["inputs"]:
            if item["part"] == part:
                self.source(io, item)
        for index, item in enumerate(self.plan["populations"]):
            if item["part"] == part:
                self.population(io, index, item)
        for index, item in enumerate(self.plan["links"]):
            if item["target"] in self.kinds:
                self.link(index, item)
        return self.processes[next(iter(self.kinds))]

    def source(self, io, item):
        """Make the source of an input."""
        key, size = f"run.{self.number}.input.{item['name']}", item["size"] * self.copies
        io.STORE[key] = self.job.arrays[key]
        made = io.ValueSource if item["values"] else io.EventSource
        self.processes[item["name"]] = made(size=size, key=key)

    def population(self, io, index, item):
        """Make a population, its sink and its taps."""
        from populations import guard, process_of, reset, tap

        name, total = item["name"], item["size"] * self.copies
        prefix = f"population.{index}."
        given = {k[len(prefix) :]: tiled(v, self.copies) for k, v in self.job.arrays.items() if k.startswith(prefix)}
        process = process_of({**item, "total": total}, given, name)
        probes = [(p["variable"], "state." + p["name"]) for p in self.plan["probes"] if p["population"] == name]
        for _, key in probes:
            io.STORE[key] = io.shared((self.steps, total), np.int64)
        if probes:
            tap(process, item["kind"], probes)
        reset(process, item, given)
        guard(process, self.job)
        key = "sent." + name
        io.STORE[key] = io.shared((self.steps, total), np.int32 if item["graded"] else np.int8)
        process.s_out.connect(io.Sink(size=total, key=key).a_in)
        self.processes[name], self.kinds[name] = process, item["kind"]

    def link(self, index, item):
        """Make the process of a link between two that are made."""
        from populations import guard, port_of

        if item.get("conv") and self.copies == 1:
            self.convolution(index, item)
            return
        made = self.connection(index, item)
        guard(made, self.job)
        self.processes[item["source"]].s_out.connect(made.s_in)
        target = self.processes[item["target"]]
        made.a_out.connect(port_of(self.kinds[item["target"]], target, item["port"]))

    def convolution(self, index, item):
        """Make lava's Conv, whose axes are height, width and channel, where ours are channel, height and width."""
        from lava.proc.conv.process import Conv
        from populations import guard, port_of

        shape, given = item["conv"]["input_shape"], item["conv"]
        more = {"num_message_bits": GRADED_BITS if item["graded"] else 0, "groups": given["groups"]}
        geometry = {name: tuple(given[name]) for name in ("stride", "padding", "dilation")}
        kernel = self.job.arrays[f"link.{index}.kernel"].astype(np.int32)
        made = Conv(weight=kernel, input_shape=(shape[1], shape[2], shape[0]), **geometry, **more)
        guard(made, self.job)
        source, target = self.processes[item["source"]], self.processes[item["target"]]
        source.s_out.reshape(tuple(shape)).transpose((1, 2, 0)).connect(made.s_in)
        port = port_of(self.kinds[item["target"]], target, item["port"])
        made.a_out.transpose((2, 0, 1)).reshape((item["n_target"],)).connect(port)

    def connection(self, index, item):
        """Return Dense, Sparse or their kin with delays."""
        from lava.proc.dense.process import DelayDense, Dense
        from lava.proc.sparse.process import DelaySparse, Sparse
        from lava.utils.weightutils import SignMode

        columns = {n: self.job.arrays[f"link.{index}.{n}"] for n in ("pre", "post", "mantissas", "delay_steps")}
        shape = (item["n_target"], item["n_source"])
        common = {"weight_exp": item["exponent"], "num_weight_bits": item["weight_bits"]}
        common |= {"sign_mode": SignMode[item["sign_mode"].upper()]}
        common |= {"num_message_bits": GRADED_BITS if item["graded"] else 0}
        weights = self.matrix(columns, "mantissas", shape)
        delays = self.matrix(columns, "delay_steps", shape).astype(np.int64)
        dense = 2 * columns["pre"].size > shape[0] * shape[1] and self.copies == 1
        if item["delay_steps"]:
            more = {"max_delay": item["delay_steps"], **common}
            if dense:
                return DelayDense(weights=weights.toarray(), delays=delays.toarray(), **more)
            return DelaySparse(weights=weights, delays=delays, **more)
        return Dense(weights=weights.toarray(), **common) if dense else Sparse(weights=weights, **common)

    def matrix(self, columns, name, shape):
        """Return (post, pre) of all copies, as lava wants it."""
        one = sp.csr_matrix((columns[name], (columns["post"], columns["pre"])), shape=shape, dtype=np.int32)
        return sp.kron(sp.identity(self.copies, dtype=np.int32), one, format="csr") if self.copies > 1 else one


def results(plan, number, names, store):
    """Return the arrays of a run that these populations gave."""
    found = {}
    for item in plan["populations"]:
        if item["name"] not in names:
            continue
        table = store["sent." + item["name"]]
        step, neuron = np.nonzero(table)
        found[f"run.{number}.spikes.{item['name']}"] = np.stack([step + 1, neuron], axis=1)
        if item["graded"]:
            found[f"run.{number}.values.{item['name']}"] = table[step, neuron].astype(np.int64)
    for probe in plan["probes"]:
        if probe["population"] in names:
            found[f"run.{number}.state.{probe['name']}"] = store["state." + probe["name"]].copy()
    return found


def configuration(board):
    """Return lava's run configuration: the simulation, or a board."""
    from lava.magma.core import run_configs

    if board:
        return {"loihi1": run_configs.Loihi1HwCfg, "loihi2": run_configs.Loihi2HwCfg}[board]()
    return run_configs.Loihi2SimCfg(select_tag="fixed_pt")


def simulate(job):
    """Run all parts of all runs, one after the other."""
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
    return {"versions": {"lava-nc": version("lava-nc")}}, found


if __name__ == "__main__":
    serve(simulate)
