"""Words of Loihi 2's synapse memory against its compiler's output for two real networks (lava-dl notebooks), cut alike."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions, load
from neurodeploy.mapping import Mapping, emit_program, partition, place
from neurodeploy.program.audit import use_of_program
from neurodeploy.quantize import quantize
from neurodeploy.resources import core_limits

PRINTED = {
    # file: rule set, sizes of the cores of each layer, (input axons, words) of the fullest core of each layer
    "oxford": ("lava-loihi", [[85, 85, 86], [100, 100]], [(200, 5400), (256, 8064)]),
    "mnist": ("lava-loihi-mnist", [[50, 50, 28], [64], [10]], [(784, 9408), (128, 2016), (64, 192)]),
}
TOLERANCE = 0.1


def quantized(reference_data, name, rules):
    network = load(reference_data / f"real_inputs/lava_dl/{name}.net", ImportOptions(dt_s=1e-3)).network
    target = load_target("loihi2").model_copy(update={"rule_set": rules})
    return quantize(network, target), target


@pytest.mark.parametrize("name", PRINTED)
def test_words_are_those_that_the_compiler_printed(reference_data, name):
    rules, layers, printed = PRINTED[name]
    net, target = quantized(reference_data, name, rules)
    core_of, first = {}, 0
    for population, sizes in zip(net.populations, layers, strict=True):
        core_of[population.name] = np.repeat(np.arange(first, first + len(sizes)), sizes).astype(np.int32)
        first += len(sizes)
    assert first == 5
    use = use_of_program(emit_program(place(Mapping(quantized=net, target=target, n_cores=first, core_of=core_of))))
    core = 0
    for sizes, (axons, words) in zip(layers, printed, strict=True):
        cores = slice(core, core + len(sizes))
        # a source without a weight into a core takes no axon there; the compiler printed all of them
        assert axons * 0.95 <= use["input_axons"][cores].max() <= axons
        assert use["synapse_memory"][cores].max() == pytest.approx(words, rel=TOLERANCE)
        core += len(sizes)
    limits = core_limits(target)
    assert all((values <= limits[key].value).all() for key, values in use.items())


@pytest.mark.parametrize("rules", ["lava-loihi", "lava-loihi-mnist"])
@pytest.mark.parametrize("name", PRINTED)
def test_the_mapper_needs_no_more_cores_than_the_compiler(reference_data, name, rules):
    net, target = quantized(reference_data, name, rules)
    assert partition(net, target).n_cores <= 5
