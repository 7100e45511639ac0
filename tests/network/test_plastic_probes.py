"""Probes of plastic projections: which exist, how they are named, and their sizes."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import OneToOne, Pes, Probe, Projection, Sparse, SumOfProducts
from neurodeploy.network.connectivity import connectivity_of
from neurodeploy.network.plasticity_shapes import LEARNED_VARIABLES, learned_size
from neurodeploy.network.validate import validate
from neurodeploy.simulate.probes import STATES, probed_size, probed_variables, probes_named

STDP = SumOfProducts(dw="x1*y0 - y1*x0", x1={"impulse": 16, "tau_steps": 10}, y1={"impulse": 16, "tau_steps": 10})
OPERATIONS = {
    "dense": nd.dense("in", "cells", np.eye(4, 3)).operation,
    "sparse": Sparse(shape=(4, 3), post=[3, 0, 1], pre=[2, 2, 0], weights=[1.0, 0.0, 2.0]),
    "one_to_one": OneToOne(weights=2.0),
}


def network(operation="dense", plasticity=STDP, probes=(), name="p"):
    n_in = 4 if operation == "one_to_one" else 3
    projection = Projection(
        name=name, source="in", target="cells", operation=OPERATIONS[operation], plasticity=plasticity
    )
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=0.001),
        inputs=(nd.Input(name="in", shape=n_in),),
        populations=(nd.Population(name="cells", shape=4, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0)),),
        projections=(projection,),
        outputs=(nd.Output(name="out", source="cells"),),
        probes=tuple(probes),
    )


def told(found):
    return [f"{item.code} {item.subject}: {item.message}" for item in found]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_sizes_are_those_of_synapses_sources_and_targets(operation):
    made = network(operation)
    projection, n_source = made.projections[0], made.source_size("in")
    sizes = {name: learned_size(made, projection, name) for name in LEARNED_VARIABLES}
    synapses = connectivity_of(projection, n_source).n_synapses
    assert sizes == {
        **dict.fromkeys("wdt", synapses),
        **dict.fromkeys(("x1", "x2"), n_source),
        **dict.fromkeys(("y1", "y2", "y3"), 4),
    }
    assert synapses == {"dense": 12, "sparse": 3, "one_to_one": 4}[operation]


def test_a_probe_of_a_plastic_projection_is_valid_and_has_its_size():
    made = network(probes=[Probe(name=name, target="p", variable=name) for name in LEARNED_VARIABLES])
    assert validate(made) == ()
    sizes = [probed_size(made, item) for item in probed_variables(made)]
    assert sizes == [12, 12, 12, 3, 3, 4, 4, 4]
    assert all(item.learned for item in probed_variables(made))


def test_a_population_and_a_projection_may_share_a_name():
    made = network(name="cells")
    found = probes_named(made, ["cells", "cells.v", "cells.w", ("cells", "y1")])
    assert [(item.target, item.variable) for item in found] == [
        ("cells", "v"), ("cells", "v"), ("cells", "w"), ("cells", "y1")
    ]  # fmt: skip
    probed = probed_variables(made, found)
    assert [(item.name, probed_size(made, item)) for item in probed] == [
        ("cells.v", 4),
        ("cells.w", 12),
        ("cells.y1", 4),
    ]
    assert validate(made.model_copy(update={"probes": found[1:]})) == ()


def test_the_name_of_a_plastic_projection_alone_means_its_weights():
    assert [item.name for item in probes_named(network(), ["p", "p.x1"])] == ["p.w", "p.x1"]
    assert [item.name for item in probes_named(network(name="a.b"), "a.b")] == ["a.b.w"]


def test_probes_that_read_nothing_are_findings():
    probes = [
        Probe(name="a", target="q", variable="w"),
        Probe(name="b", target="cells", variable="x1"),
        Probe(name="c", target="p", variable="v"),
        Probe(name="d", target="nobody", variable="u"),
    ]
    assert told(validate(network(probes=probes))) == [
        "ND101 probe 'a': projection 'q' does not exist",
        "ND101 probe 'd': population 'nobody' does not exist",
        "ND120 probe 'b': population 'cells' (lif) has no state 'x1', only v, u, v_register",
        "ND120 probe 'c': projection 'p' has no state 'v'; it has w, d, t, x1, x2, y1, y2, y3",
    ]
    found = {item.subject.name: [fix.text for fix in item.fixes] for item in validate(network(probes=probes))}
    assert found["b"] == ["target = p"]


def test_what_a_rule_does_not_learn_cannot_be_recorded():
    probe = [Probe(name="a", target="p", variable="d")]
    assert told(validate(network(plasticity=None, probes=probe))) == [
        "ND120 probe 'a': projection 'p' is not plastic, so 'd' is not recorded; its weights are fixed"
    ]
    own = Pes(error="in")
    assert "ND120 probe 'a': projection 'p' (pes) has no variable 'd', only w, x1" in told(
        validate(network(plasticity=own, probes=probe))
    )


def test_probes_of_a_run_are_checked_as_those_of_a_network():
    with pytest.raises(DiagnosticError) as caught:
        probes_named(network(plasticity=None), ["p.w", "p.q"])
    assert told(caught.value.diagnostics) == [
        "ND510 probe 'p.q': no neuron kind or plastic projection has a state 'q'; states are " + ", ".join(STATES),
        "ND510 probe 'p.w': projection 'p' is not plastic, so 'w' is not recorded; its weights are fixed",
    ]
