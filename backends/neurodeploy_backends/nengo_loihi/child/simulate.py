"""Runs a job of blocks on nengo-loihi's emulator. Its interpreter runs this file; see neurodeploy_worker.

Blocks get integers directly: the conversion of a Nengo network would rescale every weight. The emulator takes its integer
path because the compartments' arrays are int32. A model can run only once, so each sample has a separate model.
"""

import warnings
from importlib.metadata import version

import numpy as np
from learning import Learning
from neurodeploy_worker import serve

KEYS = {"v": "voltage", "u": "current", "v_register": "voltage"}


class Model:
    """The model of one sample, and its probes."""

    def __init__(self, job, sample, begun):
        from nengo_loihi.builder import Model as Built

        self.job, self.sample, self.model = job, sample, Built()
        self.inputs = {item["name"]: self.input(item) for item in job.plan["inputs"] if not item["values"]}
        self.blocks = [self.block(number, item) for number, item in enumerate(job.plan["blocks"])]
        for number, item in enumerate(job.plan["links"]):
            self.link(number, item)
        self.learning = Learning(job, sample, begun)
        self.learning.connect(self.inputs, self.blocks)
        wanted = {probe["variable"] for probe in job.plan["probes"] if probe["variable"] in KEYS}
        keys = {"spiked"} | {KEYS[variable] for variable in wanted}
        self.probes = {key: [self.probe(block, key) for block in self.blocks] for key in sorted(keys)}

    def input(self, item):
        from nengo_loihi.inputs import SpikeInput

        made = SpikeInput(item["size"], label=item["name"])
        self.model.add_input(made)
        rows = self.job.arrays[f"run.{self.sample}.input.{item['name']}"]
        for step in np.unique(rows[:, 0]).tolist():
            first, last = np.searchsorted(rows[:, 0], [step, step + 1])
            made.add_spikes(step, rows[first:last, 1])
        return made

    def block(self, number, item):
        from nengo_loihi.block import LoihiBlock

        made = LoihiBlock(item["size"], label=item["name"])
        cell, arrays = made.compartment, self.job.arrays
        given = {
            name: arrays[f"block.{number}.{name}"].astype(np.int32) for name in ("du", "dv", "vth", "bias", "refract")
        }
        cell.decay_u, cell.decay_v, cell.vth = given["du"], given["dv"], given["vth"]
        cell.bias, cell.refract_delay = given["bias"], given["refract"]
        cell.scale_u = cell.scale_v = False
        cell.vmin, cell.vmax = item["vmin"], item["vmax"]
        cell.enable_noise[:] = item["noise_at"] >= 0
        cell.noise_at_membrane = max(item["noise_at"], 0)
        cell.noise_exp, cell.noise_offset = item["noise_exponent"], item["noise_offset"]
        self.model.add_block(made)
        return made

    def link(self, number, item):
        from nengo_loihi.block import Axon, Synapse

        columns = {n: self.job.arrays[f"link.{number}.{n}"] for n in ("axon_of", "ptr", "targets", "weights")}
        bounds = columns["ptr"].tolist()
        synapse = Synapse(len(bounds) - 1, label=item["projection"])
        rows = [(bounds[k], bounds[k + 1]) for k in range(len(bounds) - 1)]
        weights = [columns["weights"][a:b].astype(np.int32)[None, :] for a, b in rows]
        indices = [columns["targets"][a:b].astype(np.int32)[None, :] for a, b in rows]
        synapse._set_weights_indices(weights, indices=indices, weight_dtype=np.int32, compression=0)
        synapse.format(weight_exp=item["weight_exp"], fanout_type=item["fanout_type"])
        self.blocks[item["target"]].add_synapse(synapse)
        axon = Axon(len(bounds) - 1, label=item["projection"])
        axon.target = synapse
        axon.set_compartment_axon_map(columns["axon_of"])
        source = self.inputs[item["input"]] if item["input"] is not None else self.blocks[item["source"]]
        source.add_axon(axon)

    def probe(self, block, key):
        from nengo_loihi.probe import LoihiProbe

        made = LoihiProbe(target=block, key=key)
        self.model.add_probe(made)
        return made


class Draws:
    """Replaces the emulator's generator, which draws for learning and once per step for all rows, by the draws of a job."""

    def __init__(self, table, learning):
        self.rows, self.rand = None if table is None else iter(table), learning.rand

    def randint(self, low, high, size, dtype):
        """Draws of noise in the next step; without noise nothing reads them."""
        return np.zeros(size, dtype=dtype) if self.rows is None else next(self.rows).astype(dtype)


def emulated(model, job, done):
    """Key -> (steps, rows of all blocks), recorded by the emulator."""
    from nengo_loihi.emulator import EmulatorInterface

    emulator = EmulatorInterface(model.model, seed=0)
    model.learning.attach(emulator)
    emulator.rng = Draws(job.arrays.get(f"run.{model.sample}.noise"), model.learning)
    for step in range(job.plan["steps"]):
        model.learning.before(step + 1)
        emulator.step()
        model.learning.after()
        job.step(done + step + 1)
    return {
        key: np.concatenate([np.asarray(emulator.collect_probe_output(probe)) for probe in probes], axis=1)
        for key, probes in model.probes.items()
    }


def on_board(model, job):
    """Key -> (steps, rows of all blocks), recorded on a board."""
    from nengo_loihi.hardware.interface import HardwareInterface

    job.stage("build on the board")
    with HardwareInterface(model.model, use_snips=False, seed=0, n_chips=job.plan["chips"]) as board:
        job.stage("run on the board")
        board.run_steps(job.plan["steps"], blocking=True)
        return {
            key: np.concatenate([np.asarray(board.collect_probe_output(probe)) for probe in probes], axis=1)
            for key, probes in model.probes.items()
        }


def simulate(job):
    """Run all samples one after the other."""
    warnings.simplefilter("ignore")
    job.stage("import nengo-loihi")
    import nengo_loihi.emulator  # noqa: F401

    plan, found, begun = job.plan, {}, {}
    for sample in range(len(plan["runs"])):
        job.stage("build the model")
        model = Model(job, sample, begun)
        job.stage("run")
        tables = on_board(model, job) if plan["board"] else emulated(model, job, sample * plan["steps"])
        for item in plan["populations"]:
            rows = job.arrays[f"rows.{item['name']}"]
            step, neuron = np.nonzero(tables["spiked"][:, rows] > 0)
            found[f"run.{sample}.spikes.{item['name']}"] = np.stack([step + 1, neuron], axis=1)
        learned = model.learning.learned()
        begun = learned if plan["learn"] == "sequential" else {}
        found.update({f"run.{sample}.learned.{name}.w": values.ravel() for name, values in learned.items()})
        for name, (_, _, rows) in model.learning.probes.items():
            found[f"run.{sample}.state.{name}"] = np.array(rows)
        for probe in plan["probes"]:
            if probe["variable"] not in KEYS:
                continue
            rows = job.arrays[f"rows.{probe['population']}"]
            found[f"run.{sample}.state.{probe['name']}"] = tables[KEYS[probe["variable"]]][:, rows].astype(np.int64)
    return {"versions": {"nengo-loihi": version("nengo-loihi"), "nengo": version("nengo")}}, found


if __name__ == "__main__":
    serve(simulate)
