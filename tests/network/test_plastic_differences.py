"""Learning rules of pruned networks, and the names of their differences."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.network import OneToOne, Pes, Sparse
from neurodeploy.network.connectivity import synapses_of
from neurodeploy.network.plasticity_shapes import by_synapse
from neurodeploy.network.prune import prune, prune_sources
from neurodeploy.network.validate import validate

WEIGHTS = np.array([[5.0, 1.0, 0.0], [-2.0, 4.0, 3.0]])
TAGS = np.array([[10, 11, 12], [13, 14, 15]])


def network(plasticity=None, operation=None, n_in=3):
    projection = nd.dense("in", "cells", WEIGHTS, plasticity=plasticity)
    if operation is not None:
        projection = projection.model_copy(update={"operation": operation})
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=0.001),
        inputs=(nd.Input(name="in", shape=n_in),),
        populations=(nd.Population(name="cells", shape=2, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0)),),
        projections=(projection,),
        outputs=(nd.Output(name="out", source="cells"),),
    )


def ordered(made, values):
    projection = made.projections[0]
    return by_synapse(projection, synapses_of(projection, made.inputs[0].size), values).tolist()


def test_start_values_are_listed_by_source_and_then_by_target():
    rule = nd.rules.pair_stdp()
    assert ordered(network(rule), TAGS) == [10, 13, 11, 14, 12, 15]
    assert ordered(network(rule), 7) == [7] * 6
    pairs = Sparse(shape=(2, 3), post=[1, 0, 0], pre=[2, 2, 0], weights=[1.0, 2.0, 3.0])
    assert ordered(network(rule, pairs), [1, 2, 3]) == [3, 2, 1]
    assert ordered(network(rule, OneToOne(weights=[1.0, 2.0]), 2), [8, 9]) == [8, 9]


@pytest.mark.parametrize(("remove", "kept"), [(prune, [10, 11, 14, 15]), (prune_sources, [10, 13, 11, 14])])
def test_pruned_synapses_keep_their_tags(remove, kept):
    given = network({"rule": "pair_stdp", "tag": TAGS, "delay": 9})
    made = remove(given, {"in_to_cells": 0.5})
    assert remove(given, {"*": 0.5}) == given
    (projection,) = made.projections
    assert validate(made) == ()
    assert isinstance(projection.operation, Sparse)
    assert projection.plasticity.tag.tolist() == kept
    assert projection.plasticity.delay == 9
    assert projection.plasticity.dw == given.projections[0].plasticity.dw


def rows(base, head):
    return [(item.figure, item.base, item.head) for item in nd.diff(network(base), network(head)).rows]


def test_differences_of_rules_are_named_by_their_equations():
    assert rows("x0", "x0") == []
    assert rows("2^-2*x1*y0", "2^-3*x1*y0") == [("plasticity.dw", "2^-2*y0*x1", "2^-3*y0*x1")]
    assert rows(None, "x1*y0") == [("plasticity", None, "dw = y0*x1")]
    assert rows("x1*y0", Pes(error="in")) == [("plasticity", "dw = y0*x1", "PES of error 'in', rate 2^-7")]
    assert rows(Pes(error="in"), Pes(error="in", mantissa=3)) == [("plasticity.mantissa", 1, 3)]
    assert rows({"rule": "oja", "tau_source_steps": 5}, {"rule": "oja", "seed": 4}) == [
        ("plasticity.x1.tau_steps", 5.0, 10.0),
        ("plasticity.seed", 0, 4),
    ]
    assert rows({"rule": "oja", "tag": TAGS}, {"rule": "oja", "tag": TAGS + 1})[0][0] == "plasticity.tag (mean size)"
