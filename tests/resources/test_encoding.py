"""Encoded segments: chosen once, when the assignment is final; placement and tables only read them."""

from __future__ import annotations

import numpy as np
import pytest
from factories import layered_network, one_layer

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.mapping import Mapping, MappingOptions, emit_program, partition, place
from neurodeploy.mapping.encode import encoded
from neurodeploy.network import Conv2d, LoihiCuba, WeightFormat
from neurodeploy.program.audit import use_of_program
from neurodeploy.quantize import quantize
from neurodeploy.resources import encoding

CELLS = LoihiCuba(du=1500, dv=400, vth_mant=60)
LOIHI = load_target("loihi1")
NARROW = 37
"""Neurons of a core so few that fewer index bits do, and words with them."""


def convolutions():
    """Two convolutions, the second over more channels than one population axon can distinguish."""
    rng = np.random.default_rng(0)
    shapes = [((2, 12, 12), 40), ((40, 10, 10), 8)]
    kernels = [
        Conv2d(input_shape=shape, weights=2 * rng.integers(-60, 60, (channels, shape[0], 3, 3)))
        for shape, channels in shapes
    ]
    return layered_network(kernels, CELLS, weight_format=WeightFormat(weight_bits=8))


def recurrent(size=300):
    """Dense input and sparse recurrent synapses with delays."""
    rng = np.random.default_rng(1)
    sparse = rng.integers(-60, 60, (size, size)) * (rng.random((size, size)) < 0.05)
    return nd.Network(
        name="n",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=40),),
        populations=(nd.Population(name="p", shape=size, neuron=nd.Lif(tau_m_s=0.02, v_threshold=100.0)),),
        projections=(
            nd.dense("in", "p", rng.integers(-60, 60, (size, 40)).astype(float)),
            nd.sparse("p", "p", sparse.astype(float), delay_steps=3),
        ),
    )


@pytest.mark.parametrize("network", [convolutions(), recurrent()], ids=["windows", "lists"])
def test_encodings_are_planned_once_and_travel_in_the_mapping(network, monkeypatch):
    mapping = partition(quantize(network, LOIHI), LOIHI)
    assert mapping.segments

    def planned_again(given):
        raise AssertionError(f"{given.projection.name} is planned again")

    monkeypatch.setattr(encoding, "plan_segment", planned_again)
    placed = place(mapping, options=MappingOptions(level=1))
    assert placed.segments == mapping.segments
    program = emit_program(placed)
    assert program.tables.core_id.tolist() == placed.core_ids.tolist()
    words = np.bincount([item.core for item in mapping.segments], [item.words for item in mapping.segments])
    assert use_of_program(program)["synapse_memory"].tolist() == words.tolist()


def test_every_synapse_is_in_one_segment():
    quantized = quantize(recurrent(), LOIHI)
    segments = partition(quantized, LOIHI).segments
    for projection in quantized.projections:
        mine = [item for item in segments if item.projection == projection.name]
        assert sum(np.count_nonzero(item.mantissas) for item in mine) == np.count_nonzero(
            projection.connectivity.weights
        )
        assert {item.weight_format for item in mine} == {projection.weight_format}


def test_a_mapping_by_hand_is_encoded_when_it_is_emitted():
    quantized = quantize(recurrent(60), LOIHI)
    core = np.repeat(np.arange(3, dtype=np.int32), 20)
    mapping = Mapping(quantized=quantized, target=LOIHI, n_cores=3, core_of={"p": core})
    assert mapping.segments is None
    assert encoded(mapping).segments
    assert emit_program(mapping).tables.core_id.tolist() == [0, 1, 2]


def test_tables_that_differ_from_the_plan_are_a_fault_of_neurodeploy():
    mapping = partition(quantize(recurrent(60), LOIHI), LOIHI)
    wrong = mapping.segments[0].model_copy(update={"words": mapping.segments[0].words + 1})
    with pytest.raises(RuntimeError, match="internal: core 0 takes"):
        emit_program(mapping.model_copy(update={"segments": (wrong, *mapping.segments[1:])}))


def test_dense_lists_of_cores_of_different_widths_are_recounted_one_by_one():
    """NxTF stores an index into the neurons of the core in the prefix; its bits differ between these two cores."""
    target = load_target("loihi1", rules="nxtf")
    weights = 2 * np.random.default_rng(2).integers(1, 60, (600, 12))
    network = one_layer(CELLS, weights)
    core = np.repeat(np.arange(2, dtype=np.int32), [600 - NARROW, NARROW])
    name = network.populations[0].name
    mapping = encoded(Mapping(quantized=quantize(network, target), target=target, n_cores=2, core_of={name: core}))
    assert {item.encoding for item in mapping.segments} == {"dense"}
    words = [item.words for item in mapping.segments]
    assert use_of_program(emit_program(mapping))["synapse_memory"].tolist() == words
