"""Updates of plastic synapses: counted from spikes, by hand and synapse by synapse, and paid for."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of, with_limits

import neurodeploy as nd
from neurodeploy.costs.counting import counts
from neurodeploy.costs.learning import synapse_updates
from neurodeploy.hardware import load_target
from neurodeploy.network import Dense, Pes, Sparse, SumOfProducts, Trace, WeightFormat
from neurodeploy.profile import profile
from neurodeploy.simulate import Stimulus

TRACE = Trace(impulse=16, tau_steps=10)


def rule(dw, **fields):
    return SumOfProducts(dw=dw, x1=TRACE, y1=TRACE, **fields)


def program_of(plasticity, rng=None, n=(7, 5), cores=1):
    """Lines onto neurons of a low threshold; a sparse projection if there is a generator, else a dense one."""
    pre, post = np.nonzero(rng.random(n) < 0.5) if rng is not None else (None, None)
    operation = Dense(weights=np.full((n[1], n[0]), 16))
    if rng is not None:
        operation = Sparse(shape=(n[1], n[0]), pre=pre, post=post, weights=np.full(pre.size, 16))
    wire = nd.Projection(
        name="p",
        source="in",
        target="cells",
        operation=operation,
        weight_format=WeightFormat(weight_bits=8, sign_mode="excitatory"),
        plasticity=plasticity,
    )
    cells = nd.Population(name="cells", shape=n[1], neuron=nd.LoihiCuba(du=4095, dv=4095, vth_mant=40))
    network = network_of([cells], [wire], inputs=(nd.Input(name="in", shape=n[0]),))
    return nd.compile(network, with_limits(load_target("loihi1"), compartments=-(-n[1] // cores)))


def recorded(program, rows, steps, samples):
    stimulus = Stimulus(n_samples=samples, n_steps=steps, spikes={"in": np.array(rows, dtype=np.int32).reshape(-1, 3)})
    return nd.run(program, stimulus, until=steps)


def touched(program, recording, plasticity):
    """(sample, last step of an epoch, core) -> synapses, one by one."""
    from neurodeploy.program.plastic import plastic_synapses

    listed, found = plastic_synapses(program)["p"].listed, {}
    core_of = np.repeat(np.arange(program.tables.n_cores), np.diff(program.tables.compartment_ptr))
    core = core_of[program.table_rows["cells"]]
    x = {tuple(row) for row in recording.input_spikes["in"].tolist()}
    y = {tuple(row) for row in recording.spikes["cells"].tolist()}
    for sample in range(recording.n_samples):
        for epoch in range(1, recording.n_steps // plasticity.epoch_steps + 1):
            last = epoch * plasticity.epoch_steps
            steps = range(last - plasticity.epoch_steps + 1, last + 1)
            for pre, post in zip(listed.pre.tolist(), listed.post.tolist(), strict=True):
                spiked = {
                    "x0": any((sample, t, pre) in x for t in steps),
                    "y0": any((sample, t, post) in y for t in steps),
                }
                if any(
                    epoch % 2**item.decimation == 0 if item.dependency == "u" else spiked[item.dependency]
                    for item in plasticity.dw
                ):
                    key = sample, last, int(core[post])
                    found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.parametrize("dw", ["x1*y0", "y1*x0", "x1*y0 - y1*x0", "u1*w", "x1*y0 + u2*x1"])
@pytest.mark.parametrize("epoch_steps", [1, 3, 4])
@pytest.mark.parametrize("cores", [1, 2])
def test_updates_are_those_of_single_synapses(dw, epoch_steps, cores):
    rng = np.random.default_rng(epoch_steps)
    plasticity = rule(dw, epoch_steps=epoch_steps)
    program = program_of(plasticity, rng, cores=cores)
    rows = np.argwhere(rng.random((2, 11, 7)) < 0.3) + [0, 1, 0]
    recording = recorded(program, rows, 11, 2)
    assert any(len(part) for part in recording.spikes.values())
    (found,) = synapse_updates(program, recording)
    length = recording.n_steps
    counted = {
        (int(step) // length, int(step) % length + 1, int(core)): int(count)
        for step, core, count in zip(found.step, found.core, found.updated, strict=True)
    }
    assert counted == touched(program, recording, plasticity)
    total = sum(int(part.synapse_updates.sum()) for part in counts(program, recording))
    assert total == found.updated.sum()


def test_pes_visits_every_synapse_once_an_epoch():
    """Pes runs where an engine has it; its updates do not depend on spikes."""
    program = program_of(rule("x1*y0"), n=(7, 6))
    recording = recorded(program, [[0, 1, 0]], 11, 1)
    first = program.network.projections[0].model_copy(update={"plasticity": Pes(error="in", epoch_steps=4)})
    other = program.model_copy(update={"network": program.network.model_copy(update={"projections": (first,)})})
    (found,) = synapse_updates(other, recording)
    assert found.step.tolist() == [3, 7]
    assert found.updated.tolist() == [42, 42]


def test_an_update_is_paid_for_and_takes_time():
    """7 x 5 synapses, all updated in each of 12 epochs, and the same run with fixed weights."""
    costs = {}
    for plasticity in (rule("u0*x1"), None):
        program = program_of(plasticity)
        found = profile(program, recorded(program, [], 12, 1))
        costs[plasticity is not None] = found
    learns, fixed = costs[True], costs[False]
    updates = 7 * 5 * 12
    assert [(item.name, item.synapses, item.updates) for item in learns.learning] == [("p", 35, updates)]
    assert fixed.learning == ()
    more = learns.energy_per_inference.value - fixed.energy_per_inference.value
    assert more == pytest.approx(updates * 120e-12)
    slower = learns.time_per_inference.value - fixed.time_per_inference.value
    assert slower == pytest.approx(updates * 6.1e-9)
    assert learns.floors[0].learning_s == pytest.approx(35 * 6.1e-9)
    parts = {part.name: part.estimate.value for part in learns.boundaries[0].energy_parts}
    assert parts["updates of plastic synapses"] == pytest.approx(updates * 120e-12)
    assert "updates of plastic synapses" not in {part.name for part in fixed.boundaries[0].energy_parts}
    assert "ND615" in {item.code for item in learns.findings}


def test_a_profile_without_a_figure_says_so():
    target = load_target("loihi1")
    bare = {
        name: item.model_copy(update={"synapse_update": type(item.update)()}) for name, item in target.energy.items()
    }
    program = program_of(rule("u0*x1"))
    program = program.model_copy(update={"target": program.target.model_copy(update={"energy": bare})})
    found = profile(program, recorded(program, [], 4, 1))
    assert found.no_figure == ("updates of plastic synapses: no public figure of their energy in davies2018, nahuku",)
