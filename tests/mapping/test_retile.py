"""Layers retiled so that they share cores: fewer cores by an independent audit, and the same spikes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from factories import layered_network, with_limits

import neurodeploy as nd
from neurodeploy.hardware import load_target, on_board
from neurodeploy.mapping import MappingOptions, emit_program, fit_layers, partition, place
from neurodeploy.mapping.partition.tiles.layer_packings import fullest_group, packings
from neurodeploy.mapping.partition.tiles.packing import pack
from neurodeploy.mapping.partition.tiles.retile import _relinked, retiled
from neurodeploy.mapping.partition.tiles.tilings import ADDED_UP, TileClass, Tilings
from neurodeploy.network.layer_shapes import LayerStack, geometries
from neurodeploy.network.operations import Conv2d, WeightFormat
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.validate import program_faults
from neurodeploy.quantize import quantize
from neurodeploy.resources import core_limits
from neurodeploy.resources.tile import Tile

DEPTHWISE, POINTWISE = {"kind": "depthwise", "kernel": 3}, {"kind": "conv", "kernel": 1, "channels": 32}


def less(cores=128, **others):
    """Loihi 1 with room for 32 compartments, 150 words and 64 input axons in a core."""
    limits = {"compartments": 32, "synapse_memory": 150, "input_axons": 64, **others}
    return with_limits(load_target("loihi1"), cores=cores, **limits)


def pair():
    """24 x 4 x 4 inputs -> 24 depthwise channels of 2 x 2 -> 32 channels, 1 x 1: the second fills memory, the first cores."""
    rng = np.random.default_rng(0)
    kernels = [2 * rng.integers(1, 60, shape) for shape in ((24, 1, 3, 3), (32, 24, 1, 1))]
    operations = [
        Conv2d(input_shape=(24, 4, 4), weights=kernels[0], groups=24),
        Conv2d(input_shape=(24, 2, 2), weights=kernels[1]),
    ]
    cells, style = nd.LoihiCuba(du=4095, dv=64, vth_mant=200), WeightFormat(weight_bits=8)
    return layered_network(operations, cells, names="ab", weight_format=style, name="pair")


def test_a_tile_that_fills_memory_has_a_guest_that_fills_compartments():
    layers = geometries(LayerStack(name="pair", input=(24, 4, 4), layers=[DEPTHWISE, POINTWISE]))  # type: ignore[list-item]
    tilings = Tilings(less(), layers)
    plain = packings(tilings)[0][0]
    mixed = retiled(tilings, plain)
    assert (plain.packed.cores, mixed.packed.cores) == (10, 8)
    assert (mixed.packed.use <= tilings.capacity).all()
    held = [sum(piece.axes.neurons for piece, _ in mixed.packed.core_of if piece.layer == k) for k in range(2)]
    assert held == [layer.neurons for layer in layers]
    cores = [{core for piece, core in mixed.packed.core_of if piece.layer == k} for k in range(2)]
    assert len(cores[0] & cores[1]) >= 4


def test_shapes_fit_a_chip_of_as_many_cores_as_remixed_tiles_take():
    net = LayerStack(name="pair", input=(24, 4, 4), layers=[DEPTHWISE, POINTWISE])  # type: ignore[list-item]
    assert [(found.verdict, found.cores) for found in (fit_layers(net, less(n)) for n in (8, 7))] == [
        ("fits", 8),
        ("not placed", 8),
    ]


def test_the_smallest_board_that_is_offered_is_that_of_remixed_tiles():
    """Chips of two cores: four hold eight cores, and the next board has eight chips."""
    net = LayerStack(name="pair", input=(24, 4, 4), layers=[DEPTHWISE, POINTWISE])  # type: ignore[list-item]
    (found,) = fit_layers(net, less(2)).findings
    assert [(fix.flag, fix.text) for fix in found.fixes] == [
        ("--board wolf_mountain", "Wolf Mountain (4 chips) holds its 8 cores")
    ]
    on_it = fit_layers(net, on_board(less(2), "wolf_mountain"))
    assert (on_it.verdict, on_it.cores, on_it.chips) == ("fits", 8, 4)


def test_the_compiled_network_keeps_every_limit_and_every_spike():
    target, options = less(), MappingOptions(level=2)
    quantized = quantize(pair(), target)
    plain, cut = partition(quantized, target), partition(quantized, target, options=options)
    assert cut.n_cores == 8 < plain.n_cores
    programs = [emit_program(place(plain)), emit_program(place(cut, options=options))]
    for program in programs:
        assert program_faults(program) == []
        assert all(
            (values <= core_limits(target)[name].value).all() for name, values in use_of_program(program).items()
        )
    rng = np.random.default_rng(1)
    rows = np.array([(0, t, i) for t in range(1, 9) for i in range(384) if rng.random() < 0.2])
    spikes = [program.run({"in": rows}, steps=12).spikes for program in programs]
    assert sum(len(found) for found in spikes[0].values()) > 50
    assert all(np.array_equal(spikes[0][name], spikes[1][name]) for name in spikes[0])


def test_layers_that_share_a_chip_are_not_cut_into_more_cores_than_it_has():
    """Spikes to another chip exceed the output axons: 12 cores would suffice, but nine of them are for two layers on a chip of eight."""
    net = LayerStack(
        name="near",
        input=(24, 2, 2),
        layers=[{**POINTWISE, "channels": 16}, *[{**DEPTHWISE, "padding": 1}] * 2],  # type: ignore[list-item]
    )
    base = less(8, synapse_memory=40, input_axons=4096, output_axons=16)
    target = on_board(base, "nahuku32")
    tilings = Tilings(target, geometries(net))
    plain = packings(tilings)[0][0]
    mixed = retiled(tilings, plain)
    assert fullest_group(plain) <= 8
    assert fullest_group(mixed) <= 8


def test_tiles_that_fit_no_core_are_skipped():
    net = LayerStack(name="pair", input=(24, 4, 4), layers=[DEPTHWISE, POINTWISE])  # type: ignore[list-item]
    tilings = Tilings(less(), geometries(net))
    chain = packings(tilings)[0][0].chain
    assert [item.sides for item in _relinked(tilings, chain, {1: (5, 2, 2)}).layers()] == [(4, 2, 2), (5, 2, 2)]
    assert _relinked(tilings, chain, {1: (9, 2, 2)}) is None  # 36 neurons
    few = Tilings(less(output_axons=16), geometries(net))
    assert _relinked(few, chain, {1: (5, 2, 2)}) is None  # 16 neurons, to two tiles and more each


def tile(layer, times, compartments):
    """Equal tiles that need compartments alone."""
    use = (compartments, *[0] * (len(ADDED_UP) - 1))
    return TileClass(layer, times, SimpleNamespace(neurons=compartments), use, 0, 0, use, 0, "discrete")  # type: ignore[arg-type]


@pytest.mark.parametrize(("groups", "shared"), [((-1, -1), 2), ((0, 0), 2), ((0, -1), 2), ((0, 1), 0)])
def test_tiles_join_cores_of_their_chip_and_the_rest_open_new_cores(groups, shared):
    room = np.full(len(ADDED_UP), 40, dtype=np.int64)
    tilings = SimpleNamespace(capacity=room, longest=0, last_base=0, layers=(0, 1))
    packed = pack(tilings, [tile(0, 2, 30), tile(1, 5, 10)], groups.__getitem__, "similar")  # type: ignore[arg-type]
    held = [sorted(piece.layer for piece, core in packed.core_of if core == k) for k in range(packed.cores)]
    assert sorted(held) == sorted([[0, 1]] * shared + [[0]] * (2 - shared) + [[1]] * (5 - shared))
    assert packed.use[:, 0].tolist() == [sum((30, 10)[layer] for layer in layers) for layers in held]
    assert packed.group.tolist() == [max(groups[layer] for layer in layers) for layers in held]


def test_a_tile_beyond_the_reach_of_bases_is_counted_without_shared_lists():
    """It begins at row 20, with lists that begin 3 rows further on."""
    memory = ADDED_UP.index("synapse_memory")
    words = lambda n: tuple(n if k == memory else 10 if k == 0 else 0 for k in range(len(ADDED_UP)))  # noqa: E731
    second = tile(1, 1, 10)._replace(use=words(5), anywhere_use=words(30), base=3)
    for last_base, taken in ((23, 5), (22, 30)):
        room = np.full(len(ADDED_UP), 40, dtype=np.int64)
        tilings = SimpleNamespace(capacity=room, longest=0, last_base=last_base, layers=(0, 1))
        packed = pack(tilings, [tile(0, 1, 20), second], lambda _: -1, "first")  # type: ignore[arg-type]
        assert packed.use[:, memory].tolist() == [taken]


@pytest.mark.parametrize(("rule", "core"), [("first", 0), ("similar", 1)])
def test_a_tile_goes_to_the_core_whose_room_resembles_its_needs(rule, core):
    """Core 0 has room for 9 compartments and 29 words, core 1 for 29 and 9; the tile needs 9 and 3."""
    memory = ADDED_UP.index("synapse_memory")
    need = lambda n, words: tuple({0: n, memory: words}.get(k, 0) for k in range(len(ADDED_UP)))  # noqa: E731
    full = [tile(k, 1, 1)._replace(use=use, anywhere_use=use) for k, use in enumerate((need(30, 10), need(10, 30)))]
    small = tile(2, 1, 9)._replace(use=need(9, 3), anywhere_use=need(9, 3))
    tilings = SimpleNamespace(capacity=np.full(len(ADDED_UP), 39), longest=0, last_base=99, layers=(0, 1, 2))
    packed = pack(tilings, [*full, small], lambda _: -1, rule)  # type: ignore[arg-type]
    assert [at for piece, at in packed.core_of if piece.layer == 2] == [core]


def test_tiles_of_layers_of_equal_shapes_are_counted_once():
    net = LayerStack(name="similar", input=(32, 2, 2), layers=[POINTWISE, POINTWISE])  # type: ignore[list-item]
    tilings = Tilings(load_target("loihi1"), geometries(net))
    kind = Tile(*(tilings.uses(0, i, side)[0] for i, side in enumerate((8, 2, 2))))
    for layer in (1, 0):
        assert tilings.tile_class(layer, kind).layer == layer
        sent = tilings.tile_class(layer, kind, 3, 7)
        assert (sent.layer, sent.times) == (layer, 3)
        assert sent.use[ADDED_UP.index("output_axons")] == sent.anywhere_use[ADDED_UP.index("output_axons")] == 7


@pytest.mark.slow
@pytest.mark.parametrize(("rules", "most"), [("nengo-loihi", 19), ("nxtf", 26)])
def test_the_end_of_a_mobilenet_takes_fewer_cores(rules, most):
    """1,024 channels of 2 x 2, depthwise and 1 x 1: 25 and 27 cores if no core holds tiles of both."""
    net = LayerStack(
        name="end",
        input=(1024, 2, 2),
        reset="subtract",
        layers=[{**DEPTHWISE, "padding": 1}, {**POINTWISE, "channels": 1024}],  # type: ignore[list-item]
    )
    tilings = Tilings(load_target("loihi1", rules=rules), geometries(net))
    plain = packings(tilings)[0][0]
    assert plain.packed.cores == {"nengo-loihi": 25, "nxtf": 27}[rules]
    assert retiled(tilings, plain).packed.cores <= most
