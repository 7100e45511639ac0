"""Runs a job on Brian2Loihi with Brian2's numpy code, which needs no compiler. Brian2Loihi's interpreter runs this file.

A group has one value for each register, so the neurons of a population are divided into groups of equal registers. A
Synapses object has one delay, so a link is divided by delay as well. Brian counts steps from 0, and a spike of its generator
acts in the step given; here steps count from 1 and an input spike acts one step later, so the numbers are the same.
"""

import warnings
from importlib.metadata import version

import numpy as np
from neurodeploy_worker import serve

NAMES = ("du", "dv", "vth_mant", "refract_delay")


class Build:
    """The network of one run. `learned`: projection -> weights that the run before has learned, if this one goes on."""

    def __init__(self, job, number, learned):
        self.job, self.plan, self.number, self.learned = job, job.plan, number, learned
        self.copies, self.steps = job.plan["runs"][number]["copies"], job.plan["steps"]
        self.parts, self.where, self.objects = {}, {}, []
        self.spikes, self.states, self.plastic = {}, {}, {}
        for item in self.plan["inputs"]:
            self.input(item)
        for index, item in enumerate(self.plan["populations"]):
            self.population(index, item)
        for index, item in enumerate(self.plan["links"]):
            if not item.get("part_of_another"):
                self.link(index, item)

    def input(self, item):
        import brian2_loihi as loihi

        rows = self.job.arrays[f"run.{self.number}.input.{item['name']}"]
        rows, size = rows[rows[:, 0] < self.steps], item["size"] * self.copies
        made = loihi.LoihiSpikeGeneratorGroup(size, rows[:, 1], rows[:, 0], sorted=True)
        self.place(item["name"], [made], np.zeros(size, dtype=np.int64), np.arange(size))

    def population(self, index, item):
        import brian2_loihi as loihi

        name = item["name"]
        given = np.stack([self.job.arrays[f"population.{index}.{key}"] for key in NAMES], axis=1)
        sets, group = np.unique(np.tile(given, (self.copies, 1)), axis=0, return_inverse=True)
        group, groups = group.ravel(), []
        within = np.zeros(group.size, dtype=np.int64)
        for number, (du, dv, vth, refract) in enumerate(sets.tolist()):
            mine = np.flatnonzero(group == number)
            within[mine] = np.arange(mine.size)
            registers = {"refractory": refract, "threshold_v_mant": vth, "decay_v": dv, "decay_I": du + 1}
            groups.append(loihi.LoihiNeuronGroup(mine.size, **registers))
        self.place(name, groups, group, within)
        self.spikes[name] = [loihi.LoihiSpikeMonitor(made) for made in groups]
        for probe in self.plan["probes"]:
            if probe["population"] == name:
                variable = "I" if probe["variable"] == "u" else "v"
                self.states[probe["name"]] = [loihi.LoihiStateMonitor(made, variable, order=1) for made in groups]

    def place(self, name, made, group, within):
        self.parts[name], self.where[name] = made, (group, within)
        self.objects += made

    def link(self, index, item):
        columns = {n: self.job.arrays[f"link.{index}.{n}"] for n in ("pre", "post", "mantissas", "delay_steps")}
        if "plastic" in item:
            self.plastic[item["projection"]] = Plastic(item, columns)
            columns["mantissas"] = self.begun_with(item["projection"], columns["mantissas"])
        copy = np.repeat(np.arange(self.copies), columns["pre"].size)
        pre = np.tile(columns["pre"], self.copies) + copy * item["n_source"]
        post = np.tile(columns["post"], self.copies) + copy * item["n_target"]
        mantissas, delays = (np.tile(columns[name], self.copies) for name in ("mantissas", "delay_steps"))
        source, i = (values[pre] for values in self.where[item["source"]])
        target, j = (values[post] for values in self.where[item["target"]])
        kinds, number = np.unique(np.stack([source, target, delays], axis=1), axis=0, return_inverse=True)
        for k, (one, other, delay) in enumerate(kinds.tolist()):
            mine = np.flatnonzero(number.ravel() == k)
            ends = self.parts[item["source"]][one], self.parts[item["target"]][other]
            made = self.synapses(item, ends, delay, i[mine], j[mine], mantissas[mine])
            if "plastic" in item:
                self.plastic[item["projection"]].add(made, mine, self.plan["probes"])

    def begun_with(self, name, mantissas):
        """Weights of a plastic projection before the run."""
        given = self.job.arrays.get(f"run.{self.number}.begin.{name}.w", mantissas)
        return self.learned.get(name, given)

    def synapses(self, item, ends, delay, i, j, mantissas):
        import brian2_loihi as loihi

        sign = getattr(loihi.synapse_sign_mode, item["sign_mode"].upper())
        more = {"w_exp": item["exponent"], "num_weight_bits": item["weight_bits"], "sign_mode": sign}
        if "plastic" in item:
            more |= {"dw": item["plastic"]["dw"], **item["plastic"]["traces"]}
        made = loihi.LoihiSynapses(*ends, delay=delay, **more)
        made.connect(i=i, j=j)
        made.w = mantissas.astype(np.int64)
        self.objects.append(made)
        return made

    def run(self, done):
        import brian2
        import brian2_loihi as loihi

        count = [done]

        def tick():
            count[0] += 1
            self.job.step(count[0])

        monitors = [item for items in (*self.spikes.values(), *self.states.values()) for item in items]
        monitors += [monitor for item in self.plastic.values() for monitor in item.monitors()]
        clock = brian2.NetworkOperation(tick, when="end")
        loihi.LoihiNetwork(*self.objects, *monitors, clock).run(self.steps)

    def results(self):
        found, prefix = {}, f"run.{self.number}."
        for name, monitors in self.spikes.items():
            group, rows = self.where[name][0], []
            for number, monitor in enumerate(monitors):
                step = (
                    np.rint(np.asarray(monitor.t_) * 1000).astype(np.int64) + 1
                )  # Brian's t truncates 1.001 s to 1000 ms
                neuron = np.flatnonzero(group == number)[np.asarray(monitor.i, dtype=np.int64)]
                rows.append(np.stack([step, neuron], axis=1))
            found[f"{prefix}spikes.{name}"] = np.concatenate(rows)
        for name, item in self.plastic.items():
            found[f"{prefix}learned.{name}.w"] = item.weights()
            found |= {f"{prefix}state.{probe}": table for probe, table in item.tables(self.steps)}
        for probe in self.plan["probes"]:
            if probe["population"] in self.plastic:
                continue
            group = self.where[probe["population"]][0]
            table = np.zeros((self.steps, group.size), dtype=np.int64)
            for number, monitor in enumerate(self.states[probe["name"]]):
                values = monitor.I if probe["variable"] == "u" else monitor.v
                table[:, group == number] = np.asarray(values, dtype=np.float64).T.astype(np.int64)
            found[f"{prefix}state.{probe['name']}"] = table
        return found


class Plastic:
    """The synapses of a plastic projection, and what is recorded of them at the end of each step.

    Each synapse has traces of its own there; recorded are those of the first synapse of each source or target.
    """

    def __init__(self, item, columns):
        self.item, self.ends, self.parts = item, {"x": columns["pre"], "y": columns["post"]}, []
        self.sizes = {"x": item["n_source"], "y": item["n_target"], "w": columns["pre"].size}

    def add(self, made, mine, probes):
        """Add synapses, which are `mine` of the projection, and monitors of its probes."""
        import brian2

        exists = {"w", *self.item["plastic"].get("recorded", ())}
        wanted = [probe for probe in probes if probe["population"] == self.item["projection"]]
        found = {
            probe["name"]: brian2.StateMonitor(made, probe["variable"], record=True, when="end")
            for probe in wanted
            if probe["variable"] in exists
        }
        self.parts.append((made, mine, found))
        self.probes = wanted

    def monitors(self):
        """All monitors."""
        return [monitor for _, _, found in self.parts for monitor in found.values()]

    def weights(self):
        """Weights after the run."""
        learned = np.zeros(self.sizes["w"], dtype=np.int64)
        for made, mine, _ in self.parts:
            learned[mine] = np.asarray(made.get_states(["w"], units=False)["w"]).astype(np.int64)
        return learned

    def tables(self, steps):
        """(probe, (steps, values) table) of each probe."""
        for probe in self.probes if self.parts else ():
            name, variable = probe["name"], probe["variable"]
            every = np.zeros((steps, self.sizes["w"]), dtype=np.int64)
            for _, mine, found in self.parts:
                if name in found:
                    every[:, mine] = np.asarray(getattr(found[name], variable)).T.astype(np.int64)
            if variable != "w":
                number, first = np.unique(self.ends[variable[0]], return_index=True)
                of_synapse, every = every, np.zeros((steps, self.sizes[variable[0]]), dtype=np.int64)
                every[:, number] = of_synapse[:, first]
            yield name, every


def simulate(job):
    """Run all runs one after the other."""
    warnings.simplefilter("ignore")
    job.stage("import brian2-loihi")
    import brian2

    brian2.BrianLogger.log_level_error()
    brian2.BrianLogger.suppress_hierarchy("brian2")
    brian2.prefs.codegen.target = "numpy"
    found, learned = {}, {}
    for number, run in enumerate(job.plan["runs"]):
        job.stage("build the network")
        if "seed" in run:
            brian2.seed(run["seed"])
        build = Build(job, number, learned if job.plan.get("learn") == "sequential" else {})
        job.stage("run")
        build.run(number * job.plan["steps"])
        job.stage("read what was recorded")
        found.update(build.results())
        learned = {name: item.weights() for name, item in build.plastic.items()}
    return {"versions": {"brian2-loihi": version("brian2-loihi"), "brian2": version("brian2")}}, found


if __name__ == "__main__":
    serve(simulate)
