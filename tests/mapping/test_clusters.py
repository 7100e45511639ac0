"""Large networks are grouped into compact clusters first, and never take more cores than in their own order."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from factories import with_limits

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target
from neurodeploy.mapping import Mapping, MappingOptions, emit_program, partition, place
from neurodeploy.mapping.kernels.calls import compact_groups
from neurodeploy.mapping.partition.assignment_usage import keeps_limits
from neurodeploy.mapping.partition.search.hypergraph import hypergraph_of
from neurodeploy.mapping.partition.search.search import compiled_first_fit
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.validate import program_faults
from neurodeploy.quantize import quantize
from neurodeploy.resources import core_limits

STYLE = nd.network.WeightFormat(weight_bits=8)


def ring(n=600, near=6, seed=0):
    """Neurons on a ring, each with synapses to those within `near` positions; numbered independently of their positions."""
    number = np.random.default_rng(seed).permutation(n)
    place, step = np.repeat(np.arange(n), 2 * near), np.tile([*range(-near, 0), *range(1, near + 1)], n)
    operation = nd.network.Sparse(
        shape=(n, n),
        pre=number[place].astype(np.int32),
        post=number[(place + step) % n].astype(np.int32),
        weights=np.full(place.size, 32, dtype=np.int16),
    )
    cells = nd.Population(name="cells", shape=n, neuron=nd.LoihiCuba(du=4095, dv=64, vth_mant=2))
    projection = nd.Projection(name="near", source="cells", target="cells", operation=operation, weight_format=STYLE)
    return nd.Network(name="ring", time=nd.Time(dt_s=1e-3), populations=(cells,), projections=(projection,)), number


def tight():
    """Cores of 60 sources and 60 output axons."""
    return with_limits(load_target("loihi1"), input_axons=60, output_axons=60)


def test_every_neuron_is_in_one_group_and_groups_are_neighbourhoods():
    network, number = ring()
    graph = hypergraph_of(quantize(network, tight()), tight())
    order = compact_groups(graph, 60, 1024)
    assert sorted(order.tolist()) == list(range(600))
    where = np.argsort(number)[order]  # places on the ring, in the order of the groups
    apart = np.minimum((d := np.abs(np.diff(where))), 600 - d)
    assert np.mean(apart <= 6) > 0.9  # neighbours of each other, but for the first ones of groups


@pytest.mark.slow
def test_groups_take_a_fraction_of_the_cores_of_the_network_order():
    network, _ = ring()
    quantized = quantize(network, tight())
    found = {level: compiled_first_fit(quantized, tight(), MappingOptions(level=level)) for level in (0, 1)}
    assert all(isinstance(cut, Mapping) and keeps_limits(cut) for cut in found.values())
    # 48 neighbours in a row have 60 sources; in any order each neuron brings 12 sources of its own, 5 fill a core
    assert found[1].n_cores <= 20
    assert found[0].n_cores >= 90
    program = emit_program(place(found[1], options=MappingOptions(level=1)))
    assert program_faults(program) == []
    limits = core_limits(tight())
    assert all((values <= limits[name].value).all() for name, values in use_of_program(program).items())


def test_the_order_of_the_network_is_kept_if_groups_do_not_help():
    network, _ = ring()
    numbered = network.projections[0].operation
    straight = np.repeat(np.arange(600), 12)
    ends = (straight + np.tile([*range(-6, 0), *range(1, 7)], 600)) % 600
    operation = numbered.model_copy(update={"pre": straight.astype(np.int32), "post": ends.astype(np.int32)})
    network = network.model_copy(
        update={"projections": (network.projections[0].model_copy(update={"operation": operation}),)}
    )
    quantized = quantize(network, tight())
    found = {level: compiled_first_fit(quantized, tight(), MappingOptions(level=level)) for level in (0, 1)}
    assert found[1].n_cores <= found[0].n_cores


@pytest.mark.parametrize("level", [0, 1])
def test_a_network_of_very_many_sources_is_stored_as_one_of_few(monkeypatch, level):
    """The tables are the same with sources narrowed to those of a core."""
    network, _ = ring(n=120)
    quantized = quantize(network, tight())
    cut = compiled_first_fit(quantized, tight(), MappingOptions(level=level))
    plain = emit_program(place(cut))
    monkeypatch.setattr(sys.modules["neurodeploy.resources.encode_cores"], "MANY_SOURCES", 0)
    assert emit_program(place(cut)).digest() == plain.digest()


def test_a_large_network_that_compiled_first_fit_does_not_place_is_refused(monkeypatch):
    """Without slices counted one by one; the same network on no more cores than its bound, and on fewer."""
    module = sys.modules["neurodeploy.mapping.partition.strategy"]
    monkeypatch.setattr(module, "GROUPED", 1000)
    monkeypatch.setattr(module, "LARGE", 1000)
    monkeypatch.delattr(module, "_first_fit")
    network, _ = ring()
    expected_messages = {
        10: "error[ND402] network 'ring': not placed by this mapper: compiled first fit found no mapping that keeps every limit",
        9: "error[ND401] network 'ring': needs more cores than one chip of target 'loihi1' has (proven not to fit: "
        "input_axons alone needs at least 10 cores)\n   found 10 core; limit 9 core (1.11x)",
    }
    for cores, text in expected_messages.items():
        chip = {"cores": cores, "mesh_columns": cores, "mesh_rows": 1, "cores_per_tile": 1}
        base = tight()
        fixed = {name: getattr(base.chip, name).model_copy(update={"value": n}) for name, n in chip.items()}
        target = base.model_copy(update={"chip": base.chip.model_copy(update=fixed)})
        with pytest.raises(DiagnosticError) as caught:
            partition(quantize(network, target), target, options=MappingOptions(level=1))
        assert str(caught.value).startswith(text)


def test_a_large_network_uses_the_compiled_fill(monkeypatch):
    network, _ = ring()
    quantized = quantize(network, tight())
    slices = partition(quantized, tight(), options=MappingOptions(level=1)).n_cores
    monkeypatch.setattr(sys.modules["neurodeploy.mapping.partition.strategy"], "GROUPED", 1000)
    assert partition(quantized, tight(), options=MappingOptions(level=1)).n_cores < slices / 4
