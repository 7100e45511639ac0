"""Networks known only by the shapes of their layers: verdicts, tiles, bounds, and the command."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from factories import examples, with_limits
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli.main import app
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target, on_board
from neurodeploy.mapping import fit_layers
from neurodeploy.mapping.partition.tiles.from_shapes import shape_bounds
from neurodeploy.mapping.partition.tiles.layer_packings import fullest_group, packed_best
from neurodeploy.mapping.partition.tiles.packing import pack
from neurodeploy.mapping.partition.tiles.retile import retiled
from neurodeploy.mapping.partition.tiles.search import search
from neurodeploy.mapping.partition.tiles.tilings import ADDED_UP, Tilings, axis_spans
from neurodeploy.network import Conv2d
from neurodeploy.network.layer_shapes import LayerStack, geometries, load_layers
from neurodeploy.quantize import quantize
from neurodeploy.report import layers_lines
from neurodeploy.resources import lower_bounds
from neurodeploy.resources.tile_usage import channel_use


def stack(*layers, input=(2, 8, 8), **fields):
    return LayerStack(name="net", input=input, layers=layers, **fields)


def small(**limits):
    """Loihi with less room in its cores, and few cores to a chip."""
    return with_limits(load_target("loihi1", board="nahuku32"), cores=8, **limits)


CONV = {"kind": "conv", "channels": 4, "kernel": 3, "padding": "same"}
POOL = {"kind": "pool", "kernel": 2, "stride": 2}
DENSE = {"kind": "dense", "channels": 10}


def test_shapes_follow_one_another():
    made = geometries(stack(CONV, {"kind": "depthwise", "kernel": (3, 1), "stride": (2, 1)}, POOL, DENSE))
    assert [item.name for item in made] == ["conv1", "depthwise2", "pool3", "dense4"]
    assert [item.shape for item in made] == [(4, 8, 8), (4, 3, 8), (4, 1, 4), (10, 1, 1)]
    assert [item.groups for item in made] == [1, 4, 4, 1]
    assert made[3].source == (16, 1, 1)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ({"kind": "conv"}, "does not specify its channels"),
        ({"kind": "pool", "channels": 3}, "is pool with 3 channels, but its source has 2"),
        ({"kind": "dense", "channels": 3, "kernel": 2}, "is dense"),
        ({**CONV, "kernel": 2}, "even kernel"),
        ({**CONV, "padding": -1}, "negative padding"),
        ({**CONV, "kernel": 9, "padding": 0}, "larger than its source of 8 x 8"),
    ],
)
def test_impossible_shapes_are_named(layer, message):
    with pytest.raises(DiagnosticError) as error:
        geometries(stack(layer))
    assert message in str(error.value)
    assert error.value.diagnostics[0].code == "ND010"


def test_two_layers_of_one_name_are_refused():
    with pytest.raises(DiagnosticError, match="name of another layer"):
        geometries(stack({**CONV, "name": "a"}, {**CONV, "name": "a"}))


@st.composite
def nets(draw):
    sides = st.integers(3, 8)
    layers, size = [], draw(st.tuples(st.integers(1, 4), sides, sides))
    shape = size
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["conv", "conv", "depthwise", "pool", "dense"]))
        layer = {"kind": kind}
        if kind in ("conv", "dense"):
            layer["channels"] = draw(st.integers(1, 12))
        if kind != "dense":
            layer |= {"kernel": draw(st.integers(1, min(3, *shape[1:]))), "stride": draw(st.integers(1, 2)), "padding": draw(st.integers(0, 1))}  # fmt: skip
        layers.append(layer)
        shape = geometries(stack(*layers, input=size))[-1].shape
        if kind == "dense":
            break
    return stack(*layers, input=size, reset=draw(st.sampled_from(["zero", "subtract"])))


def boxes(layer, sides):
    """Every tile of a layer."""
    spans = [axis_spans(n, side) for n, side in zip(layer.shape, sides, strict=True)]
    return [(a, b, c) for a in spans[0] for b in spans[1] for c in spans[2]]


def sources(layer, box):
    """(sources,) whether each source neuron reaches a box; sources of an axis found one by one."""
    grid = np.zeros(layer.source, dtype=bool)
    wide, deep = layer.shape[0] // layer.groups, layer.source[0] // layer.groups
    channels = {c // wide * deep + k for c in range(*box[0]) for k in range(deep)}
    axes = [
        {p * layer.stride[i] - layer.padding[i] + k for p in range(*box[1 + i]) for k in range(layer.kernel[i])}
        & set(range(layer.source[1 + i]))
        for i in range(2)
    ]
    grid[np.ix_(sorted(channels), sorted(axes[0]), sorted(axes[1]))] = True
    return grid.ravel()


def in_groups(reached, shape):
    """Places and groups of 32 channels of a source that has channels, among some of its neurons."""
    if shape[0] == 1:
        return int(reached.sum())
    channel, place = np.divmod(np.flatnonzero(reached), shape[1] * shape[2])
    return len(set(zip(channel // 32, place, strict=True)))


def leaving(grid, box, shared):
    """Neurons of a box that reach a tile, or groups of them."""
    inside = np.zeros_like(grid)
    inside[tuple(slice(*span) for span in box)] = grid[tuple(slice(*span) for span in box)]
    return in_groups(inside.ravel(), grid.shape) if shared else int(inside.sum())


WIDENED = stack(
    {"kind": "conv", "channels": 2, "kernel": 1, "stride": 2},
    {"kind": "depthwise", "kernel": 1, "padding": 1},
    {"kind": "conv", "channels": 11, "kernel": 1, "padding": 1},
    input=(1, 3, 5),
    reset="subtract",
)
"""Cut anew, its second layer outgrows the chip that it shares with the first."""


@settings(max_examples=examples(40), deadline=None)
@given(nets(), st.sampled_from([(64, 200, 200), (20, 60, 90)]))
@example(WIDENED, (20, 60, 90))
def test_tiles_and_cores_keep_every_limit(net, room):
    """Recounted without the sums of the search: neurons, input axons and, tile by tile, output axons."""
    target = small(compartments=room[0], input_axons=room[1], output_axons=room[2])
    layers, tilings = geometries(net), Tilings(target, geometries(net))
    chains, failed = search(tilings, keep=3, deep=False)
    if failed is not None:
        return
    first = packed_best(tilings, chains[0])
    for packing in (first, retiled(tilings, first)):
        recounted(layers, tilings, packing.chain.layers(), room)
        assert (packing.packed.use <= tilings.capacity).all()
        assert fullest_group(packing) <= int(target.chip.cores.value)


def recounted(layers, tilings, chain, room):
    every = [boxes(layer, item.sides) for layer, item in zip(layers, chain, strict=True)]
    for layer, item, tiles in zip(layers, chain, every, strict=True):
        volume = [np.prod([b - a for a, b in box]) for box in tiles]
        assert sum(volume) == layer.neurons == sum(p.times * p.axes.neurons for p in item.classes)
        assert max(volume) * tilings.compartments[item.classes[0].layer] <= room[0]
        reaching = Counter(
            (int(sources(layer, box).sum()), in_groups(sources(layer, box), layer.source)) for box in tiles
        )
        counted = Counter()
        for piece in item.classes:
            counted[piece.axes.input_axons, piece.axes.population_axons or piece.axes.input_axons] += piece.times
            alone = piece.kind == "discrete"
            assert piece.use[2] == (piece.axes.input_axons if alone else piece.axes.population_axons) <= room[1]
        assert reaching == counted
    for k, item in enumerate(chain):
        after = chain[k + 1] if k + 1 < len(chain) else None
        reached = [sources(layers[k + 1], box).reshape(layers[k].shape) for box in (every[k + 1] if after else [])]
        same_chip = after is not None and item.group is not None and item.group == after.group
        kinds = {piece.kind for piece in after.classes} if after else {"discrete"}
        per_axon = {"discrete": 1, "pop16": 1, "pop32": 2}
        cost = max(per_axon[kind] for kind in kinds) + (not same_chip)
        sent = Counter(cost * sum(leaving(grid, box, "discrete" not in kinds) for grid in reached) for box in every[k])
        counted = Counter()
        for piece in item.classes:
            counted[piece.use[ADDED_UP.index("output_axons")]] += piece.times
        assert sent == counted
        assert max(sent) <= room[2]
    packed = pack(tilings, [p for item in chain for p in item.classes], lambda _: -1, "similar")
    assert len(packed.core_of) == sum(map(len, every))
    assert (packed.use <= tilings.capacity).all()
    pairs = [(piece.layer, core) for piece, core in packed.core_of]
    assert len(set(pairs)) == len(pairs), "two tiles of one layer on a core"


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4), st.integers(1, 30), st.booleans())
def test_tiles_across_groups_differ_by_their_start(groups, wide, deep, side, shares):
    """Equal to separate counts of each."""
    target = load_target("loihi1") if shares else load_target("loihi2")
    layer = geometries(stack({**CONV, "kernel": 1}))[0]
    layer = layer._replace(shape=(groups * wide, 8, 8), source=(groups * deep, 8, 8), groups=groups)
    tilings, spans = Tilings(target, (layer,)), axis_spans(groups * wide, side)
    each = [channel_use(groups * deep, groups * wide, groups, span, tilings.atoms) for span in spans]
    assert tilings.uses(0, 0, side) == each


CELLS = nd.Lif(tau_m_s=0.02, v_threshold=1.0)


def test_the_bounds_are_those_of_the_network_written_out():
    layers = geometries(stack({**CONV, "stride": 2}, {"kind": "conv", "channels": 3, "kernel": 2}))
    populations, projections, source = [], [], "in"
    rng = np.random.default_rng(0)
    for item in layers:
        shape = (item.shape[0], item.source[0], *item.kernel)
        weights = 1.0 + rng.permutation(int(np.prod(shape))).reshape(shape)  # all differ
        operation = Conv2d(input_shape=item.source, weights=weights, stride=item.stride, padding=item.padding)
        populations.append(nd.Population(name=item.name, shape=item.shape, neuron=CELLS))
        projections.append(nd.Projection(name=f"to_{item.name}", source=source, target=item.name, operation=operation))
        source = item.name
    network = nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=(2, 8, 8)),),
        populations=tuple(populations),
        projections=tuple(projections),
        outputs=(nd.Output(name="out", source=source),),
    )
    target = small(compartments=8, synapse_memory=4, input_axons=2, output_axons=1)
    bounds = shape_bounds(target, layers)
    assert bounds == lower_bounds(quantize(network, target), target)
    assert min(bounds.values()) > 1


def test_the_three_verdicts_are_distinct():
    assert fit_layers(stack(CONV, POOL, DENSE), load_target("loihi1")).verdict == "fits"
    many = fit_layers(stack({**CONV, "channels": 4000}), load_target("loihi1"))
    assert many.verdict == "proven not to fit"
    assert many.findings[0].code == "ND401"
    assert many.lower_bounds["compartments"] == 250 > many.lower_bounds["input_axons"]
    wide = fit_layers(stack({**DENSE}, input=(100, 7, 7)), load_target("loihi1"))
    assert (wide.verdict, wide.cores) == ("proven not to fit", None)
    assert {item.code for item in wide.findings} == {"ND303"}
    assert wide.findings[0].found == 4900
    shared = fit_layers(stack({**CONV, "kernel": 7}, input=(100, 9, 9)), load_target("loihi1"))
    assert shared.verdict == "fits"  # as many sources, of which 32 share an axon
    apart = small(compartments=8, output_axons=4)  # 16 neurons, each to 5 cores or more of 8
    split = fit_layers(stack({"kind": "dense", "channels": 16}, {"kind": "dense", "channels": 40}), apart)
    assert (split.verdict, [item.code for item in split.findings]) == ("not placed", ["ND402"])


def test_features_that_a_target_cannot_express_are_reported_for_each_layer():
    result = fit_layers(stack(CONV, {**DENSE, "weight_bits": 7, "delay_steps": 63}), load_target("loihi1"))
    assert sorted(item.code for item in result.findings) == ["ND207", "ND211"]
    assert result.verdict == "proven not to fit"


def test_soft_reset_takes_the_compartments_stated_by_the_target():
    hard, soft = (
        fit_layers(stack({**CONV, "channels": 64}, reset=how), load_target("loihi1")) for how in ("zero", "subtract")
    )
    assert (hard.cores, soft.cores) == (4, 8)  # 4,096 neurons
    assert [item.code for item in soft.findings] == ["ND214"]


MOBILENET = [("conv", 32, 2)]
for _channels, _stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]:  # fmt: skip
    MOBILENET += [("depthwise", None, _stride), ("pointwise", _channels, 1)]


def mobilenet(side=128):
    layers = []
    for kind, channels, stride in MOBILENET:
        kernel = 1 if kind == "pointwise" else 3
        layers.append(
            {
                "kind": kind.replace("pointwise", "conv"),
                "channels": channels,
                "kernel": kernel,
                "stride": stride,
                "padding": "same",
            }
        )
    layers += [{"kind": "pool", "kernel": side // 32}, {"kind": "dense", "channels": 1000}]
    return stack(*layers, input=(3, side, side))


@pytest.mark.parametrize("board", ["pohoiki_springs", "nahuku32"])
def test_mobilenet_is_judged_without_expanding_neurons(board):
    result = fit_layers(mobilenet(), load_target("loihi1", board=board))
    assert result.neurons == 1_648_616
    assert (result.verdict, result.lower_bounds["compartments"]) == ("fits", 1610)
    assert result.cores <= 1910
    assert result.chips <= 15


def test_the_command_prints_verdict_cores_and_bounds(tmp_path):
    file = tmp_path / "net.toml"
    file.write_text(
        'name = "little"\ninput = [2, 8, 8]\nreset = "subtract"\n'
        '[[layers]]\nkind = "conv"\nchannels = 64\nkernel = 3\npadding = "same"\n'
        '[[layers]]\nkind = "dense"\nname = "out"\nchannels = 10\n'
    )
    run = CliRunner().invoke(app, ["check", "--shapes", str(file), "-t", "loihi1", "--json", "--budget", "cores<=8"])
    document = json.loads(run.stdout)
    assert (run.exit_code, document["verdict"]) == (1, "fits")
    assert document["cores"] == 9
    assert [item["name"] for item in document["layers"]] == ["conv1", "out"]
    assert {item["code"] for item in document["findings"]} == {"ND214", "ND604"}
    shown = CliRunner().invoke(app, ["check", "--shapes", str(file), "-t", "loihi1"])
    assert (shown.exit_code, "verdict: fits" in shown.stdout, "cores: 9 on 1 chip of" in shown.stdout) == (
        0,
        True,
        True,
    )
    neither = CliRunner().invoke(app, ["check", "-t", "loihi1"])
    both = CliRunner().invoke(app, ["check", "net.nd.json", "--shapes", str(file), "-t", "loihi1"])
    assert neither.exit_code == both.exit_code == 2


@pytest.mark.parametrize(("channels", "board"), [(200, "kapoho_bay"), (300, "wolf_mountain"), (2500, None)])
def test_the_finding_of_too_many_cores_names_a_board_that_suffices(channels, board):
    one = load_target("loihi1")
    few = small().chip.cores.model_copy(update={"value": 8})
    target = one.model_copy(update={"chip": one.chip.model_copy(update={"cores": few})})
    layers = stack({**CONV, "channels": channels}, input=(1, 8, 8))
    limited = target if board else target.model_copy(update={"boards": {"kapoho_bay": one.boards["kapoho_bay"]}})
    judged = fit_layers(layers, limited)
    (item,) = [item for item in judged.findings if item.severity == "error"]
    assert item.code == "ND401"
    assert [fix.change for fix in item.fixes] == ([{"board": board}] if board else [])
    for fix in item.fixes:
        again = fit_layers(layers, on_board(limited, fix.change["board"]))
        assert (again.verdict, fix.flag) == ("fits", f"--board {board}")
        assert f"{again.cores:,} cores" in fix.text
    assert judged.cores is None or "more than available on one chip" in layers_lines(judged)[1]


def test_a_field_that_is_unknown_is_named(tmp_path):
    file = tmp_path / "net.toml"
    file.write_text('name = "n"\ninput = [1, 4, 4]\n[[layers]]\nkind = "conv"\nchanels = 2\n')
    with pytest.raises(DiagnosticError, match="did you mean 'channels'"):
        load_layers(file)
