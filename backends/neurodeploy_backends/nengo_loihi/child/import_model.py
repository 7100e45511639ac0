"""Builds the network of a user's file with nengo-loihi, and returns its blocks as integers. Its interpreter runs this file.

Plan: path, text, given (names the text may use without importing them), name, cwd, dt, steps, golden. Result: plain data
about populations, links, inputs, outputs and everything that nengo-loihi changed, and arrays of integers. `golden` also runs
nengo-loihi's own emulator and returns its spikes and states. A fault of the model is returned as {"refused": [facts, ...]}.
"""

import os
import random
import warnings
from importlib.metadata import version

import numpy as np
from built_blocks import Blocks
from host_side import Host, facts_of, loops, precheck, windows
from learned import Rules
from neurodeploy_worker import serve
from object_names import Names
from user_file import RefusedError, UserFile

SEED = 0
"""Seed of a network that has none, and of numpy and random while the file runs."""
CHUNK = 100
"""Steps between reports of progress."""


class Recorder:
    """What nengo-loihi does while it builds: connections across the chip's edge, the split of blocks, input spikes."""

    def __init__(self):
        from nengo_loihi.builder import connection, network
        from nengo_loihi.inputs import SpikeInput

        self.to_chip, self.to_host, self.split = {}, {}, {}
        self.spikes = []
        self._wrap(connection, "build_host_to_chip", self._entered)
        self._wrap(connection, "build_host_neurons_to_chip", self._entered)
        self._wrap(connection, "build_chip_to_host", self._left)
        split_model, add_spikes = network.split_model, SpikeInput.add_spikes

        def split(model):
            self.split = split_model(model)
            return self.split

        def add(item, step, lines, permanent=False):
            self.spikes.append((item, int(step), np.array(lines, dtype=np.int64)))
            return add_spikes(item, step, lines, permanent=permanent)

        network.split_model, SpikeInput.add_spikes = split, add

    def _wrap(self, module, name, hook):
        made = getattr(module, name)

        def wrapped(model, conn):
            before = set(model.inputs), set(model.chip2host_receivers)
            made(model, conn)
            hook(model, conn, before)

        setattr(module, name, wrapped)

    def _entered(self, model, conn, before):
        self.to_chip.update({item: conn for item in model.inputs if item not in before[0]})

    def _left(self, model, conn, before):
        self.to_host.update({item: conn for item in model.chip2host_receivers if item not in before[1]})


def built(job, user, network, names):
    """The simulator of a network that nengo-loihi built, and its warnings. Raises RefusedError for what it raises."""
    import nengo_loihi

    model = nengo_loihi.builder.Model(dt=job.plan["dt"], label="model")
    count = iter(range(1, 10**9))
    model.build_callback = lambda _: job.step(next(count))
    try:
        with warnings.catch_warnings(record=True) as caught, user.guarded("is built"):
            warnings.simplefilter("always")
            made = nengo_loihi.Simulator(network, dt=job.plan["dt"], model=model, target="sim", progress_bar=False)
    except RefusedError as refused:
        if refused.facts["line"] and not refused.facts["error"].startswith(("BuildError", "NotImplementedError")):
            raise
        error = names.spoken(refused.facts["error"])
        sliced = names.sliced() if error == "AssertionError" else []
        raise RefusedError("build", error=error, line=refused.facts["line"], sliced=sliced) from refused
    return made, [names.spoken(str(item.message)) for item in caught if "nengo_loihi" in item.filename]


def run_host(job, simulator, host):
    """Simulate the host's input for all steps, or the whole model if host and chip are interleaved or `golden` is wanted."""
    steps = job.plan["steps"]
    if job.plan["golden"] or not simulator.precompute:
        for first in range(0, steps, CHUNK):
            simulator._runner.run_steps(min(CHUNK, steps - first))
            simulator._n_steps += min(CHUNK, steps - first)
            job.step(min(first + CHUNK, steps))
        simulator._probe()
        return
    if "host_pre" in simulator.sims:
        for first in range(0, steps, CHUNK):
            simulator.sims["host_pre"].run_steps(min(CHUNK, steps - first))
            simulator._runner._host2chip(simulator.sims["emulator"])
            job.step(min(first + CHUNK, steps))


class Golden:
    """Spikes, voltages and currents of every block in every step, as nengo-loihi's emulator computes them."""

    def __init__(self, simulator):
        emulator = simulator.sims["emulator"]
        self.slices = dict(emulator.block_info.slices)
        self.rows = {"spikes": [], "v": [], "u": []}
        update = emulator.probes.update

        def updated(step, cells):
            for name, values in (("spikes", cells.spiked), ("v", cells.voltage), ("u", cells.current)):
                self.rows[name].append(values.copy())
            update(step, cells)

        emulator.probes.update = updated

    def arrays(self, blocks):
        """ "golden.v.NUMBER" -> (steps, size) of a population, likewise spikes and u."""
        found = {}
        for name, rows in self.rows.items():
            table = np.array(rows)
            for number, item in enumerate(blocks.populations):
                values = np.zeros((len(rows), item["size"]), dtype=np.int32)
                for block, places in item["parts"]:
                    values[:, places] = table[:, self.slices[block]]
                found[f"golden.{name}.{number}"] = values
        return found


def golden_values(simulator, network, host, names):
    """Values of the user's probes, as nengo-loihi's chip and host computed them."""
    found = {f"golden.probe.{row['name']}": np.array(simulator.data[row["probe"]]) for row in host.probed}
    on_host = [probe for probe in network.all_probes if not simulator.model.split.on_chip(probe)]
    return {**found, **{f"golden.host.{names.of(probe.obj)}": np.array(simulator.data[probe]) for probe in on_host}}


def imported(job, user):
    """Run the file, build its network, and describe the result."""
    plan = job.plan
    os.chdir(plan["cwd"])
    job.stage("import nengo-loihi")
    warnings.simplefilter("ignore")
    recorder = Recorder()
    random.seed(SEED)
    np.random.seed(SEED)
    job.stage("run the file")
    user.run()
    name, network = user.network(plan["name"])
    facts, seeded = facts_of(network), network.seed is not None
    if not seeded:
        network.seed = SEED
    names = Names(user, network)
    faults = [*precheck(network, names), *loops(network, names)]
    if faults:
        return {"refused": faults}, {}
    job.stage("build the network")
    simulator, said = built(job, user, network, names)
    job.stage("convert blocks")
    rules = Rules(simulator, network, names, plan["golden"])
    blocks = Blocks(simulator.model, recorder, names, rules)
    host = Host(simulator.model, recorder, names, blocks, plan["dt"])
    golden = Golden(simulator) if plan["golden"] else None
    job.stage("simulate the input")
    host.count_merged(simulator)
    with warnings.catch_warnings(record=True) as caught, user.guarded("simulates its input"):
        warnings.simplefilter("always")
        run_host(job, simulator, host)
    overflow = sorted({str(item.message) for item in caught if "nengo_loihi" in item.filename})
    meta = {
        "name": names.unique(network.label or name, "network"), "seeded": seeded, "printed": user.printed.getvalue()[:2000],
        "said": said, "overflow": overflow, "facts": facts(names, simulator.model), "windows": windows(network, names), "rules": rules.rows,
        **blocks.plain(), **host.plain(),
    }  # fmt: skip
    arrays = {**blocks.arrays(), **host.arrays(), **rules.arrays(plan["steps"]), **user.labels()}
    if golden is not None:
        arrays |= {**golden.arrays(blocks), **golden_values(simulator, network, host, names)}
    return meta, arrays


def answer(job):
    """The import, or the refusals of the model."""
    versions = {"nengo-loihi": version("nengo-loihi"), "nengo": version("nengo")}
    user = UserFile(job.plan)
    try:
        meta, arrays = imported(job, user)
    except RefusedError as refused:
        meta, arrays = {"refused": [refused.facts]}, {}
    except Exception as error:
        if not user.line_of(error):
            raise
        meta, arrays = (
            {"refused": [user.refusal(error, "is imported").facts]},
            {},
        )  # a function of the file, called late
    return {**meta, "versions": versions}, arrays


if __name__ == "__main__":
    serve(answer)
