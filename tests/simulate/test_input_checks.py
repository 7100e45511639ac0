"""Inputs and results of runs are checked whole first: each error has its finding, and no wrong number passes."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from factories import examples, one_layer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neurodeploy_backends.emulator.engine import run

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import AdaptiveLif, Current, Poisson, SigmaDelta, WeightFormat
from neurodeploy.network.neurons import Noise
from neurodeploy.profile import profile, profile_findings
from neurodeploy.program import load_program, save_program
from neurodeploy.simulate import (
    RunOptions,
    SampleValues,
    Stimulus,
    accuracy,
    answers,
    compare_findings,
    encode,
    load_recording,
    run_findings,
    save_recording,
    seal_golden,
    stimulus_check,
    verify_program,
)

pytestmark = pytest.mark.usefixtures("engine")

STYLE = WeightFormat(weight_bits=8, exponent=3, sign_mode="mixed")


def net(encoder="spikes", lines=3, **neuron):
    neuron = nd.LoihiCuba(**{"du": 900, "dv": 300, "vth_mant": 100, **neuron})
    options = {"encoder": encoder, "weight_format": STYLE, "output": "out", "probes": ("v",)}
    return one_layer(neuron, np.full((4, lines), 40), **options)


@pytest.fixture(scope="module")
def program():
    return nd.compile(net(), "loihi1")


def rows(*given):
    return np.array(given, dtype=np.int32).reshape(-1, 3)


def shown(spikes=((0, 1, 0), (0, 2, 1), (1, 1, 2)), **fields):
    return Stimulus(**{"n_samples": 2, "n_steps": 5, "spikes": {"in": rows(*spikes)}, **fields})


def told(call):
    with pytest.raises(DiagnosticError) as caught:
        call()
    return [f"{item.code} {item.subject}: {item.message}" for item in caught.value.diagnostics]


# --- stimuli


def test_a_row_that_is_there_many_times_is_refused(program):
    many = shown(spikes=((0, 1, 0),) * 5000)
    assert told(lambda: nd.run(program, many)) == [
        "ND505 input 'in': 4,999 of 5,000 spikes are duplicated, first sample 0, step 1, line 0"
    ]
    assert told(lambda: nd.run(program, shown(spikes=((0, 2, 1), (0, 1, 0), (0, 2, 1)))))[0].startswith("ND505")


def test_rows_in_any_order_are_the_same_stimulus(program):
    given = np.argwhere(np.random.default_rng(0).random((2, 5, 3)) < 0.6) + [0, 1, 0]
    one = nd.run(program, shown(spikes=given))
    other = nd.run(program, shown(spikes=np.random.default_rng(1).permutation(given)))
    assert one == other
    assert np.array_equal(one.input_spikes["in"], given)


def test_what_is_no_stimulus_of_the_network_is_told_whole(program):
    raster = np.zeros((2, 5, 3), dtype=np.uint8)
    raster[1, 2, 0] = 200
    given = Stimulus(
        n_samples=2,
        n_steps=5,
        spikes={"in": rows((0, 1, 0)), "im": rows()},
        rasters={"in": raster},
        currents={"in": np.zeros((2, 5, 3))},
        labels=np.zeros((2, 1), dtype=int),
    )
    assert told(lambda: nd.run(program, given)) == [
        "ND505 network 'net': stimulus has labels of shape [2, 1]; needs [2]",
        "ND505 input 'in': has currents, but its encoder 'spikes' needs spikes",
        "ND505 input 'in': has both spike rows and a raster; needs one of them",
        "ND505 input 'in': raster has values other than 0 and 1, first sample 1, step 3, line 0 holds 200",
        "ND505 input 'im': is not an input of network 'net': in",
    ]


def test_currents_have_the_shape_and_the_size_that_the_emulator_adds():
    driven = nd.compile(net(Current()), "loihi1")
    short = Stimulus(n_samples=2, n_steps=5, currents={"in": np.zeros((2, 4, 3))})
    assert told(lambda: nd.run(driven, short)) == [
        "ND505 input 'in': currents have shape [2, 4, 3] of float64; needs [2, 5, 3] of numbers"
    ]
    huge = Stimulus(n_samples=1, n_steps=1, currents={"in": np.full((1, 1, 3), 1e30)})
    assert "could exceed 63 bits" in told(lambda: nd.run(driven, huge))[0]
    spikes = Stimulus(n_samples=1, n_steps=1, spikes={"in": rows((0, 1, 0))})
    assert told(lambda: nd.run(driven, spikes)) == [
        "ND505 input 'in': has spikes, but its encoder 'current' needs values in `currents`"
    ]


# --- options


def test_noise_is_given_for_every_sample_step_and_neuron():
    noisy = nd.compile(net(noise=Noise(exponent=9, at="current")), "loihi1")
    right = np.zeros((1, 6, 4), dtype=int)
    nd.run(noisy, shown(), options=RunOptions(noise={"cells": right}))
    for wrong in (right[:, :5], right[:, :, :3], np.zeros((3, 6, 4), dtype=int), right[0]):
        found = told(lambda wrong=wrong: nd.run(noisy, shown(), options=RunOptions(noise={"cells": wrong})))
        assert "needs integers (1 or 2 samples, 6 steps or more, 4 neurons)" in found[0]
    for value in (128, -128, 2**16, 2**40):
        options = RunOptions(noise={"cells": right + value})
        assert "needs -127 to 127" in told(lambda options=options: nd.run(noisy, shown(), options=options))[0]
    calm = nd.compile(net(), "loihi1")
    assert "draws no noise" in told(lambda: nd.run(calm, shown(), options=RunOptions(noise={"cells": right})))[0]


def test_draws_of_batches_are_those_of_their_samples():
    noisy = nd.compile(net(noise=Noise(exponent=11, at="membrane")), "loihi1")
    draws = np.random.default_rng(5).integers(-127, 128, (5, 9, 4))
    options, values = RunOptions(noise={"cells": draws}), np.ones((5, 8, 3), dtype=int)
    whole = nd.run(noisy, {"in": values}, options=options)
    for batch in (1, 2, 5):
        assert nd.run(noisy, [{"in": one} for one in values], batch=batch, options=options) == whole
    found = told(lambda: nd.run(noisy, [{"in": one} for one in values[:4]], batch=2, options=options))
    assert found == ["ND511 noise 'cells': has draws for a different number of samples than the run"]


@pytest.mark.parametrize("seed", [2**63, -(2**63) - 1, 10**30])
def test_seeds_are_numbers_of_64_bits(program, seed):
    assert told(lambda: nd.run(program, shown(), options=RunOptions(seed=seed)))[0].startswith(("ND511", "ND002"))
    values = SampleValues(values={"in": np.full((1, 3), 0.5)})
    assert told(lambda: encode(net(Poisson()), values, steps=4, seed=seed))[0].startswith(("ND511", "ND002"))


def test_a_negative_seed_draws_as_any_other():
    values = SampleValues(values={"in": np.full((1, 3), 0.5)})
    one, again, other = (encode(net(Poisson()), values, steps=40, seed=seed).rows("in") for seed in (-1, -1, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("steps", [0, -1, 2**31, 2**31 - 1, 1.5, True])
def test_steps_are_what_rows_can_hold(program, steps):
    assert told(lambda: nd.run(program, shown(), until=steps))[0].startswith(("ND511", "ND002"))
    values = SampleValues(values={"in": np.zeros((1, 4, 3), dtype=int)})
    assert told(lambda: encode(program.network, values, steps=steps))[0].startswith(("ND511", "ND002"))


def test_what_would_not_fit_the_memory_is_told_before_it_is_made(program):
    assert "memory of this machine" in told(lambda: nd.run(program, shown(), until=2**31 - 2))[0]
    values = SampleValues(values={"in": np.full((9, 3), 0.5)})
    assert "memory of this machine" in told(lambda: encode(net(Poisson()), values, steps=2**31 - 2))[0]


@pytest.mark.parametrize("batch", [0, -3])
def test_batches_hold_a_sample(program, batch):
    each = [{"in": np.ones((4, 3), dtype=int)}]
    assert told(lambda: nd.run(program, each, batch=batch))[0].startswith(("ND511", "ND002"))


def test_one_name_is_no_name_of_two_probes(program):
    probes = (nd.Probe(name="v", target="cells", variable="u"),)
    found = told(lambda: nd.run(program, shown(), options=RunOptions(probes=probes)))
    assert found == ["ND510 probe 'v': is the name of several probes: u of 'cells' and v of 'cells'"]


# --- recordings


def broken(recording, **change):
    return recording.model_copy(update=change)


def spoiled(recording):
    """Recordings that contradict themselves, by what is told of them."""
    cells, active = recording.spikes["cells"], recording.active_updates
    last = cells[-1:]
    return {
        "duplicated": {"spikes": {"cells": np.concatenate([cells, last])}},
        "not sorted": {"spikes": {"cells": cells[::-1]}},
        "a sample outside": {"spikes": {"cells": last + [5, 0, 0]}},
        "a step outside": {"spikes": {"cells": last + [0, 50, 0]}},
        "a neuron outside": {"spikes": {"cells": last + [0, 0, 2**31]}},
        "have shape": {"spikes": {"cells": cells[:, :2]}},
        "negative counts": {"active_updates": active - 100},
        "active_updates has shape": {"active_updates": active[:, :3]},
        "states of probe 'v' have shape": {"states": {"v": recording.states["v"][:, :3]}},
        "payloads of 'cells'": {"payloads": {"cells": np.zeros(3, dtype=int)}},
        "first_step": {"first_step": 90},
        "n_samples": {"n_samples": -1},
        "is marked partial": {"partial": True},
        "a line outside": {"input_spikes": {"in": rows((0, 1, 2**31 - 1))}},
        "overflows of 'cells'": {"overflows": {"cells": np.full((3, 4), -1)}},
    }


@pytest.mark.parametrize("said", list(spoiled(nd.run(nd.compile(net(), "loihi1"), shown()))))
def test_a_recording_that_contradicts_itself_is_read_by_nothing(program, tmp_path, said):
    sound = nd.run(program, shown())
    assert len(sound.spikes["cells"])
    wrong = broken(sound, **spoiled(sound)[said])
    save_recording(wrong, tmp_path / "a.ndr")
    for door in (
        lambda: profile(program, wrong),
        lambda: run_findings(program, wrong),
        lambda: compare_findings(wrong, sound),
        lambda: compare_findings(sound, wrong),
        lambda: load_recording(tmp_path / "a.ndr"),
    ):
        found = told(door)
        assert all(item.startswith(("ND513", "ND003")) for item in found), found
        assert any(said in item or item.startswith("ND003") for item in found), found


def test_spikes_are_counted_of_neurons_that_there_are(program):
    sound = nd.run(program, shown())
    assert sound.spike_counts("cells", 4).sum() == len(sound.spikes["cells"])
    assert told(lambda: sound.spike_counts("cells", 2))[0].startswith("ND513")
    assert told(lambda: sound.spike_counts("cell", 4))[0].startswith("ND510")


def test_a_recording_of_another_program_has_no_profile(program):
    other = nd.compile(net(vth_mant=101), "loihi1")
    assert "is of program" in told(lambda: profile(other, nd.run(program, shown())))[0]
    sound = nd.run(program, shown())
    for change in ({"spikes": {"cells": sound.spikes["cells"] + [0, 0, 3]}}, {"input_spikes": {"in": rows((0, 1, 3))}}):
        assert told(lambda change=change: profile(program, broken(sound, **change)))[0].startswith("ND513")
    more = {"active_updates": sound.active_updates + 100}
    assert told(lambda: profile(program, broken(sound, **more))) == [
        "ND513 recording: active_updates counts more compartments than a core has"
    ]


def test_what_was_not_recorded_is_not_profiled_decoded_or_compared(program):
    nothing, all_of_it = nd.run(program, shown(), options=RunOptions(record=())), nd.run(program, shown())
    assert told(lambda: profile(program, nothing))[0].startswith("ND514 population 'cells'")
    assert told(lambda: answers(program.network, nothing))[0].startswith("ND514 output 'out'")
    found = compare_findings(all_of_it, nothing)
    assert [(item.code, item.severity) for item in found] == [("ND555", "warning")]
    assert answers(program.network, all_of_it).shape == (2,)


def test_what_only_one_recording_holds_is_said_and_other_shapes_differ(program):
    sound = nd.run(program, shown())
    assert compare_findings(sound, sound) == ()
    found = compare_findings(sound, broken(sound, states={}))
    assert [item.code for item in found] == ["ND555"]
    wider = broken(sound, states={"v": np.repeat(sound.states["v"], 2, axis=2)})
    assert [item.code for item in compare_findings(sound, wider)] == ["ND550"]
    moved = broken(sound, active_updates=sound.active_updates * 0)
    assert [item.code for item in compare_findings(sound, moved)] == ["ND550"]


def test_labels_that_are_not_one_for_each_answer_give_no_accuracy():
    assert accuracy([1, 0], [1, 1]) == 0.5
    assert told(lambda: accuracy([1, 0], [[1], [0]])) == [
        "ND505 labels: labels have shape [2, 1]; the answers have [2]"
    ]
    assert told(lambda: accuracy([1, 0], [1]))[0].startswith("ND505")


def test_a_part_of_a_run_is_profiled_as_what_it_is(program):
    kept = nd.run(program, shown(), until=3, options=RunOptions(keep_state=True)).final_state
    rest = nd.run(program, shown(), options=RunOptions(resume=kept))
    cost = profile(program, rest)
    assert (cost.first_step, cost.steps_per_inference) == (4, 3)
    assert cost.populations[0].rate_per_step == len(rest.spikes["cells"]) / (2 * 3 * 4)
    assert "ND515" in {item.code for item in profile_findings(cost)}


# --- what is sealed


def test_a_sealed_output_whose_rows_are_doubled_proves_nothing(program, tmp_path):
    sealed = seal_golden(program, shown())
    assert verify_program(sealed, "emulator")[1] == ()
    for of in ("spikes", "inputs"):
        given = getattr(sealed.golden, of)
        name = next(iter(given))
        twice = sealed.golden.model_copy(update={of: {name: np.repeat(given[name], 2, axis=0)}})
        false = sealed.model_copy(update={"golden": twice})
        assert told(lambda false=false: verify_program(false, "emulator"))[0].startswith("ND011")
        save_program(false, tmp_path / "false.ndp")
        assert told(lambda: load_program(tmp_path / "false.ndp"))[0].startswith("ND011")


# --- states


def kept_of(program):
    return nd.run(program, shown(), until=3, options=RunOptions(keep_state=True)).final_state


def resumed(program, state):
    return nd.run(program, shown(), options=RunOptions(resume=state))


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_state_that_no_run_can_reach_is_refused(data):
    program = nd.compile(net(refractory_steps=2), "loihi1")
    kept = kept_of(program)
    field = data.draw(st.sampled_from(["variables", "arriving"]))
    name = data.draw(st.sampled_from(sorted(getattr(kept, field))))
    values = getattr(kept, field)[name].copy()
    at = data.draw(st.integers(0, values.size - 1))
    beyond = data.draw(st.sampled_from([2**23, 2**31, 2**40, 2**62, -(2**23) - 1, -(2**63), 300]))
    if name == "cells.v" and abs(beyond) <= 2**23:
        beyond = 2**31
    if beyond == 300 and name != "cells.refract":
        beyond = 2**30
    values.reshape(-1)[at] = beyond
    wrong = kept.model_copy(update={field: {**getattr(kept, field), name: values}})
    assert all(item.startswith(f"ND509 state '{name}'") for item in told(lambda: resumed(program, wrong)))


def test_a_state_of_other_shape_or_names_is_refused(program):
    kept = kept_of(program)
    for change in (
        {"variables": {**kept.variables, "cells.w": np.zeros((2, 4), dtype=int)}},
        {"variables": {}},
        {"arriving": {"cells": kept.arriving["cells"][:, :, :, :3]}},
        {"arriving": {**kept.arriving, "sells": kept.arriving["cells"]}},
        {"program_digest": "0" * 64},
        {"shown": kept.shown[:1]},
        {"n_samples": 3},
        {"step": 6},
    ):
        found = told(lambda change=change: resumed(program, kept.model_copy(update=change)))
        assert all(item.startswith("ND509") for item in found), found


# --- threads, and what sleeps


def test_a_thread_that_cannot_start_is_a_finding_and_no_hang(program, monkeypatch):
    monkeypatch.setattr(run, "PAYS_FROM", 0)
    start, begun = threading.Thread.start, []

    def starts(thread):
        if getattr(thread, "_target", None) and getattr(thread._target, "__name__", "") == "enter_later":
            begun.append(thread)
            if len(begun) > 1:
                raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", starts)
    wide = nd.compile(net(lines=3), "loihi1")
    one = Stimulus(n_samples=1, n_steps=5, spikes={"in": rows((0, 1, 0))})
    assert told(lambda: nd.run(wide, one, options=RunOptions(engine="native", threads=3)))[0].startswith(
        "ND511 option 'threads'"
    )
    assert not any(thread.is_alive() for thread in begun if thread.ident)


def test_noise_keeps_a_silent_neuron_awake():
    calm = nd.LoihiCuba(du=4095, dv=4095, vth_mant=1, noise=Noise(exponent=1, at="membrane"))
    network = net().model_copy(update={"populations": (nd.Population(name="cells", shape=4, neuron=calm),)})
    recording = nd.run(nd.compile(network, "loihi2"), Stimulus(n_samples=1, n_steps=400))
    late = recording.states["v"][0, 300:]
    assert late.any(axis=0).all(), "u and v of 0 in one step say nothing of the next"


@pytest.mark.parametrize("kind", ["adaptive", "sigma_delta"])
def test_what_moves_by_itself_does_not_fall_asleep(kind):
    """A run in parts is awake where the whole one slept: both have the same bits."""
    neuron = (
        AdaptiveLif(delta_i=1.0, delta_v=1.0, delta_theta=0.05, delta_r=1.0, theta_0=1.0, theta_step=4.0)
        if kind == "adaptive"
        else SigmaDelta(threshold=40, spike_exp=0, state_exp=0, cumulative_error=True)
    )
    network = net(Current() if kind == "sigma_delta" else "spikes").model_copy(
        update={"populations": (nd.Population(name="cells", shape=4, neuron=neuron),), "probes": ()}
    )
    program = nd.compile(network, "loihi2")
    fields = {"n_samples": 1, "n_steps": 90}
    if kind == "sigma_delta":
        values = np.zeros((1, 90, 3))
        values[0, :3, 0] = np.array([96, -95, -1]) / 320  # sent, sent, kept: -1 is added up in every step
        stimulus = Stimulus(**fields, currents={"in": values})
    else:
        stimulus = Stimulus(
            **fields, spikes={"in": rows(*((0, 1, k) for k in range(3)), *((0, 70, k) for k in range(3)))}
        )
    whole = nd.run(program, stimulus, options=RunOptions(keep_state=True))
    kept = nd.run(program, stimulus, until=40, options=RunOptions(keep_state=True)).final_state
    rest = nd.run(program, stimulus, options=RunOptions(resume=kept, keep_state=True))
    assert rest.final_state == whole.final_state


def test_values_and_states_that_no_memory_holds(monkeypatch):
    """An input that shows nothing still has a value for every step, and a kept state a number for every neuron."""
    neuron = nd.LoihiCuba(du=4095, dv=0, vth_mant=3)
    monkeypatch.setattr(stimulus_check, "memory_of_machine", lambda: 1 << 30)
    style = WeightFormat(weight_bits=8, sign_mode="mixed")
    program = nd.compile(one_layer(neuron, np.eye(2) * 2, encoder="current", weight_format=style), "loihi2")
    many, wanted = 2**31 - 2, {"activity": False, "overflow": False}

    def told(samples, steps, **options):
        with pytest.raises(DiagnosticError) as error:
            nd.run(program, Stimulus(n_samples=samples, n_steps=steps), until=1, **wanted, **options)
        return [(item.code, item.message, item.found) for item in error.value.diagnostics]

    shown = f"values of {many:,} samples of {many:,} steps would not fit into the memory of this machine"
    assert told(many, many) == [("ND511", shown, 16.0 * many**2)]
    kept = f"states and activity of {many:,} samples of 1 steps would not fit into the memory of this machine"
    assert told(many, 1, keep_state=True) == [("ND511", kept, 64.0 * many)]
