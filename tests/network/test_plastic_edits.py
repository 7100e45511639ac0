"""Edits of networks that learn: what is pruned takes its delay variable and tag along, and no edit changes what a rule means."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of
from learners import float_learner, learner, shown

import neurodeploy as nd
from neurodeploy.compiler.integer_edits import rewritten
from neurodeploy.compiler.rescale import rescalable
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target
from neurodeploy.network import Dense, SigmaDelta, WeightFormat
from neurodeploy.network.prune import prune, prune_sources

TAGS = {"dense": np.arange(12).reshape(3, 4), "sparse": np.arange(7), "one_to_one": np.arange(3)}


def places(network):
    """(target, source) -> (weight, tag, delay variable) of the projection that learns."""
    program = nd.compile(network, "loihi1")
    learned = nd.run(program, shown(network, share=0.0), engine="spec", learn="off").learned
    from neurodeploy.program.plastic import plastic_synapses

    listed = plastic_synapses(program)["in_cells"].listed
    columns = (learned.synapses[f"in_cells.{name}"][0].tolist() for name in "wtd")
    pairs = zip(listed.post.tolist(), listed.pre.tolist(), strict=True)
    return dict(zip(pairs, zip(*columns, strict=True), strict=True))


@pytest.mark.parametrize("kind", TAGS)
@pytest.mark.parametrize("cut", [prune, prune_sources])
def test_kept_synapses_keep_their_tag_and_delay_variable(kind, cut):
    network = learner(kind, dt="u0*t", dd="u0*d", tag=TAGS[kind], delay=TAGS[kind] + 20)
    whole, rest = places(network), places(cut(network, {"in_cells": 0.4}))
    assert len(rest) < len(whole) or kind == "one_to_one"
    assert rest == {place: whole[place] for place in rest}


def test_one_number_for_all_synapses_is_kept():
    network = prune(learner(dt="u0*t", dd="u0*d", tag=5), {"in_cells": 0.5})
    assert np.asarray(network.projections[0].plasticity.tag) == 5
    assert {values[1] for values in places(network).values()} == {5}


def test_channels_of_what_learns_get_no_scales():
    network = float_learner()
    why = rescalable(network, network.populations[0])
    assert why == "learns by projection 'in_cells', whose rule would not be multiplied"
    fixed = network.model_copy(
        update={"projections": (network.projections[0].model_copy(update={"plasticity": None}),)}
    )
    assert rescalable(fixed, fixed.populations[0]) == ""


def test_weights_that_learn_are_not_written_another_way():
    """No exponent is 9; with 7, a rule would have to count in quarters of the mantissas that it was written for."""
    style = WeightFormat(weight_bits=8, exponent=9, sign_mode="excitatory")
    network = learner(operation=Dense(weights=np.full((3, 4), 20)))
    cells = network.populations[0].model_copy(update={"neuron": SigmaDelta(threshold=1)})
    network = network.model_copy(update={"populations": (cells,)})
    fixed = network.projections[0].model_copy(update={"plasticity": None, "weight_format": style})
    plastic = network.projections[0].model_copy(update={"weight_format": style})
    loihi = load_target("loihi2")
    assert rewritten(network.model_copy(update={"projections": (fixed,)}), loihi, {}) is not None
    assert rewritten(network.model_copy(update={"projections": (plastic,)}), loihi, {}) is None


@pytest.mark.parametrize("function", [nd.blame, nd.study])
def test_what_learns_has_no_floats_to_compare_with(function):
    network = float_learner()
    with pytest.raises(DiagnosticError) as error:
        function(network, shown(network, 3), [0, 1, 2])
    assert [item.code for item in error.value.diagnostics] == ["ND866"]
    assert "projection 'in_cells': learns on the chip" in str(error.value)


def test_a_judgement_says_that_rules_are_not_judged():
    network = float_learner()
    note = nd.judge(network, "spinnaker2").findings[-1]
    assert note.code == "ND351"
    assert "the rule of projection 'in_cells' is not judged" in note.message


def test_nir_loses_a_rule_and_says_so(tmp_path):
    network = float_learner(tag=TAGS["dense"], dt="u0*t")
    with pytest.raises(DiagnosticError) as error:
        nd.save(network, tmp_path / "a.nir")
    assert [item.code for item in error.value.diagnostics] == ["ND075"]
    assert "plasticity: a learning rule (sum of products) of projection 'in_cells'" in str(error.value)
    nd.save(network, tmp_path / "b.nir", lossy="plasticity")
    assert nd.load(tmp_path / "b.nir") == network


def test_a_population_without_what_learns_is_rescaled():
    """Only what the population receives counts: its own spikes may teach others."""
    network = float_learner()
    cells = nd.Population(name="before", shape=4, neuron=nd.Lif(tau_m_s=0.02, v_threshold=0.3))
    learns = network.projections[0].model_copy(update={"source": "before"})
    feed = nd.dense("in", "before", np.eye(4))
    other = network_of((cells, *network.populations), (feed, learns), inputs=4, name="two")
    assert rescalable(other, cells) == ""
