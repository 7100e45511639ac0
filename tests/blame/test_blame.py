"""Blame by layer: the simulation is the emulator's, exact layers are the trained network's, and shares name the guilty one."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.blame.cells import uncapped_cell
from neurodeploy.blame.inputs import levels, rasters, samples_for, stimulus_of
from neurodeploy.blame.passes import clock_signals, layer_pass
from neurodeploy.blame.stages import staged
from neurodeploy.convert.notes import expanded, read_notes
from neurodeploy.hardware import load_target
from neurodeploy.quantize import quantize
from neurodeploy.trained.forward import forward


def passed(made, steps, mode):
    """(form, signals, stimulus) of a pass in which every layer is in one mode."""
    target, notes = load_target("loihi1"), read_notes(made.network)
    form = staged(made.network, quantize(made.network, target), target.dialect, notes)
    given_samples = samples_for(made.network, notes, made.x)
    stimulus, work = stimulus_of(made.network, given_samples, steps), clock_signals(form, steps)
    exact = mode == "exact"
    signals = dict(levels(made.network, given_samples) if exact else rasters(made.network, stimulus, work.total))
    for layer in form.layers.values():
        signals |= layer_pass(work, layer, mode, signals)
    return form, signals, stimulus


@pytest.mark.parametrize("kind", ["dense", "convolution"])
@pytest.mark.parametrize("steps", [1, 5, 16])
def test_layers_on_the_chip_spike_as_in_the_emulator(made, kind, steps):
    one = made(seed=steps, steps=steps, kind=kind)
    form, signals, stimulus = passed(one, steps, "chip")
    program = nd.compile(one.network, "loihi1")
    recording = nd.run(program, stimulus)
    hidden = [layer.units[0].population for layer in form.notes.layers[:-1]]
    for name in hidden:
        raster = np.zeros_like(signals[name])
        sample, step, neuron = recording.spikes[name].T
        raster[step - 1, sample, neuron] = 1
        assert raster.any() or steps == 1
        assert np.array_equal(raster, signals[name]), name
    unit = form.notes.layers[-1].units[0]
    (states,) = recording.states.values()
    scale = form.stages[unit.population].registers.scale
    assert np.array_equal(states[:, -1] / scale / steps * expanded(unit.gain, 4), signals[unit.population])


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_exact_layers_compute_what_the_trained_network_does(made, kind):
    one = made(kind=kind)
    form, signals, _ = passed(one, 16, "exact")
    values = forward(one.trained, {"x": one.x})
    wanted = values[one.trained.nodes[-1].name].reshape(len(one.x), -1)
    assert np.allclose(signals[form.notes.layers[-1].units[0].population], wanted, rtol=1e-4, atol=1e-4)


@settings(deadline=None)
@given(st.lists(st.integers(-6, 12), min_size=1, max_size=12), st.integers(1, 5))
def test_several_spikes_in_a_step_lose_no_charge(drive, threshold):
    given_drive = np.array(drive, dtype=float)[:, None, None]
    found = uncapped_cell(given_drive, np.array([float(threshold)]))
    v, wanted = 0.0, []
    for current in drive:
        v, count = v + current, 0
        while v > threshold:
            v, count = v - threshold, count + 1
        wanted.append(count)
    assert found.spikes.ravel().tolist() == wanted
    assert found.v.item() == v


def test_shares_are_of_the_whole(made):
    one = made(steps=4, n=200)
    result = nd.blame(one.network, one.x, one.y)
    assert [item.layer for item in result.layers] == ["x", "a", "b", "c"]
    assert sum(item.share for item in result.layers) == pytest.approx(1)
    assert all(0 <= item.share <= 1 for item in result.layers)
    assert result.trained == 1, "labels are the trained network's own answers"


@pytest.mark.parametrize("guilty", ["a", "b"])
def test_a_layer_that_clips_is_named_first(made, guilty):
    one = made(steps=32, factors={guilty: 0.1}, n=200)
    result = nd.blame(one.network, one.x, one.y)
    worst = result.worst
    assert (result.shared_by, worst.layer) == ("points", guilty)
    assert worst.share > 0.6
    assert worst.clipped > 0.3
    assert worst.by_clipping > 0.8 * max(worst.by_steps, worst.by_weights), "clipping is the cause"
    assert [item.code for item in result.findings] == ["ND868"]
    others = [item.clipped for item in result.layers if item.layer not in (guilty, "c")]
    assert max(others) < 0.01


@pytest.mark.parametrize("guilty", ["a", "b"])
def test_a_layer_whose_neurons_are_dead_is_named_first(made, guilty):
    one = made(steps=16, factors={guilty: 40.0}, n=200)
    result = nd.blame(one.network, one.x, one.y)
    worst = result.worst
    assert worst.layer == guilty
    assert worst.silent > worst.neurons / 2
    assert worst.by_steps > 0.5, "rates are too small for so few steps"
    assert worst.clipped == 0


def test_dead_neurons_have_values_worth_a_spike(made):
    one = made(steps=16, n=40)
    target, notes = load_target("loihi1"), read_notes(one.network)
    result = nd.blame(one.network, one.x, steps=16)
    form, signals, _ = passed(one, 16, "chip")
    _, exact, _ = passed(one, 16, "exact")
    for row in result.layers[1:-1]:
        spikes = signals[row.layer][form.depth[row.layer] : form.depth[row.layer] + 16]
        silent = ~spikes.any(axis=(0, 1))
        assert row.silent == silent.sum()
        assert row.dead == (silent & (exact[row.layer].max(axis=0) >= 1 / 16)).sum()
        assert row.rate_shift == pytest.approx((spikes.mean(axis=0) - exact[row.layer]).mean(), abs=1e-6)
        assert row.saturated == ((spikes.all(axis=0)).sum(axis=0) >= 4).sum()
    assert target.name == notes.target


def test_without_labels_the_trained_network_is_right(made):
    one = made(steps=4)
    answered = nd.blame(one.network, one.x)
    assert not answered.labelled
    assert answered.model_copy(update={"labelled": True}) == nd.blame(one.network, one.x, one.y)


def test_values_of_a_regressor_are_compared_as_r2(made):
    one = made(steps=8, task="regress")
    result = nd.blame(one.network, one.x, one.y)
    assert (result.measure, result.trained) == ("r2", pytest.approx(1))
    assert 0.5 < result.chip < 1
    with pytest.raises(nd.DiagnosticError) as error:
        nd.blame(one.network, one.x, one.y[:-1])
    assert [item.code for item in error.value.diagnostics] == ["ND840"]


def test_the_file_of_a_conversion_is_enough(made, tmp_path):
    one = made(steps=8)
    nd.save(one.network, tmp_path / "net.nd.json")
    assert nd.blame(nd.load(tmp_path / "net.nd.json"), one.x, one.y) == nd.blame(one.network, one.x, one.y)


def test_batches_do_not_change_the_result(made, monkeypatch):
    one = made(steps=8)
    whole = nd.blame(one.network, one.x, one.y)
    monkeypatch.setattr(import_module("neurodeploy.blame.swaps"), "BATCH", 16 * 11 * 7)
    seen = []
    parts = nd.blame(one.network, one.x, one.y, progress=lambda done, total: seen.append((done, total)))
    assert len(seen) > 1
    assert seen[-1] == (60, 60)
    for one_row, other in zip(whole.layers, parts.layers, strict=True):
        assert one_row.model_dump() == pytest.approx(other.model_dump())


def test_samples_are_spread_evenly(made):
    one = made()
    result = nd.blame(one.network, one.x, one.y, most=7)
    assert (result.n_samples, result.offered) == (7, 60)
    chosen = np.linspace(0, 59, 7).round().astype(int)
    assert result.model_copy(update={"offered": 7}) == nd.blame(one.network, one.x[chosen], one.y[chosen])
