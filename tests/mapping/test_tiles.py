"""Chains of convolutions cut into tiles: every limit holds by an independent audit, and no cut is worse than first fit."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of, with_limits

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.mapping import MappingOptions, emit_program, partition, place
from neurodeploy.mapping.partition.assignment_usage import keeps_limits
from neurodeploy.mapping.partition.tiles.chains import chain_of
from neurodeploy.mapping.partition.tiles.tiled import tiled_cuts
from neurodeploy.network.operations import Conv2d, Dense, WeightFormat
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.validate import program_faults
from neurodeploy.quantize import quantize
from neurodeploy.resources import core_limits
from neurodeploy.resources.axons import with_discrete_axons

STYLE = WeightFormat(weight_bits=8)


def small(board=None, **limits):
    """Loihi 1 with the limits given, so that a few hundred neurons take many cores."""
    return with_limits(load_target("loihi1", board=board), **limits)


def chain(seed=0, stride=1, hole=False):
    """3 x 9 x 8 inputs -> 6 channels -> depthwise -> 8 channels, 1 x 1 -> 5 neurons, dense. With a hole a kernel has a row of zeros."""
    rng = np.random.default_rng(seed)
    weights = lambda *shape: 2 * rng.integers(1, 60, shape)  # noqa: E731
    first = weights(6, 3, 3, 3)
    if hole:
        first = np.concatenate([np.zeros((6, 3, 1, 3), dtype=int), first[:, :, :2]], axis=2)
    layers, source, shape = [], "in", (3, 9, 8)
    specs = [
        ("a", first, (stride, stride), (1, 1), 1),
        ("b", weights(6, 1, 3, 3), (1, 1), (1, 1), 6),
        ("c", weights(8, 6, 1, 1), (1, 1), (0, 0), 1),
    ]
    projections = []
    for name, kernel, step, pads, groups in specs:
        operation = Conv2d(input_shape=shape, weights=kernel, stride=step, padding=pads, groups=groups)
        projections.append(
            nd.Projection(name=f"to_{name}", source=source, target=name, operation=operation, weight_format=STYLE)
        )
        size = [(n + 2 * p - k) // s + 1 for n, p, k, s in zip(shape[1:], pads, kernel.shape[2:], step, strict=True)]
        shape, source = (kernel.shape[0], *size), name
        layers.append((name, shape))
    dense = Dense(weights=weights(5, int(np.prod(shape))))
    projections.append(nd.Projection(name="to_d", source="c", target="d", operation=dense, weight_format=STYLE))
    cells = nd.LoihiCuba(du=4095, dv=64, vth_mant=200)
    return network_of(
        tuple((nd.Population(name=name, shape=size, neuron=cells) for name, size in [*layers, ("d", 5)])),
        tuple(projections),
        inputs=(3, 9, 8),
        name="chain",
    )


def test_a_chain_is_recognised_by_shapes_without_zero_rows_of_kernels():
    layers = chain_of(quantize(chain(stride=2, hole=True), load_target("loihi1")))
    assert layers is not None
    assert [(layer.name, layer.shape) for layer in layers] == [
        ("a", (6, 5, 4)), ("b", (6, 5, 4)), ("c", (8, 5, 4)), ("d", (5, 1, 1)),
    ]  # fmt: skip
    # the first row of the kernel is zeros: two rows are left, and the padding above is one row less
    assert (layers[0].kernel, layers[0].padding, layers[0].stride) == ((2, 3), (0, 1), (2, 2))
    assert [layer.groups for layer in layers] == [1, 6, 1, 1]


def test_a_branching_network_is_not_a_chain():
    network = chain()
    twice = [*network.projections, nd.dense("in", "d", np.full((5, 216), 2), name="past", weight_format=STYLE)]
    assert chain_of(quantize(network.model_copy(update={"projections": tuple(twice)}), load_target("loihi1"))) is None


@pytest.mark.parametrize("board", [None, pytest.param("nahuku8", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("seed", "stride", "hole"),
    [(1, 2, True), *(pytest.param(*row, marks=pytest.mark.slow) for row in ((0, 1, False), (2, 1, True)))],
)
def test_tiles_counted_from_shapes_keep_every_limit_with_the_real_weights(board, seed, stride, hole):
    target = small(board, compartments=48, synapse_memory=900, input_axons=600, output_axons=150)
    quantized = quantize(chain(seed, stride, hole), target)
    cuts = list(tiled_cuts(quantized, target, MappingOptions(level=2)))
    assert cuts
    for cut in cuts[:4]:
        assert keeps_limits(cut)
        program = emit_program(place(cut))
        assert program_faults(program) == []
        for name, values in use_of_program(program).items():
            assert (values <= core_limits(target)[name].value).all(), name


@pytest.mark.parametrize("avoid", [pytest.param((), marks=pytest.mark.slow), (0, 3)])
def test_searched_tiles_are_no_worse_than_first_fit_and_keep_all_spikes(avoid):
    target = small(compartments=40, synapse_memory=900, input_axons=600, output_axons=150)
    quantized = quantize(chain(), target)
    plain = partition(quantized, target)
    options = MappingOptions(level=2, avoid_cores=avoid)
    cut = partition(quantized, target, options=options)
    assert cut.n_cores < plain.n_cores
    program = emit_program(place(cut, options=options))
    assert not set(program.tables.core_id.tolist()) & set(avoid)
    rng = np.random.default_rng(0)
    rows = np.array([(0, t, i) for t in range(1, 9) for i in range(216) if rng.random() < 0.2])
    spikes = [item.run({"in": rows}, steps=12).spikes for item in (program, emit_program(place(plain)))]
    assert sum(len(found) for found in spikes[0].values()) > 50
    assert all(np.array_equal(spikes[0][name], spikes[1][name]) for name in spikes[0])


def test_input_axons_are_shared_if_cores_do_not_increase():
    target = small(compartments=48, synapse_memory=900, input_axons=600, output_axons=100)
    quantized = quantize(chain(stride=2), target)
    cut, apart = partition(quantized, target), partition(quantized, with_discrete_axons(target))
    assert cut.shared_axons
    assert (cut.n_cores, apart.n_cores) == (9, 11)


def test_axons_that_cost_too_much_to_share_are_not():
    """Four output axons for each destination of a population axon: with them one chip is not enough, without them 46 cores are."""
    target = small(compartments=48, synapse_memory=900, input_axons=600, output_axons=150)
    kind = target.axons.pop32
    dear = kind.model_copy(update={"output_axons": kind.output_axons.model_copy(update={"value": 4})})
    target = target.model_copy(update={"axons": target.axons.model_copy(update={"pop16": None, "pop32": dear})})
    quantized = quantize(chain(), target)
    cut = partition(quantized, target)
    assert (cut.n_cores, cut.shared_axons) == (46, False)
    assert keeps_limits(cut)
    program = emit_program(place(cut))
    assert program.tables.in_axon_kind is None
    assert all((values <= core_limits(target)[name].value).all() for name, values in use_of_program(program).items())
