"""Words, axons and cores of Loihi 2 against the tables that its compiler printed (lava-dl @d825ac5, notebook outputs).

The bits of a weight are those that the integers of the published files need (PilotNet SDNN, oxford, mnist: read from the
files; PilotNet LIF and YOLO-KP, whose files are not public here: the one width with which all printed lists agree).
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions, load
from neurodeploy.mapping import emit_program, place
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.strategy import partition
from neurodeploy.mapping.partition.tiles.from_shapes import fit_layers
from neurodeploy.network.layer_shapes import LayerStack
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.tables import AXON_KINDS
from neurodeploy.quantize import quantize
from neurodeploy.resources import core_limits
from neurodeploy.resources.convolution_axons import holds_tile, kernel_words
from neurodeploy.resources.synapse_memory import dense_words

DENSE = [
    # network, neurons of the list, bits of a weight, words that the compiler printed
    ("PilotNet SDNN", 100, 4, 26),
    ("PilotNet SDNN", 17, 4, 5),
    ("PilotNet SDNN", 9, 4, 3),
    ("PilotNet SDNN", 50, 6, 15),
    ("PilotNet SDNN", 10, 5, 3),
    ("PilotNet SDNN", 1, 4, 1),
    ("PilotNet LIF", 100, 3, 24),
    ("PilotNet LIF", 17, 3, 5),
    ("PilotNet LIF", 50, 4, 13),
    ("oxford", 256, 8, 81),
    ("oxford", 200, 8, 63),
    ("mnist", 50, 8, 16),
    ("mnist", 64, 8, 21),
    ("mnist", 10, 8, 4),
]
PILOTNET = [
    # target channels of a tile, source channels, bits of a weight, words of the kernel
    (24, 3, 6, 81),
    (36, 24, 5, 864),
    (48, 36, 5, 1620),
    (64, 48, 5, 2592),
    (64, 64, 4, 2880),
]
YOLO_KP = [
    # target channels of a tile, source channels, taps, bits of a weight, words: per cent of 16,000
    (16, 3, 9, 5, 0.34),
    (32, 16, 9, 6, 3.60),
    (64, 32, 9, 5, 10.80),
    (128, 64, 9, 5, 39.60),
    (128, 128, 9, 5, 79.20),
    (64, 256, 9, 4, 72.00),
    (64, 256, 9, 5, 86.40),
    (256, 512, 1, 5, 67.20),
    (64, 256, 9, 5, 86.40),
]
"""All but the last layer, whose 19.20 % are 6 words a list: with two neuron groups, its lists may have two prefixes."""
RULES = ("lava-loihi-2022", "lava-loihi-2024")


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize(("network", "neurons", "bits", "words"), DENSE)
def test_lists_of_dense_layers_have_the_printed_words(rules, network, neurons, bits, words):
    assert int(dense_words(load_target("loihi2", rules=rules).counting, neurons, bits, 0, 12)) == words, network


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize(("channels", "deep", "bits", "words"), PILOTNET)
def test_kernels_of_pilotnet_have_the_printed_words(rules, channels, deep, bits, words):
    assert kernel_words(load_target("loihi2", rules=rules).counting, ((channels, deep),), 9, bits, 0)[0] == words


@pytest.mark.parametrize(("channels", "deep", "taps", "bits", "per_cent"), YOLO_KP)
def test_kernels_of_yolo_kp_have_the_printed_words(channels, deep, taps, bits, per_cent):
    words = kernel_words(load_target("loihi2", rules="lava-loihi-2024").counting, ((channels, deep),), taps, bits, 0)[0]
    assert round(100 * words / 16_000, 2) == pytest.approx(per_cent, abs=0.0051)


def test_no_other_word_or_prefix_gives_every_printed_list():
    """The figures of the target are the only ones of their form: 64-bit words, a 12-bit index, a prefix of 17 to 22 bits."""
    kernels = [(n, bits, words // (9 * deep)) for n, deep, bits, words in PILOTNET]
    found = set()
    for word, index, prefix in product(range(24, 193, 8), range(17), range(49)):
        dense = all(-(-(n * (bits + index) + prefix) // word) == words for _, n, bits, words in DENSE)
        if dense and all(-(-(n * bits + prefix) // word) == words for n, bits, words in kernels):
            found.add((word, index, prefix))
    assert found == {(64, 12, prefix) for prefix in range(17, 23)}


def test_the_files_need_the_bits_with_which_their_lists_agree(reference_data):
    network = load(reference_data / "real_inputs/public_files/pilotnet_sdnn_tut.net", ImportOptions(dt_s=1e-3)).network
    projections = quantize(network, load_target("loihi2")).projections[1:]
    assert [item.weight_format.weight_bits for item in projections] == [6, 5, 5, 5, 4, 4, 6, 5, 4]


YOLO_LAYERS = [
    # channels, kernel, stride, cores of the compiler
    (16, 3, 2, 224),
    (32, 3, 2, 112),
    (64, 3, 2, 56),
    (128, 3, 2, 28),
    (256, 3, 1, 56),
    (256, 3, 2, 16),
    (512, 3, 1, 32),
    (256, 1, 1, 14),
    (512, 3, 1, 32),
    (48, 1, 1, 4),
]


@pytest.mark.parametrize("rules", RULES)
def test_yolo_kp_needs_no_more_cores_than_the_compiler_gave_it(rules):
    layers = [
        {"kind": "conv", "channels": channels, "kernel": kernel, "stride": stride, "padding": kernel // 2}
        for channels, kernel, stride, _ in YOLO_LAYERS
    ]
    verdict = fit_layers(
        LayerStack.model_validate({"name": "yolo_kp", "input": (3, 448, 448), "layers": layers}),
        load_target("loihi2", board="kapoho_point", rules=rules),
    )
    assert verdict.verdict == "fits"
    assert verdict.cores <= sum(cores for *_, cores in YOLO_LAYERS) == 574
    # the compiler keeps 3,584 neurons a core; channels, rows and columns of any number give at most 4,095
    assert verdict.cores >= verdict.lower_bounds["compartments"] == 493


def test_tiles_of_the_compiler_are_tiles_of_convolution_axons():
    target = load_target("loihi2")
    printed = [(64, 2, 16), (64, 4, 8), (48, 7, 8), (36, 15, 4), (24, 32, 4), (3, 66, 16)]
    printed += [(16, 28, 8), (32, 14, 8), (64, 14, 4), (128, 7, 4), (64, 7, 8), (256, 7, 2), (48, 14, 4)]
    assert all(holds_tile(target, *tile) for tile in printed)
    # the layer of 20 columns was cut, although its 2,560 neurons fit: as 32 columns they would be 4,096, one too many
    assert not holds_tile(target, 64, 2, 20)
    assert not holds_tile(load_target("loihi2", rules="lava-loihi"), 16, 28, 8)


@pytest.mark.slow
def test_pilotnet_needs_fewer_cores_than_the_compiler_gave_it(reference_data):
    """61 cores for the layers of the SDNN and 13 for the input layer, which is encoded on the chip here."""
    network = load(reference_data / "real_inputs/public_files/pilotnet_sdnn_tut.net", ImportOptions(dt_s=1e-3)).network
    target = load_target("loihi2", board="kapoho_point")
    mapping = partition(quantize(network, target), target, options=MappingOptions(level=1))
    assert mapping.n_cores <= 61 + 13
    program = emit_program(place(mapping))  # which recounts the words of every core from the tables
    kinds = {style.projection: set() for style in program.formats}
    tables = program.tables
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.in_axon_ptr))
    segment = tables.segment_ptr[tables.list_ptr[core] + tables.in_axon_list]
    for number, style in enumerate(program.formats):
        kinds[style.projection] |= set(tables.in_axon_kind[tables.segment_format[segment] == number].tolist())
    windows = [name for name, found in kinds.items() if found == {AXON_KINDS["convolution"]}]
    assert len(windows) == 5
    limits, use = core_limits(target), use_of_program(program)
    assert all((values <= limits[key].value).all() for key, values in use.items())
