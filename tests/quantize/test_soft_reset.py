"""A reset that subtracts the threshold, as a synapse from each neuron to itself (an autapse)."""

from __future__ import annotations

import re

import numpy as np
import pytest
from factories import examples, network_of, one_layer
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions, load
from neurodeploy.network import Membrane, OneToOne, Reset, StateReset
from neurodeploy.network.neurons import Explicit
from neurodeploy.quantize import quantize
from neurodeploy.quantize.soft_reset import with_autapses
from neurodeploy.simulate import Stimulus

TARGETS = {name: load_target(name) for name in ("loihi1", "loihi2")}
STEPS = 24
"""Few enough for sums of powers of 3/4 to be exact in float64, and far from ties that are none."""


def compiled(network, target="loihi1", **options):
    return compile_network(network, TARGETS[target], CompileOptions(fixes=False, **options))


def shown(network, steps=STEPS, seed=None, rate=0.5):
    """Input spikes in every step, or at random."""
    shape = (1, steps, network.inputs[0].size)
    raster = np.ones(shape) if seed is None else np.random.default_rng(seed).random(shape) < rate
    return Stimulus(n_samples=1, n_steps=steps, rasters={network.inputs[0].name: raster.astype(np.uint8)})


def by_hand(network, stimulus, steps):
    """(population -> (steps, size) spikes) of if and lif neurons that subtract, written out from their equations.

    v = keep * v + gain * (v_leak + r * (bias + what arrives)); a spike where v > threshold, then v -= threshold.
    """
    v = {item.name: np.zeros(item.size) for item in network.populations}
    fired = {item.name: np.zeros((steps + 1, item.size)) for item in network.populations}
    for name, raster in stimulus.rasters.items():
        fired[name] = np.zeros((steps + 1, raster.shape[2]))
        fired[name][1 : 1 + raster.shape[1]] = raster[0][:steps]
    for t in range(1, steps + 1):
        for item in network.populations:
            neuron, drive = item.neuron, np.zeros(item.size) + np.ravel(item.neuron.bias)
            for link in network.projections:
                before = t - 1 - int(np.max(link.delay_steps))
                if link.target == item.name and before >= 1:
                    weights = link.operation.weights
                    sent = fired[link.source][before]
                    drive = drive + (
                        np.ravel(weights) * sent if isinstance(link.operation, OneToOne) else weights @ sent
                    )
            if neuron.kind == "if":
                v[item.name] = v[item.name] + neuron.r * drive
            else:
                rule = neuron.discretization
                drive = np.ravel(neuron.v_leak) + neuron.r * drive
                v[item.name] = np.ravel(rule.keep_v) * v[item.name] + np.ravel(rule.gain_v) * drive
            threshold = np.broadcast_to(np.ravel(neuron.v_threshold), v[item.name].shape)
            spikes = v[item.name] > threshold if neuron.comparison == ">" else v[item.name] >= threshold
            fired[item.name][t] = spikes
            v[item.name] = v[item.name] - threshold * spikes
    return {item.name: fired[item.name][1:] for item in network.populations}


def rastered(recording, network, steps):
    found = {item.name: np.zeros((steps, item.size)) for item in network.populations}
    for name, raster in found.items():
        rows = recording.spikes[name]
        raster[rows[:, 1] - 1, rows[:, 2]] = 1
    return found


@st.composite
def populations(draw, name, leaky):
    """Numbers with few binary digits, so that float sums are exact."""
    size = draw(st.integers(1, 4))
    thresholds = draw(st.lists(st.sampled_from([0.5, 1.0, 1.5, 2.0]), min_size=size, max_size=size))
    fields = {
        "v_threshold": draw(st.sampled_from([np.array(thresholds), 1.0])),
        "comparison": draw(st.sampled_from([">", ">="])),
        "reset": "subtract",
        "r": draw(st.sampled_from([0.5, 1.0, 2.0])),
    }
    if draw(st.booleans()):
        keep = draw(st.sampled_from([0.5, 0.75])) if leaky else 1.0
        rule = Explicit(keep_v=keep, gain_v=draw(st.sampled_from([1.0, 0.5])))
        return nd.Population(name=name, shape=size, neuron=nd.Lif(tau_m_s=0.01, discretization=rule, **fields))
    bias = draw(st.sampled_from([0.0, 0.0, 0.25, -0.125, 2.5]))
    return nd.Population(name=name, shape=size, neuron=nd.If(bias=bias, **fields))


@st.composite
def networks(draw, leaky=True):
    """Recurrent networks of neurons that subtract."""
    cells = [draw(populations(f"p{index}", leaky)) for index in range(draw(st.integers(1, 3)))]
    n_in, rng = draw(st.integers(1, 3)), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    links = [nd.dense("in", "p0", rng.integers(-2, 7, (cells[0].size, n_in)) / 8)]
    for item in cells:
        for _ in range(draw(st.integers(0, 2))):
            source = draw(st.sampled_from(cells))
            weights = rng.integers(-4, 7, (item.size, source.size)) / 8
            label, late = f"w{len(links)}", draw(st.integers(0, 2))
            links.append(nd.dense(source.name, item.name, weights, name=label, delay_steps=late))
        if draw(st.integers(0, 3)) == 0:
            own = OneToOne(weights=rng.integers(-3, 2, item.size) / 8)
            links.append(nd.Projection(name=f"w{len(links)}", source=item.name, target=item.name, operation=own))
    return network_of(cells, links, inputs=n_in, outputs="p0")


@settings(max_examples=examples(150), deadline=None)
@given(network=networks(), seed=st.integers(0, 2**32 - 1))
def test_floats_spike_the_same_with_autapses(network, seed):
    """The float reference runs the network with autapses; the equations of the network are written out above."""
    result = compiled(network)
    program, stimulus = result.require(), shown(network, seed=seed)
    assert not any(
        getattr(item.neuron, "reset", None) == Reset(mode="subtract") for item in program.network.populations
    )
    wanted = by_hand(network, stimulus, STEPS)
    got = rastered(nd.run(program, stimulus, until=STEPS, backend="reference"), network, STEPS)
    for name, raster in wanted.items():
        assert np.array_equal(got[name], raster), name
    extension = compiled(network, soft_reset="two_compartments").require()
    asked = rastered(nd.run(extension, stimulus, until=STEPS, backend="reference"), network, STEPS)
    assert all(np.array_equal(asked[name], raster) for name, raster in wanted.items())


def proven_steps(result):
    """The steps of which the ledger says that they spike as floats do."""
    notes = [line.note for line in result.ledger if line.quantity == "current decay"]
    found = [re.search(r"at least ([\d,]+) steps", note) for note in notes]
    return min((int(match[1].replace(",", "")) if match else 0 for match in found), default=None)


@settings(max_examples=examples(150), deadline=None)
@given(network=networks(leaky=False), seed=st.integers(0, 2**32 - 1), target=st.sampled_from(sorted(TARGETS)))
def test_integers_spike_as_floats_do_for_the_steps_that_the_ledger_proves(network, seed, target):
    result = compiled(network, target)
    proven = proven_steps(result)
    assert proven is not None
    steps = min(proven, 200)
    if not steps:
        return
    stimulus = shown(network, steps, seed)
    wanted = by_hand(network, stimulus, steps)
    got = rastered(nd.run(result.require(), stimulus, until=steps), network, steps)
    for name, raster in wanted.items():
        assert np.array_equal(got[name], raster), name


def test_a_spike_that_takes_off_more_than_the_threshold_leaves_u_below_0_where_the_leak_raises_it():
    """The synapse of a neuron to itself and its reset take 0.875 off a u of 0.5 and more."""
    network = one_layer(nd.If(v_threshold=0.5, reset="subtract", comparison=">="), 0.25, output="out")
    own = nd.one_to_one("cells", "cells", -0.375, name="own")
    network = network.model_copy(update={"projections": (*network.projections, own)})
    result = compiled(network)
    steps = proven_steps(result)
    assert 200 <= steps < 454
    stimulus = shown(network, steps, seed=0)
    got = rastered(nd.run(result.require(), stimulus, until=steps), network, steps)
    assert np.array_equal(got["cells"], by_hand(network, stimulus, steps)["cells"])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("weight", "least"), [(1.0, 1600), (0.375, 290), (1 / 16, 170)])
def test_the_leak_loses_few_spikes_of_a_long_sample(target, weight, least):
    """u loses 1/4096 of itself in a step, and it lies below the threshold and one weight: a spike in 4096 steps, or two."""
    network = one_layer(nd.If(v_threshold=1.0, reset="subtract"), weight, output="out")
    result = compiled(network, target)
    assert proven_steps(result) >= least
    steps = 4000
    wanted = by_hand(network, shown(network, steps), steps)["cells"].sum()
    got = len(nd.run(result.require(), shown(network, steps), until=steps).spikes["cells"])
    assert 0 <= wanted - got <= 1 + 1.5 * steps / 4096


def test_a_leaky_neuron_that_chips_hold_exactly_has_the_threshold_taken_off_after_the_decay():
    """keep = 1/2: u[t+1] = u[t] / 2 + 3/4 - s[t] / 2, so spikes come in the steps in which a slow model has them."""
    rule = Explicit(keep_v=0.5, gain_v=1.0)
    network = one_layer(
        nd.Lif(tau_m_s=0.01, v_threshold=1.0, reset="subtract", discretization=rule), 0.75, output="out"
    )
    result = compiled(network)
    (link,) = [item for item in result.require().network.projections if item.name == "cells_reset"]
    assert np.ravel(link.operation.weights).tolist() == [-0.5]
    wanted = by_hand(network, shown(network), STEPS)
    assert np.array_equal(
        rastered(nd.run(result.require(), shown(network), until=STEPS), network, STEPS)["cells"], wanted["cells"]
    )


def test_currents_of_any_size_are_proven_for_no_step():
    network = one_layer(nd.If(v_threshold=1.0, reset="subtract"), 0.5, output="out", encoder="current")
    result = compiled(network)
    assert proven_steps(result) == 0
    line = next(item for item in result.ledger if item.quantity == "v_threshold" and "cells'" in str(item.subject))
    assert (line.got, line.note) == ("1", "")
    values = np.random.default_rng(0).uniform(0, 1, (1, 60, 1))
    stimulus = Stimulus(n_samples=1, n_steps=60, currents={"in": values})
    got, wanted = (
        len(nd.run(result.require(), stimulus, backend=name).spikes["cells"]) for name in ("emulator", "reference")
    )
    assert abs(got - wanted) <= 1 < wanted


@pytest.mark.parametrize("target", TARGETS)
def test_leaky_neurons_of_any_numbers_are_as_close_to_floats_as_with_the_extension(target):
    """1,500 random numbers: what is lost is the rounding of weights, which both forms have."""
    rng = np.random.default_rng(5)
    neuron = nd.Lif(tau_m_s=rng.uniform(0.005, 0.03, 50), v_threshold=0.4, reset="subtract", bias=0.1)
    network = one_layer(neuron, rng.normal(1.0, 2.0, (50, 30)), output="out", steps_per_sample=100)
    stimulus = shown(network, 100, seed=3, rate=0.3)
    extension = compiled(network, soft_reset="two_compartments").require()
    wanted = nd.run(extension, stimulus, backend="reference").spikes["cells"]
    asked = nd.run(extension, stimulus).spikes["cells"]
    got = nd.run(compiled(network, target).require(), stimulus).spikes["cells"]

    def missed(rows):
        return len({tuple(row) for row in rows.tolist()} ^ {tuple(row) for row in wanted.tolist()})

    assert len(wanted) > 1000
    assert missed(got) <= 0.05 * len(wanted) + missed(asked)
    assert abs(len(got) - len(wanted)) <= 0.01 * len(wanted)


def lowered_neuron(neuron, **fields):
    network = one_layer(neuron, **fields)
    made = with_autapses(network)
    assert not made.findings
    return made, made.network.population_by_name["cells"].neuron


@pytest.mark.parametrize(
    "neuron",
    [
        nd.If(v_threshold=1.0, reset="subtract", refractory_steps=2),
        nd.Lif(tau_m_s=1.0, v_threshold=1.0, reset="subtract", discretization=Explicit(keep_v=0.0, gain_v=1.0)),
    ],
)
def test_a_reset_that_leaves_nothing_is_a_reset_to_zero(neuron):
    """While v is held at 0, or where it keeps nothing, the rest above the threshold is lost in any case."""
    made, found = lowered_neuron(neuron)
    assert found.reset.mode == "zero"
    assert len(made.network.projections) == 1
    assert [(line.got, line.level) for line in made.ledger] == [("zero", "exact")]
    network = one_layer(neuron, 1.7, output="out")
    stimulus = shown(network)
    both = [
        nd.run(compiled(network, soft_reset=form).require(), stimulus, backend="reference").spikes["cells"]
        for form in ("autapse", "two_compartments")
    ]
    assert np.array_equal(*both)
    assert len(both[0]) > 5


def test_a_current_without_memory_subtracts_as_a_lif_does():
    rule = Explicit(keep_v=0.75, gain_v=0.5, keep_i=0.0, gain_i=2.0)
    cuba = nd.CubaLif(
        tau_m_s=1.0, tau_syn_s=1.0, v_threshold=1.0, w_in=0.5, bias=0.25, reset="subtract", discretization=rule
    )
    _, found = lowered_neuron(cuba)
    assert (found.discretization.keep_i, found.w_in, found.v_leak) == (0.75, 0.5, 0.0)


def refusals(neuron, weights=1.0, **fields):
    network = one_layer(neuron, weights)
    cells = network.populations[0].model_copy(update=fields)
    result = compiled(network.model_copy(update={"populations": (cells,)}))
    return [item for item in result.findings if item.severity == "error"]


@pytest.mark.parametrize(
    ("neuron", "weights", "fields", "reason"),
    [
        (nd.CubaLif(tau_m_s=0.02, tau_syn_s=0.01, v_threshold=1.0, reset="subtract"), 1.0, {}, "both have memory"),
        (nd.If(v_threshold=1.0, reset="subtract", v_floor=-1.0), -1.0, {}, "v_floor limits v"),
        (nd.If(v_threshold=1.0, reset="subtract", v_floor=-1.0, bias=-0.5), 1.0, {}, "v_floor limits v"),
        (
            nd.If(v_threshold=1.0, reset="subtract"),
            1.0,
            {"state_reset": StateReset(interval_steps=5)},
            "periodic reset",
        ),
        (nd.If(v_threshold=1.0, reset="subtract", r=0.0), 1.0, {}, "gain is 0"),
    ],
)
def test_what_one_compartment_cannot_do_is_one_finding(neuron, weights, fields, reason):
    (found,) = refusals(neuron, weights, **fields)
    assert found.code == "ND222"
    assert reason in found.message
    assert str(found.subject) == "population 'cells'"


def test_the_finding_offers_the_extension_where_it_compiles():
    cuba = nd.CubaLif(tau_m_s=0.02, tau_syn_s=0.01, v_threshold=1.0, reset="subtract")
    network = one_layer(cuba, output="out")
    for target, flags in (("loihi1", ["--soft-reset two_compartments"]), ("loihi2", [])):
        (found,) = [item for item in compile_network(network, TARGETS[target]).findings if item.severity == "error"]
        assert [fix.flag for fix in found.fixes if fix.flag] == flags
        for fix in found.fixes:
            assert not fix.change or compiled(network, target, **fix.change).verdict == "fits"
    (asked,) = compile_network(network, TARGETS["loihi2"], CompileOptions(soft_reset="two_compartments")).findings
    assert asked.code == "ND213"
    lif = one_layer(nd.If(v_threshold=1.0, reset="subtract"), output="out")
    (asked,) = compile_network(lif, TARGETS["loihi2"], CompileOptions(soft_reset="two_compartments")).findings
    assert [fix.flag for fix in asked.fixes] == ["--soft-reset autapse"]


def test_a_floor_that_v_never_reaches_is_left_out():
    network = one_layer(nd.If(v_threshold=1.0, reset="subtract", v_floor=-1.0), 0.25)
    line = next(item for item in compiled(network).ledger if item.quantity == "v_floor")
    assert (line.asked, line.got, line.level) == ("-1", "none", "exact")


def test_a_neuron_that_already_has_a_synapse_to_itself_gets_no_second_one():
    """The reset of the step after, as snntorch has it: the synapse takes off (1 - keep) of the threshold, the reset keep."""
    rule, theta = Explicit(keep_v=0.9, gain_v=0.1), np.array([1.0, 2.0])
    cells = nd.Population(
        name="cells", shape=2, neuron=nd.Lif(tau_m_s=0.01, v_threshold=theta, reset="subtract", discretization=rule)
    )
    own = nd.Projection(name="late", source="cells", target="cells", operation=OneToOne(weights=-theta))
    made = with_autapses(network_of([cells], [nd.dense("in", "cells", np.ones((2, 2))), own]))
    assert [item.name for item in made.network.projections] == ["in_to_cells", "late"]
    assert np.ravel(made.network.projections[1].operation.weights) == pytest.approx(-theta * (0.1 + 0.9) / 0.1)
    assert "no more axons" in made.ledger[0].note


def test_names_of_the_user_stay_and_new_ones_avoid_them():
    neuron = nd.If(v_threshold=1.0, reset="subtract", bias=0.25)
    cells = [nd.Population(name=name, shape=1, neuron=neuron) for name in ("cells", "cells_bias")]
    links = [nd.dense("in", "cells", [[1.0]], name="cells_reset"), nd.dense("in", "cells_bias", [[1.0]])]
    made = with_autapses(network_of(cells, links, inputs=1)).network
    names = [item.name for item in (*made.inputs, *made.populations)]
    assert names == ["in", "cells", "cells_bias", "cells_bias_2", "cells_bias_bias"]
    assert [item.name for item in made.projections][:2] == ["cells_reset", "in_to_cells_bias"]
    assert len({item.name for item in made.projections}) == 6
    assert with_autapses(made).network is made


def test_only_biased_neurons_have_a_synapse_of_the_bias():
    neuron = nd.Lif(
        tau_m_s=0.01, v_threshold=1.0, reset="subtract", bias=np.array([0.0, 0.5, 0.0]), v_leak=np.array([0, 0, 0.25])
    )
    made = with_autapses(one_layer(neuron, np.ones((3, 1)))).network
    synapses = made.projections[-1].operation
    assert (synapses.post.tolist(), synapses.weights.tolist()) == ([1, 2], [0.5, 0.25])


def test_the_bias_of_a_leaky_neuron_begins_in_step_2():
    """From step 2 on v differs from the float by keep**(t - 1) of one bias, until then the whole bias is missing."""
    rule = Explicit(keep_v=0.5, gain_v=1.0)
    neuron = nd.Lif(tau_m_s=0.01, v_threshold=8.0, reset="subtract", bias=1.0, discretization=rule)
    network = one_layer(neuron, 1.0, probes=("v",))
    result = compiled(network)
    line = next(item for item in result.ledger if item.quantity == "bias")
    assert (line.level, "step 2" in line.note) == ("approximate", True)
    silent = Stimulus(n_samples=1, n_steps=6, rasters={"in": np.zeros((1, 6, 1), np.uint8)})
    v = nd.run(result.require(), silent, until=6, backend="reference").states["v"][0, :, 0]
    assert v.tolist() == [0.0, 1.0, 1.5, 1.75, 1.875, 1.9375]


@pytest.mark.parametrize("target", TARGETS)
def test_thresholds_of_one_value_are_taken_off_exactly_and_others_to_a_mantissa(target):
    rng = np.random.default_rng(0)
    weights = rng.normal(0, 0.3, (20, 30))
    for threshold, worst in ((0.7368, 1e-9), (rng.uniform(0.5, 1.0, 20), 0.5 / 64)):
        result = compiled(one_layer(nd.If(v_threshold=threshold, reset="subtract"), weights), target)
        program, population = result.require(), result.quantized.populations[0]
        style = next(item for item in program.formats if item.projection == "cells_reset")
        link = next(item for item in result.quantized.projections if item.name == "cells_reset")
        taken = -link.connectivity.weights * 2.0 ** (style.exponent + 6) / population.scale
        assert taken == pytest.approx(np.broadcast_to(threshold, 20), rel=worst)
        register = population.vth_mant * 64 / population.scale
        assert register == pytest.approx(np.broadcast_to(threshold, 20), rel=0.5 / 64)


@pytest.mark.parametrize("bias", [0.0, 0.01])
def test_room_for_steady_inhibition_costs_one_bit_of_weights(bias):
    """A worst step of 45 thresholds, an eighth of it for 256 steps: more than whole mantissas leave room for."""
    weights = np.random.default_rng(0).normal(0.0, 0.3, (10, 400))
    result = compiled(one_layer(nd.If(v_threshold=1.0, reset="subtract", bias=bias), weights))
    link = next(item for item in result.quantized.projections if item.name == "in_to_cells")
    assert 64 <= np.abs(link.connectivity.weights).max() < 128
    assert link.weight_format.exponent == 0
    assert 2**23 / result.quantized.populations[0].scale > 1000


def test_whole_numbers_stay_exact_and_leave_room_where_they_can():
    """A bias of 1/64 is exact at many scales: one with room for steady inhibition is taken."""
    weights = np.random.default_rng(0).integers(-8, 9, (10, 100)) / 8
    found = compiled(one_layer(nd.If(v_threshold=1.0, reset="subtract", bias=1 / 64), weights)).quantized
    assert all(line.level == "exact" for line in found.ledger if line.quantity == "weights")
    assert 2**23 / found.populations[0].scale >= 1000


def test_fewer_weight_bits_for_all_leave_the_threshold_its_own():
    network = one_layer(nd.If(v_threshold=1.0, reset="subtract"), [[0.3, -0.7]])
    found = quantize(network, TARGETS["loihi1"], compiled(network, weight_bits={"*": 4}).quantized.options)
    assert {item.name: item.weight_format.weight_bits for item in found.projections} == {
        "in_to_cells": 4,
        "cells_reset": 8,
    }


def test_states_that_read_differently_are_notes():
    network = one_layer(nd.If(v_threshold=1.0, reset="subtract"), 0.75, output="out", probes=("v", "u"))
    network = network.model_copy(update={"outputs": (nd.Output(name="out", source="cells", decoder=Membrane()),)})
    result = compiled(network)
    assert [(item.code, str(item.subject)) for item in result.findings] == [
        ("ND223", "probe 'v'"),
        ("ND223", "probe 'u'"),
        ("ND223", "output 'out'"),
    ]
    states = nd.run(result.require(), shown(network, 6), until=6, backend="reference").states
    assert states["u"][0, :, 0].tolist() == [0.0, 0.75, 1.5, 1.25, 1.0, 1.75]
    assert states["v"][0, :, 0].tolist() == [0.0, 0.75, 0.0, 0.0, 1.0, 0.0]


def test_a_current_that_can_wrap_is_a_warning_with_the_step():
    """All inhibition in every step: u falls to the end of its range in the step that the finding names, and not before."""
    network = one_layer(nd.If(v_threshold=1.0, reset="subtract"), -8.0, probes=("u",))
    found = next(item for item in compiled(network).findings if item.code == "ND224")
    after = int(re.search(r"for ([\d,]+) steps", found.message)[1].replace(",", ""))
    u = nd.run(compiled(network).require(), shown(network, after + 4), until=after + 4).states["u"][0, :, 0]
    wrapped = 1 + int(np.flatnonzero(u > 0)[0])
    assert after <= wrapped - 1 <= after + 1
    short = one_layer(nd.If(v_threshold=1.0, reset="subtract"), -8.0, steps_per_sample=after - 5)
    assert not [item for item in compiled(short).findings if item.code == "ND224"]


def test_no_leak_warning_for_an_integrator():
    assert not compiled(one_layer(nd.If(v_threshold=1.0, reset="subtract"), 0.5, output="out")).findings


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["scale/e", "flatten/b", "readout/a", "padding/b", "skip/a"])
def test_small_nir_files_with_reset_subtract_compile(reference_data, target, name):
    found = load(reference_data / f"cases/nir-{name}.nir", ImportOptions(dt_s=1e-3, reset="subtract"))
    assert compiled(found.network, target).verdict == "fits"


@pytest.mark.slow
def test_the_sinabs_network_of_the_nir_paper_spikes_as_its_float_form(reference_data):
    path = reference_data / "real_inputs/nir_paper/02_cnn/cnn_sinabs.nir"
    network = load(path, ImportOptions(dt_s=1e-3, reset="subtract")).network
    stimulus = shown(network, 30, seed=0, rate=0.02)
    wanted = nd.run(compiled(network).require(), stimulus, backend="reference").spikes
    for target in TARGETS:
        result = compiled(network, target)
        got = nd.run(result.require(), stimulus).spikes
        for item in network.populations:
            few = 15 + 0.07 * len(wanted[item.name])
            assert abs(len(got[item.name]) - len(wanted[item.name])) < few, item.name


def test_small_constants_leave_room_for_the_sum_of_a_step() -> None:
    """All inputs together bring almost two thresholds; constants of a thousandth must not keep the scale at its largest."""
    rng = np.random.default_rng(0)
    weights = np.abs(rng.normal(0, 0.03, (8, 64)))
    network = nd.Network(
        name="sums",
        time=nd.Time(dt_s=1e-3, steps_per_sample=12),
        inputs=[nd.Input(name="x", shape=64), nd.Input(name="one", shape=1)],
        populations=[nd.Population(name="a", shape=8, neuron=nd.If(v_threshold=1.0, reset="subtract"))],
        projections=[nd.dense("x", "a", weights), nd.dense("one", "a", rng.uniform(0.001, 0.004, (8, 1)))],
        outputs=[nd.Output(name="a", source="a")],
    )
    assert weights.sum(axis=1).min() > 1.2
    program = nd.compile(network, target="loihi1")
    spikes = np.zeros((1, 12, 64))
    spikes[0, ::3] = 1  # all at once, in every third step
    recording = nd.run(program, {"x": spikes, "one": np.ones((1, 12, 1))})
    assert [item.code for item in recording.findings] == [], "no sum wraps"
    counts = recording.spike_counts("a", 8)[0]
    brought = spikes[0].sum(axis=0) @ weights.T + 12 * network.projections[1].operation.weights[:, 0]
    assert np.abs(counts - brought).max() < 1 + 0.1
