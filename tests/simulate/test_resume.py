"""A run in parts equals the uninterrupted run: for every cut, depth, delay, encoder, neuron kind and batch, in API and command line."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neurodeploy_backends.emulator.engine import run

import neurodeploy as nd
from neurodeploy.conformance import corpus, program_of
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.network import Bias, Current, Latency, Poisson, Rate, StateReset, WeightFormat
from neurodeploy.network.neurons import Noise
from neurodeploy.quantize import quantize
from neurodeploy.simulate import (
    RunOptions,
    SampleValues,
    Stimulus,
    continued,
    drain_steps,
    encode,
    load_recording,
    load_state,
    save_state,
)

pytestmark = pytest.mark.usefixtures("engine")

SLOW = settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
STYLE = WeightFormat(weight_bits=8, exponent=2, sign_mode="mixed")
LINES = 3


def assert_same(whole, parts):
    """Row for row; counts of overflows only where all runs watched."""
    joined = continued(parts)
    for one, other in pairwise(parts):
        assert one.n_steps + 1 == other.first_step
    for name in whole.spikes:
        rows = [part.spikes[name] for part in parts]
        if whole.n_samples == 1:
            assert np.array_equal(np.concatenate(rows), whole.spikes[name]), "rows of parts follow each other"
    plain = {"final_state": None, "overflows": {}, "findings": ()}
    assert joined.model_copy(update=plain) == whole.model_copy(update=plain)


def in_parts(program, stimuli, ends, options):
    """Recordings of the parts that end with `ends`, each shown its stimulus."""
    parts, kept = [], None
    for number, (shown, end, own) in enumerate(zip(stimuli, ends, options, strict=True)):
        last = number == len(ends) - 1
        chosen = own.model_copy(update={"resume": kept, "keep_state": not last})
        parts.append(nd.run(program, shown, until=end, options=chosen))
        kept = parts[-1].final_state
    return parts


def compiled(network, dialect="loihi2"):
    chip = load_target("loihi1").model_copy(update={"dialect": load_dialect(dialect)})
    return emit_program(place(partition(quantize(network, chip), chip)))


def dialects_of(network):
    """The dialects whose compartments have what the network needs: Brian2Loihi's have no bias."""
    biased = any(np.any(getattr(item.neuron, "bias_mant", 0)) for item in network.populations)
    return ["loihi1", "loihi2", "nengo", *([] if biased else ["brian2loihi"])]


@st.composite
def networks(draw, refractory=(0, 0, 1, 7), size=4):
    """A chain of 1 to 4 populations with delays, recurrence, noise and periodic resets here and there."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    encoders = ("spikes", Rate(max_rate=0.7), Poisson(max_rate=0.6), Bias(threshold=50), Current())
    encoder = draw(st.sampled_from(encoders))
    depth = draw(st.integers(1, 4))
    names = [f"layer{k}" for k in range(depth)]
    populations = []
    for name in names:
        noise = draw(st.sampled_from([None, None, Noise(exponent=9, at="current"), Noise(exponent=10, at="membrane")]))
        neuron = nd.LoihiCuba(
            du=int(rng.choice([0, 900, 4095])),
            dv=int(rng.choice([0, 300, 4095])),
            vth_mant=int(rng.integers(2, 60)),
            bias_mant=int(rng.integers(0, 2) * rng.integers(-200, 900)),
            refractory_steps=draw(st.sampled_from(refractory)),
            noise=noise,
        )
        every = draw(st.sampled_from([None, None, 5]))
        reset = StateReset(interval_steps=every, offset_steps=int(rng.integers(0, 5))) if every else None
        populations.append(nd.Population(name=name, shape=size, neuron=neuron, state_reset=reset))
    wires = []
    for source, target in pairwise(["in", *names]):
        lines = LINES if source == "in" else size
        delays = rng.integers(0, draw(st.sampled_from([1, 2, 9, 63])), (size, lines))
        delays[: size // 2] //= draw(st.sampled_from([1, 3, 64]))
        weights = 2 * rng.integers(-40, 80, (size, lines))
        more = {"delay_steps": delays, "delay_axis": "synapse", "weight_format": STYLE}
        wires.append(nd.dense(source, target, weights, **more))
    if draw(st.booleans()):
        weights, delay = 2 * rng.integers(-40, 40, (size, size)), draw(st.sampled_from([0, 1, 30]))
        wires.append(nd.dense(names[-1], names[0], weights, delay_steps=delay, weight_format=STYLE, name="back"))
    return network_of(
        tuple(populations),
        tuple(wires),
        inputs=(nd.Input(name="in", shape=LINES, encoder=encoder),),
        outputs=names[-1],
        probes=(nd.Probe(name="v", target=names[-1], variable="v"), nd.Probe(name="u", target=names[0], variable="u")),
    )


def values_of(network, samples, steps, seed):
    rng, kind = np.random.default_rng(seed), network.inputs[0].encoder.kind
    if kind == "spikes":
        return (rng.random((samples, steps, LINES)) < 0.4).astype(np.uint8)
    return rng.random((samples, LINES)) * (9 if kind == "current" else 1)


def shown_for(network, values, steps, seed):
    return encode(network, SampleValues(values={"in": values}), steps=steps, seed=seed)


@SLOW
@given(networks(), st.integers(1, 3), st.integers(1, 14), st.data())
def test_a_run_cut_anywhere_has_the_bits_of_the_whole(network, samples, shown, data):
    program = compiled(network, data.draw(st.sampled_from(dialects_of(network))))
    seed = data.draw(st.integers(0, 2**40))
    stimulus = shown_for(network, values_of(network, samples, shown, seed), shown, seed)
    last = shown + drain_steps(network)
    whole = nd.run(program, stimulus, options=RunOptions(seed=seed))
    assert whole.n_steps == last
    cuts = sorted(data.draw(st.sets(st.integers(1, last - 1), max_size=4)))
    ends = [*cuts, last]
    options = [
        RunOptions(seed=seed, threads=data.draw(st.integers(1, 2)), overflow=data.draw(st.booleans())) for _ in ends
    ]
    assert_same(whole, in_parts(program, [stimulus] * len(ends), ends, options))


@SLOW
@given(networks(), st.integers(1, 2), st.sets(st.integers(1, 14), min_size=1, max_size=4), st.data())
def test_steps_shown_bit_by_bit_are_the_steps_shown_at_once(network, samples, lengths, data):
    """Each part is encoded for as long as it is shown; who keeps a state says no steps."""
    program, seed, ends = compiled(network), data.draw(st.integers(0, 2**40)), sorted(lengths)
    values = values_of(network, samples, max(ends), seed)
    stimuli = [shown_for(network, values, end, seed) for end in ends]
    whole = nd.run(program, stimuli[-1], options=RunOptions(seed=seed))
    parts, kept = [], None
    for number, stimulus in enumerate(stimuli):
        options = RunOptions(seed=seed, resume=kept, keep_state=number < len(ends) - 1)
        parts.append(nd.run(program, stimulus, options=options))
        kept = parts[-1].final_state
    assert [part.n_steps for part in parts[:-1]] == ends[:-1]
    assert_same(whole, parts)


CASES = [item for item in corpus() if item.steps > 1]


def first_program(case):
    """On the first dialect whose chip has what the case needs."""
    for dialect in ("loihi2", "loihi1", "nengo"):
        try:
            return program_of(case, dialect)
        except DiagnosticError:
            continue
    raise AssertionError(f"no chip has what case '{case.name}' needs")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_kind_of_neuron_and_projection_goes_on(case):
    program = first_program(case)
    whole = nd.run(program, case.stimulus, until=case.steps)
    rng = np.random.default_rng(len(case.name))
    cuts = np.unique(rng.integers(1, case.steps, 3)).tolist() if case.steps > 1 else []
    ends = [*cuts, case.steps]
    options = [RunOptions(threads=1 + k % 2, overflow=k % 2 == 0) for k in range(len(ends))]
    assert_same(whole, in_parts(program, [case.stimulus] * len(ends), ends, options))


@settings(SLOW, max_examples=examples(15))
@given(networks(), st.integers(1, 5), st.tuples(st.integers(1, 5), st.integers(1, 5)), st.integers(0, 99))
def test_batches_of_both_parts_need_not_be_the_same(network, samples, batches, seed):
    program = compiled(network)
    values = values_of(network, samples, 9, seed)
    each = [{"in": value} for value in values]
    whole = nd.run(program, {"in": values}, steps=9, options=RunOptions(seed=seed))
    at = {"in": values[:, :4]} if values.ndim == 3 else {"in": values}
    first = nd.run(program, at, steps=4, options=RunOptions(seed=seed, keep_state=True))
    cut = [{"in": value[:4]} if value.ndim == 2 else {"in": value} for value in values]
    again = nd.run(program, cut, steps=4, batch=batches[0], options=RunOptions(seed=seed, keep_state=True))
    assert again.final_state == first.final_state
    for kept in (first, again):
        options = RunOptions(seed=seed, resume=kept.final_state)
        rest = nd.run(program, each, steps=9, batch=batches[1], options=options)
        assert_same(whole, [kept, rest])


@settings(SLOW, max_examples=examples(25))
@given(networks(size=150), st.sampled_from([(2, 1), (1, 2), (2, 2)]), st.integers(2, 12), st.data())
def test_threads_that_share_a_sample_keep_the_same_state(network, threads, shown, data):
    """Each thread owns a range of every population, whose ring of arriving sums is as long as its own delays."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "PAYS_FROM", 0)  # every network is worth the meeting of several threads
        program = compiled(network)
        stimulus = shown_for(network, values_of(network, 1, shown, 3), shown, 3)
        whole = nd.run(program, stimulus, options=RunOptions(seed=3, threads=1))
        end = data.draw(st.integers(1, whole.n_steps - 1))
        options = [RunOptions(seed=3, threads=number) for number in threads]
        assert_same(whole, in_parts(program, [stimulus] * 2, [end, whole.n_steps], options))


def relay():
    network = network_of(
        (nd.Population(name="c", shape=1, neuron=nd.If(v_threshold=0.5)),),
        (nd.dense("x", "c", [[1.0]]),),
        inputs=(nd.Input(name="x", shape=1),),
        outputs="c",
        name="relay",
    )
    return nd.compile(network, "loihi1"), np.ones((1, 4, 1), dtype=np.uint8)


def steps_of(recording, name="c"):
    return recording.spikes[name][:, 1].tolist()


def test_a_kept_state_lies_behind_the_last_step_that_was_shown():
    program, spikes = relay()
    network = program.network
    whole = nd.run(program, encode(network, SampleValues(values={"x": spikes})))
    assert steps_of(whole) == [2, 3, 4, 5]
    two = encode(network, SampleValues(values={"x": spikes}), steps=2)
    first = nd.run(program, two, options=RunOptions(keep_state=True))
    assert (first.n_steps, first.final_state.step) == (2, 2)
    four = encode(network, SampleValues(values={"x": spikes}), steps=4)
    rest = nd.run(program, four, options=RunOptions(resume=first.final_state))
    assert steps_of(first) + steps_of(rest) == [2, 3, 4, 5]
    done = nd.run(program, four, options=RunOptions(keep_state=True))
    drained = nd.run(program, four, options=RunOptions(resume=done.final_state))
    assert (steps_of(done), steps_of(drained)) == ([2, 3, 4], [5])


def test_the_command_line_goes_on_as_the_api_does(reference_data, tmp_path, monkeypatch, call):
    model = reference_data / "cases" / "resume" / "relay.nd.json"
    monkeypatch.chdir(tmp_path)
    run = ("run", model, "--target", "loihi1")
    assert call(*run, "--out", "whole.ndr")[0] == 0
    assert call(*run, "--steps", "2", "--save-state", "half.nds", "--out", "one.ndr")[0] == 0
    assert call(*run, "--resume", "half.nds", "--steps", "4", "--out", "two.ndr")[0] == 0
    whole, *parts = (load_recording(f"{name}.ndr") for name in ("whole", "one", "two"))
    assert steps_of(whole) == [2, 3, 4, 5] == steps_of(parts[0]) + steps_of(parts[1])
    assert_same(whole, parts)


@settings(SLOW, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(networks(refractory=(0,)), st.sets(st.integers(1, 9), min_size=2, max_size=3), st.integers(0, 99))
def test_both_doors_give_the_same_parts(tmp_path, call, network, lengths, seed):
    """A part kept by the command line goes on in Python, and one kept in Python on the command line."""
    ends, folder = sorted(lengths), tmp_path
    values = values_of(network, 2, max(ends), seed)
    nd.save(network, folder / "net.nd.json")
    np.savez(folder / "net.stimulus.npz", inputs=values)
    program = nd.compile(network, "loihi2")
    run = ("run", folder / "net.nd.json", "--target", "loihi2", "--no-reference", "--seed", str(seed))
    whole = nd.run(program, shown_for(network, values, ends[-1], seed), options=RunOptions(seed=seed))
    parts, kept = [], None
    for number, end in enumerate(ends):
        more = ["--save-state", folder / "kept.nds"] if number < len(ends) - 1 else []
        more += ["--resume", folder / "kept.nds"] if number else []
        if number % 2 == 0:
            status, _, err = call(*run, "--steps", str(end), "--out", folder / "part.ndr", *more)
            assert status == 0, err
            parts.append(load_recording(folder / "part.ndr"))
            kept = load_state(folder / "kept.nds")
        else:
            options = RunOptions(seed=seed, resume=kept, keep_state=bool(more[:-2]))
            parts.append(nd.run(program, shown_for(network, values, end, seed), options=options))
            if parts[-1].final_state:
                save_state(parts[-1].final_state, folder / "kept.nds")
    assert_same(whole, parts)


def told(call):
    with pytest.raises(DiagnosticError) as caught:
        call()
    return [(item.code, item.message) for item in caught.value.diagnostics]


def test_another_input_before_the_cut_is_refused():
    program, spikes = relay()
    network = program.network
    kept = nd.run(
        program, encode(network, SampleValues(values={"x": spikes}), steps=2), options=RunOptions(keep_state=True)
    ).final_state
    later = spikes.copy()
    later[0, 2] = 0
    nd.run(program, encode(network, SampleValues(values={"x": later})), options=RunOptions(resume=kept))
    later[0, 1] = 0
    options = RunOptions(resume=kept)
    found = told(lambda: nd.run(program, encode(network, SampleValues(values={"x": later})), options=options))
    assert [code for code, _ in found] == ["ND512"]
    # run past its stimulus: what a longer one holds for those steps was never shown
    two = encode(network, SampleValues(values={"x": spikes}), steps=2)
    drained = nd.run(program, two, until=3, options=RunOptions(keep_state=True)).final_state
    four = encode(network, SampleValues(values={"x": spikes}))
    assert told(lambda: nd.run(program, four, options=RunOptions(resume=drained)))[0][0] == "ND512"
    done = nd.run(program, four, options=RunOptions(keep_state=True)).final_state
    assert told(lambda: nd.run(program, four, until=4, options=RunOptions(resume=done)))[0][0] == "ND509"


def test_codes_and_draws_that_depend_on_the_cut_are_refused():
    network = network_of(
        (
            nd.Population(
                name="cells",
                shape=2,
                neuron=nd.LoihiCuba(du=0, dv=0, vth_mant=9, noise=Noise(exponent=9, at="current")),
            ),
        ),
        (nd.dense("in", "cells", np.full((2, 3), 20), weight_format=STYLE),),
        inputs=(nd.Input(name="in", shape=3, encoder=Latency()),),
    )
    program, values = compiled(network), np.array([[0.9, 0.5, 0.1]])
    kept = nd.run(program, shown_for(network, values, 4, 1), options=RunOptions(seed=1, keep_state=True)).final_state
    found = told(lambda: nd.run(program, shown_for(network, values, 9, 1), options=RunOptions(seed=1, resume=kept)))
    assert [code for code, _ in found] == ["ND512"]
    # shown for as long, and cut before the end, it goes on
    whole = nd.run(program, shown_for(network, values, 9, 1), options=RunOptions(seed=1))
    parts = in_parts(program, [shown_for(network, values, 9, 1)] * 2, [4, whole.n_steps], [RunOptions(seed=1)] * 2)
    assert_same(whole, parts)
    found = told(lambda: nd.run(program, shown_for(network, values, 4, 1), options=RunOptions(seed=2, resume=kept)))
    assert found == [("ND512", "noise of 'cells' was drawn with seed 1 and would continue with 2")]
    shifted = shown_for(network, values, 4, 1).model_copy(update={"first_sample": 1})
    found = told(lambda: nd.run(program, shifted, options=RunOptions(seed=1, resume=kept)))
    assert found == [("ND512", "noise of 'cells' was drawn with first sample 0 and would continue with 1")]


def test_rows_and_rasters_are_the_same_past():
    program, spikes = relay()
    rows = np.array([[0, step, 0] for step in range(1, 5)], dtype=np.int32)
    raster = Stimulus(n_samples=1, n_steps=4, rasters={"x": spikes})
    kept = nd.run(program, raster, until=3, options=RunOptions(keep_state=True)).final_state
    rest = nd.run(program, Stimulus(n_samples=1, n_steps=4, spikes={"x": rows}), options=RunOptions(resume=kept))
    assert steps_of(rest) == [4, 5]


def test_parts_that_leave_a_gap_are_no_run():
    program, spikes = relay()
    stimulus = Stimulus(n_samples=1, n_steps=4, rasters={"x": spikes})
    parts = in_parts(program, [stimulus] * 3, [1, 2, 5], [RunOptions()] * 3)
    assert steps_of(continued(parts)) == [2, 3, 4, 5]
    assert told(lambda: continued([parts[0], parts[2]]))[0][0] == "ND551"


@settings(SLOW, max_examples=examples(25))
@given(networks(), st.integers(2, 5), st.integers(0, 2**40), st.data())
def test_batches_threads_and_what_is_watched_change_no_bit(network, samples, seed, data):
    """The recording is that of the samples and the seed, however they are given and worked off."""
    program, steps = compiled(network), 9
    values = values_of(network, samples, steps, seed)
    whole = nd.run(program, {"in": values}, steps=steps, options=RunOptions(seed=seed, threads=1))
    each = [{"in": value} for value in values]
    options = RunOptions(seed=seed, threads=data.draw(st.integers(1, 4)))
    parts = nd.run(program, each, steps=steps, batch=data.draw(st.integers(1, samples)), options=options)
    # what was lost of the samples is counted batch by batch; all else is the same
    assert {item.code for item in parts.findings} == {item.code for item in whole.findings}
    assert parts.model_copy(update={"findings": whole.findings}) == whole
    stimulus = shown_for(network, values, steps, seed)
    if network.inputs[0].encoder.kind != "current":
        rows = np.random.default_rng(seed).permutation(stimulus.rows("in"))
        stimulus = stimulus.model_copy(update={"rasters": {}, "spikes": {"in": rows}})
    silent = RunOptions(seed=seed, threads=2, activity=False, overflow=data.draw(st.booleans()))
    other = nd.run(program, stimulus, options=silent)
    for of in ("spikes", "states", "input_spikes"):
        for name, given_ in getattr(whole, of).items():
            assert np.array_equal(getattr(other, of)[name], given_), (of, name)


def test_a_sample_alone_has_the_draws_of_its_number():
    """A part of the samples, counted on from `first_sample`, is that part of the run of all."""
    noise = Noise(exponent=11, at="membrane")
    neuron = nd.LoihiCuba(du=900, dv=300, vth_mant=20, noise=noise)
    network = network_of(
        (nd.Population(name="cells", shape=4, neuron=neuron),),
        (nd.dense("in", "cells", np.full((4, LINES), 20), weight_format=STYLE),),
        inputs=(nd.Input(name="in", shape=LINES, encoder=Poisson(max_rate=0.5)),),
    )
    program, values = compiled(network), np.random.default_rng(0).random((6, LINES))
    whole = nd.run(program, shown_for(network, values, 12, 5), options=RunOptions(seed=5))
    for first in range(6):
        some = SampleValues(values={"in": values[first:]})
        alone = nd.run(program, encode(network, some, steps=12, seed=5, first_sample=first), options=RunOptions(seed=5))
        rows = whole.spikes["cells"]
        assert np.array_equal(alone.spikes["cells"], rows[rows[:, 0] >= first] - [first, 0, 0])


def test_a_latency_code_is_cut_on_the_command_line(tmp_path, monkeypatch, call):
    """Shown for as many steps in both parts, and left in between."""
    monkeypatch.chdir(tmp_path)
    network = network_of(
        (nd.Population(name="cells", shape=3, neuron=nd.If(v_threshold=0.5)),),
        (nd.one_to_one("in", "cells", 1.0),),
        inputs=(nd.Input(name="in", shape=3, encoder=Latency()),),
        outputs="cells",
    )
    nd.save(network, "net.nd.json")
    np.savez("net.stimulus.npz", inputs=np.array([[0.9, 0.5, 0.1]]), labels=np.array([0]))
    run = ("run", "net.nd.json", "--target", "loihi1", "--steps", "9")
    assert "accuracy 100.00%" in call(*run, "--out", "whole.ndr")[1]
    _, out, err = call(*run, "--until", "4", "--save-state", "half.nds", "--out", "one.ndr")
    assert "accuracy" not in out, "no answer of a part"
    assert "ND515" in err
    _, out, err = call(*run, "--resume", "half.nds", "--out", "two.ndr")
    assert "accuracy" not in out
    assert err.count("ND515") == 1
    whole, *parts = (load_recording(f"{name}.ndr") for name in ("whole", "one", "two"))
    assert_same(whole, parts)
    assert call(*run[:-1], "40", "--resume", "half.nds")[0] == 1, "the first line fired in step 2, and would in step 5"
