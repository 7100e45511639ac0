"""Resources of tiles counted from shapes equal those counted on real synapses."""

from __future__ import annotations

import numpy as np
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.hardware import load_target
from neurodeploy.network import WeightFormat
from neurodeploy.network.connectivity import SynapseList, WindowConnectivity
from neurodeploy.network.layer_shapes import Geometry
from neurodeploy.quantize import QuantizedProjection
from neurodeploy.resources.population_axons import population_axon_formats
from neurodeploy.resources.segment_plan import ProjectionSlice, plan_segment
from neurodeploy.resources.tile_usage import best_tile_encoding, fewest_weights, tile_encodings, tile_of

COUNTED = [
    ("loihi1", "nengo-loihi"),
    ("loihi1", "nxtf"),
    ("loihi2", "lava-loihi"),
    ("loihi2", "lava-loihi-2022"),
    ("loihi2", "lava-loihi-2024"),
]


@st.composite
def layers(draw):
    """A small layer and a box of it."""
    kind = draw(st.sampled_from(["conv", "depthwise", "pool", "grouped", "dense"]))
    sides = st.one_of(st.integers(1, 9), st.integers(1, 9), st.integers(10, 24))
    source = (draw(st.one_of(st.integers(1, 6), st.sampled_from([30, 32, 40, 66]))), draw(sides), draw(sides))
    kernel, stride, padding = ((1, 1), (1, 1), (0, 0))
    groups, channels = 1, draw(st.integers(1, 9))
    if kind == "dense":
        source = (source[0] * source[1] * source[2], 1, 1)
    else:
        kernel = draw(st.tuples(*(st.integers(1, min(n, 4)) for n in source[1:])))
        stride, padding = (
            draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
            draw(st.tuples(st.integers(0, 2), st.integers(0, 2))),
        )
    if kind in ("depthwise", "pool"):
        groups = channels = source[0]
    if kind == "grouped":
        groups = draw(st.sampled_from([n for n in range(1, source[0] + 1) if source[0] % n == 0]))
        channels = groups * draw(st.integers(1, 3))
    places = [(source[1 + i] + 2 * padding[i] - kernel[i]) // stride[i] + 1 for i in range(2)]
    layer = Geometry("a", source, (channels, *places), kernel, stride, padding, groups, kind != "dense", kind == "pool", "zero", draw(st.sampled_from([1, 4, 8])), draw(st.sampled_from([0, 0, 5])))  # fmt: skip
    box = []
    for n in layer.shape:
        start = draw(st.integers(0, n - 1))
        box.append((start, draw(st.integers(start + 1, n))))
    return layer, tuple(box)


def projection_of(layer):
    """The projection of a layer whose weights all differ, or, of a pool, are all the same."""
    per_group = layer.source[0] // layer.groups
    size = (layer.shape[0], per_group, *layer.kernel)
    numbers = np.ones(size) if layer.equal_weights else np.arange(1, np.prod(size) + 1).reshape(size)
    style = WeightFormat(weight_bits=layer.weight_bits, sign_mode="excitatory")
    names = {"name": "p", "source": "in", "target": "a", "weight_format": style}
    if not layer.shares:
        n = layer.source[0]
        connectivity = SynapseList(
            n_target=layer.neurons,
            indptr=np.arange(n + 1, dtype=np.int64) * layer.neurons,
            targets=np.tile(np.arange(layer.neurons), n).astype(np.int32),
            weights=numbers.reshape(-1, n).T.ravel().astype(np.int16),
            delay_steps=np.full(n * layer.neurons, layer.delay_steps, dtype=np.uint8),
        )
        return QuantizedProjection(**names, connectivity=connectivity)
    window = WindowConnectivity(
        input_shape=layer.source,
        kernel=numbers.astype(np.int16),
        present=np.ones(size, dtype=np.uint8),
        stride=layer.stride,
        padding=layer.padding,
        dilation=(1, 1),
        groups=layer.groups,
        delay_steps=layer.delay_steps,
    )
    return QuantizedProjection(**names, connectivity=window)


@settings(max_examples=examples(300), deadline=None)
@given(layers(), st.sampled_from(COUNTED), st.sampled_from([0, 0, 7, 200, 255]))
def test_a_tile_needs_what_its_synapses_need(case, counted, first_row):
    layer, box = case
    target = load_target(counted[0], rules=counted[1])
    grid = np.arange(layer.neurons).reshape(layer.shape)
    neurons = grid[tuple(slice(*span) for span in box)].ravel()
    plan = plan_segment(ProjectionSlice(target, projection_of(layer), neurons, first_row))
    tile = tile_of(layer, box, 1 << int(target.axons.pop16.atom_bits.value) if target.axons else 0)
    alone, shared = tile_encodings(target, layer, tile)
    used = shared if shared is not None and first_row + shared.base <= target.precision.shared_base.high else alone
    used = best_tile_encoding(target, population_axon_formats(target), layer, tile, first_row, used)
    fewest = np.prod([fewest_weights(layer, use) for use in tile])
    if used.kind != "convolution":  # which stores a tap once for all positions
        assert used.words * int(target.counting.word.value) >= fewest * layer.weight_bits
    assert tile.neurons == neurons.size
    assert tile.input_axons == np.count_nonzero(plan.words_per_source)
    assert (used.axons, used.kind) == (plan.input_axons, plan.kind)
    assert (used.encoding, used.words, used.index_bits) == (plan.encoding, plan.words, plan.index_bits)
    assert used.longest == plan.words_per_source.max(initial=0)
