"""Options for finer integers: edits that no float spike notices, and a search that keeps only what helps."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.compiler.rescale import channel_factors, clipped_weights, rescaled
from neurodeploy.network import Conv2d, Membrane, Projection
from neurodeploy.network.neurons import Reset
from neurodeploy.network.operations import AvgPool2d, Chain
from neurodeploy.tuning import TUNED, tune

STEPS = 24
FEW = {"*": 5}
"""So few bits that small weights vanish beside large ones."""


def samples(network, n_samples=8, seed=0, rate=0.4):
    draws = np.random.default_rng(seed)
    return {
        item.name: (draws.random((n_samples, STEPS, *item.shape)) < rate).astype(np.uint8) for item in network.inputs
    }


def uneven(seed=0, size=12, n_in=20, **neuron):
    """Neurons whose weights differ in size by up to 30, each with a threshold of its own weights' size."""
    draws = np.random.default_rng(seed)
    spread = np.geomspace(1.0, 1 / 30, size)
    weights = draws.normal(size=(size, n_in)) * spread[:, None]
    cells = nd.Lif(tau_m_s=0.01, v_threshold=0.8 * spread, **neuron)
    return network_of(
        [nd.Population(name="cells", shape=size, neuron=cells)],
        [nd.dense("in", "cells", weights)],
        inputs=n_in,
        outputs="cells",
        steps_per_sample=STEPS,
    )


def reference_counts(network, given):
    recording = nd.run(nd.compile(network, "loihi1"), given, backend="reference")
    return {item.name: recording.spike_counts(item.name, item.size) for item in network.populations}


KINDS = {
    "if": lambda size: nd.If(v_threshold=1.0, bias=0.05, reset="subtract"),
    "lif": lambda size: nd.Lif(tau_m_s=0.02, v_threshold=0.3, v_leak=0.1, bias=0.2, v_floor=-0.5),
    "value": lambda size: nd.Lif(tau_m_s=0.02, v_threshold=0.3, reset=Reset(mode="value", value=-0.2)),
    "cuba": lambda size: nd.CubaLif(tau_m_s=0.02, tau_syn_s=0.005, v_threshold=np.linspace(0.05, 0.2, size), w_in=0.7),
}


@settings(deadline=None, max_examples=examples(60, quick=8))
@given(kind=st.sampled_from(sorted(KINDS)), seed=st.integers(0, 2**16), most=st.sampled_from([2, 8, 1000]))
def test_rescaled_channels_spike_as_before(kind, seed, most):
    draws = np.random.default_rng(seed)
    size, n_in = 10, 6
    weights = draws.normal(size=(size, n_in)) * 2.0 ** -draws.integers(0, 8, size)[:, None]
    network = network_of(
        [nd.Population(name="cells", shape=size, neuron=KINDS[kind](size))],
        [nd.dense("in", "cells", weights), nd.one_to_one("cells", "cells", draws.normal(size=size) * 0.01)],
        inputs=n_in,
        steps_per_sample=STEPS,
    )
    changed, line = rescaled(network, network.populations[0], most)
    factors = channel_factors(network, network.populations[0], most)
    assert factors.max() <= most
    assert np.isin(np.log2(factors) % 1, 0).all()
    largest = np.abs(changed.projections[0].operation.weights).max(axis=1)
    assert largest.max() == np.abs(weights).max()  # no weight outgrows today's largest
    assert (line is None) == bool((factors == 1).all())
    given = samples(network, 3, seed)
    for name, counts in reference_counts(network, given).items():
        assert np.array_equal(counts, reference_counts(changed, given)[name])


@pytest.mark.parametrize("pooled", [False, True])
def test_rescaled_convolutions_stay_convolutions(pooled):
    draws = np.random.default_rng(3)
    weights = draws.normal(size=(4, 2, 3, 3)) * np.array([1, 0.5, 0.11, 0.03])[:, None, None, None]
    own = Conv2d(input_shape=(2, 5, 5), weights=weights)
    operation = (
        Chain(operations=(AvgPool2d(input_shape=(2, 10, 10), kernel=(2, 2), stride=(2, 2)), own)) if pooled else own
    )
    network = network_of(
        [nd.Population(name="maps", shape=(4, 3, 3), neuron=nd.If(v_threshold=1.0))],
        [Projection(name="in_to_maps", source="in", target="maps", operation=operation)],
        inputs=(2, 10, 10) if pooled else (2, 5, 5),
        steps_per_sample=STEPS,
    )
    changed, line = rescaled(network, network.populations[0], 8)
    thresholds = np.asarray(changed.populations[0].neuron.v_threshold).reshape(4, 9)
    assert thresholds[:, 0].tolist() == [1, 1, 8, 8] or thresholds[:, 0].tolist() == [1, 2, 8, 8]
    assert (thresholds == thresholds[:, :1]).all()
    assert isinstance(changed.projections[0].operation, Conv2d)
    assert line.level == "exact"
    given = samples(network, 3)
    assert np.array_equal(reference_counts(network, given)["maps"], reference_counts(changed, given)["maps"])


def test_only_the_largest_weights_are_clipped():
    weights = np.arange(1.0, 101.0).reshape(10, 10) * np.where(np.arange(100) % 3, 1, -1).reshape(10, 10)
    projection, line = clipped_weights(nd.dense("a", "b", weights), 0.05)
    changed = projection.operation.weights
    assert np.array_equal(np.abs(changed) < np.abs(weights), np.abs(weights) > 95.05)
    assert np.abs(changed).max() == pytest.approx(95.05)
    assert np.array_equal(np.sign(changed), np.sign(weights))
    assert line.got == "5 of 100 clipped to 95.05"
    assert clipped_weights(nd.dense("a", "b", np.ones((3, 3))), 0.5)[1] is None


def differences(network, given, **options):
    program = nd.compile(network, "loihi1", **options)
    counts = nd.run(program, given).spike_counts("cells", 12)
    return np.abs(counts - reference_counts(network, given)["cells"]).sum()


def test_scales_of_channels_bring_the_integers_nearer_to_the_floats():
    network = uneven()
    given = samples(network, 20, 5)
    plain = differences(network, given, weight_bits=FEW)
    scaled = differences(network, given, weight_bits=FEW, channel_scales={"cells": 32})
    assert scaled < plain / 2


def test_a_doubling_is_written_down_and_never_clips():
    network = uneven()
    asked = nd.check(network, "loihi1", doublings={"cells": 9})
    lines = [line for line in asked.ledger if line.option == "doublings"]
    plain = nd.check(network, "loihi1")
    assert [line.quantity for line in asked.ledger if line.level == "dropped"] == []
    assert not any(item.code in ("ND203", "ND211") for item in asked.findings)
    taken = asked.quantized.populations[0].vth_mant.max() / plain.quantized.populations[0].vth_mant.max()
    assert bool(lines) == (taken > 1.5)


def test_the_search_helps_on_samples_that_did_not_choose():
    network = uneven()
    options = nd.CompileOptions(weight_bits=FEW)
    found = tune(network, nd.load_target("loihi1"), options, nd.SampleValues(values=samples(network, 40)))
    assert found.after < found.before / 2
    assert found.options.channel_scales == {"cells": 8}
    assert found.samples == 20
    given = {name: values[1::2] for name, values in samples(network, 40).items()}
    options = {name: getattr(found.options, name) for name in TUNED}
    total = reference_counts(network, given)["cells"].sum()
    assert differences(network, given, weight_bits=FEW, **options) / total == pytest.approx(found.after)
    assert differences(network, given, weight_bits=FEW) / total == pytest.approx(found.before)


def test_nothing_is_changed_where_integers_are_exact():
    cells = nd.If(v_threshold=4.0)
    network = network_of(
        [nd.Population(name="cells", shape=3, neuron=cells)],
        [nd.dense("in", "cells", np.array([[1.0, 2], [3, -1], [1, 1]]))],
        outputs="cells",
        steps_per_sample=STEPS,
    )
    options = nd.CompileOptions()
    found = tune(network, nd.load_target("loihi1"), options, nd.SampleValues(values=samples(network)))
    assert found.options == options
    assert (found.before, found.after) == (0.0, 0.0)
    assert found.ledger[0].got == "no setting that was tried helps"


def test_labels_are_never_traded_for_agreement():
    network = uneven()
    given = samples(network, 30)
    labels = reference_counts(network, given)["cells"].argmax(axis=1)
    found = tune(network, nd.load_target("loihi1"), nd.CompileOptions(), nd.SampleValues(values=given, labels=labels))
    assert found.reference_accuracy == 1.0
    assert found.accuracy_after >= found.accuracy_before


def test_the_command_and_the_function_find_the_same(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    network = uneven()
    nd.save(network, "net.nd.json")
    np.savez("data.npz", **samples(network, 20))
    words = ("compile", "net.nd.json", "-t", "loihi1", "--calibrate", "data.npz", "-o", "net.ndp")
    status, out, err = call(*words, "--json")
    assert (status, err) == (0, "")
    document = json.loads(out)
    made = nd.compile(nd.load("net.nd.json"), "loihi1", calibration="data.npz")
    assert made.digest() == nd.load("net.ndp").digest() == document["digest"]
    assert made.activity is not None
    assert made.activity == nd.load("net.ndp").activity
    _, shown, _ = call(*words)
    assert "options: --channel-scales cells=8" in " ".join(shown.split())
    assert made.ledger[0].quantity == document["ledger"][0]["quantity"] == "difference of spike counts from floats"


def test_a_population_that_is_read_keeps_its_scale():
    network = uneven()
    read = network.model_copy(update={"outputs": (nd.Output(name="out", source="cells", decoder=Membrane()),)})
    with pytest.raises(nd.DiagnosticError) as error:
        nd.compile(read, "loihi1", channel_scales={"cells": 8})
    assert [item.code for item in error.value.diagnostics] == ["ND870"]
    every = nd.check(read, "loihi1", channel_scales={"*": 8})
    assert every.verdict == "fits"
    assert not any(line.option == "channel_scales" for line in every.ledger)


def test_unused_options_are_not_written_so_that_digests_stay(tmp_path):
    plain, split = {}, nd.compile(uneven(), "loihi1")
    nd.save(split, tmp_path / "net.ndp")
    with zipfile.ZipFile(tmp_path / "net.ndp") as archive:
        plain = json.loads(archive.read("document.json"))
    assert plain["quantize_options"] == {"weight_bits": {}}
    doubled = nd.compile(uneven(), "loihi1", doublings={"cells": 1})
    nd.save(doubled, tmp_path / "doubled.ndp")
    assert nd.load(tmp_path / "doubled.ndp").quantize_options.doublings == {"cells": 1}
