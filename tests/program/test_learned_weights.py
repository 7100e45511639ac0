"""The program with learned weights: the same run wherever nothing was rounded, and what rounding changes."""

from __future__ import annotations

import numpy as np
import pytest
from learners import float_learner, learner, operation_of, shown, trained

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import Dense, Sparse
from neurodeploy.program.plastic import plastic_synapses
from neurodeploy.program.validate import require_sound
from neurodeploy.quantize.fold import fold
from neurodeploy.quantize.weights import round_weights

ONE_SIGN = {"sign_mode": "excitatory"}
"""Formats of one sign store 8 of 8 bits, so that nothing is rounded."""


def refusal(call, *arguments, **choices):
    with pytest.raises(DiagnosticError) as error:
        call(*arguments, **choices)
    return [(item.code, item.message) for item in error.value.diagnostics]


def stored_of(program):
    return program.tables.entry_mantissa[plastic_synapses(program)["in_cells"].entry]


def same_run(one, other):
    return np.array_equal(one.spikes["cells"], other.spikes["cells"]) and np.array_equal(
        one.states["cells.v"], other.states["cells.v"]
    )


@pytest.mark.parametrize("kind", ["dense", "sparse", "one_to_one"])
@pytest.mark.parametrize("plastic", [True, False])
@pytest.mark.parametrize("make", [lambda kind: learner(kind, **ONE_SIGN), float_learner], ids=["integers", "floats"])
def test_the_learned_program_runs_as_the_program_with_learned_weights(kind, plastic, make):
    program, recording = trained(make(kind), samples=2, learn="sequential")
    made = nd.learned(program, recording, plastic=plastic)
    require_sound(made)
    assert not [item for item in made.findings if item.code == "ND523"]
    weights = recording.learned.synapses["in_cells.w"]
    assert (weights[0] != stored_of(program)).any()
    assert np.array_equal((stored_of(made) if plastic else weights[0]), weights[0])
    samples = shown(program.network, 2, seed=8, share=0.6)
    asked = {"learn": "off", "probes": "cells.v", "engine": "spec"}
    wanted = nd.run(program, samples, learned=recording.learned, **asked)
    assert same_run(nd.run(made, samples, **asked), wanted)
    assert not same_run(nd.run(program, samples, **asked), wanted), "the weights matter"
    projection = made.network.projections[0]
    assert (projection.plasticity is not None) == plastic
    assert projection.operation.kind == kind


def test_the_learned_program_goes_on_learning_with_delays_and_tags():
    network = learner("sparse", dt="2^-2*x1*y0", dd="y1*x0", dw="2^-6*t*y0 - 2^-4*x1*y0", tag=9, **ONE_SIGN)
    program, recording = trained(network, samples=1)
    made = nd.learned(program, recording)
    samples = shown(network, 1, seed=4)
    one = nd.run(made, samples, engine="spec")
    other = nd.run(program, samples, engine="spec", learned=recording.learned)
    assert one.learned.synapses.keys() == {"in_cells.w", "in_cells.d", "in_cells.t"}
    for name, values in other.learned.synapses.items():
        assert np.array_equal(one.learned.synapses[name], values)
    assert np.ptp(recording.learned.synapses["in_cells.t"]) > 0


@pytest.mark.parametrize("kind", ["dense", "sparse", "one_to_one"])
def test_weights_of_the_network_are_the_mantissas_in_its_units(kind):
    network = float_learner(kind, r=np.array([0.5, 2.0, 3.7]))
    program, recording = trained(network, samples=1)
    made = nd.learned(program, recording)
    population, style = made.network.populations[0], made.formats[0]
    gain = fold(population, network.time.dt_s).weight_gain
    operation = made.network.projections[0].operation
    listed = plastic_synapses(made)["in_cells"].listed
    volts = listed.weights * gain[listed.post]
    mantissas, loss = round_weights(made.target.dialect, volts, made.populations[0].scale, style)
    assert np.array_equal(mantissas, stored_of(made))
    assert loss.largest < 1e-9 * np.abs(volts).max()
    assert operation.weights.shape == network.projections[0].operation.weights.shape


def test_an_integer_network_compiles_to_the_same_mantissas():
    program, recording = trained(learner("sparse", **ONE_SIGN))
    made = nd.learned(program, recording)
    again = nd.compile(made.network, "loihi1")
    assert np.array_equal(stored_of(again), stored_of(made))
    operation = made.network.projections[0].operation
    pairs = {
        (int(pre), int(post)): int(w)
        for pre, post, w in zip(operation.pre, operation.post, operation.weights, strict=True)
    }
    listed = plastic_synapses(program)["in_cells"].listed
    learned = recording.learned.synapses["in_cells.w"][0].tolist()
    assert pairs == dict(zip(zip(listed.pre.tolist(), listed.post.tolist(), strict=True), learned, strict=True))


def test_mantissas_between_those_of_the_format_are_rounded_and_told():
    program, recording = trained()
    learned = recording.learned.synapses["in_cells.w"][0]
    made = nd.learned(program, recording)
    told = [item for item in made.findings if item.code == "ND523"]
    odd = int((learned % 2 != 0).sum())
    assert 0 < odd < 12
    assert f"{odd} of 12 learned weights are rounded to the 8 bits" in told[0].message
    assert told[0].message.endswith("by at most 1 mantissa")
    assert np.abs(stored_of(made) - learned).max() == 1
    assert not (stored_of(made) % 2).any()
    line = next(item for item in made.ledger if item.subject.name == "in_cells" and item.quantity == "weights")
    assert line.level == "rounded"
    assert line.asked == "12 learned mantissas"
    assert line.note == f"{odd} rounded, by at most 1"
    assert len([item for item in made.ledger if item.subject.name == "in_cells"]) == 1
    coarse_weights = Dense(weights=32 * np.array([[1, 2, 3, 1], [2, 3, 1, 1], [3, 2, 1, 2]]))
    coarse = nd.learned(*trained(learner(operation=coarse_weights, weight_bits=4)))
    assert not (stored_of(coarse) % 32).any()
    assert [item.code for item in coarse.findings].count("ND523") == 1


def test_the_ends_of_the_range_are_stored():
    program, recording = trained(learner(dw="2^3*x1*y0 - 2^3*y1*x0"))
    values = np.array([[-256, 255, -255, 254, 0, 1, -1, 2, 3, 4, 5, 6]])
    learned = recording.learned.model_copy(update={"synapses": {"in_cells.w": values}})
    stored = stored_of(nd.learned(program, learned))
    assert stored.tolist()[:4] == [-256, 254, -256, 254]
    require_sound(nd.learned(program, learned))


def test_one_sample_of_several_has_to_be_named():
    program, recording = trained(samples=2, learn="apart")
    code, message = refusal(nd.learned, program, recording)[0]
    assert (code, message) == ("ND522", "holds what 2 samples learned apart")
    for sample in (2, -1):
        assert refusal(nd.learned, program, recording, sample=sample)[0][0] == "ND522"
    made = nd.learned(program, recording, sample=1)
    learned = recording.learned.synapses["in_cells.w"][1]
    assert np.abs(stored_of(made) - learned).max() <= 1
    assert not np.array_equal(stored_of(made), stored_of(nd.learned(program, recording, sample=0)))


def test_recordings_that_do_not_belong_are_refused():
    program, recording = trained()
    other, _ = trained(learner(seed=8))
    assert refusal(nd.learned, other, recording)[0][0] == "ND703"
    assert nd.learned(other, recording.learned).digest() != other.digest(), "weights for the same synapses are taken"
    assert refusal(nd.learned, program, recording.model_copy(update={"learned": None}))[0][0] == "ND522"
    less = recording.learned.model_copy(update={"synapses": {}})
    assert refusal(nd.learned, program, less)[0][0] == "ND518"
    assert refusal(nd.learned, program, 3)[0][0] == "ND002"


def test_what_was_learned_shows_in_a_comparison_of_programs(tmp_path):
    program, recording = trained(learner(**ONE_SIGN))
    made = nd.learned(nd.seal(program, shown(program.network)), recording)
    assert made.golden is None
    nd.save(made, tmp_path / "learned.ndp")
    read = nd.load(tmp_path / "learned.ndp", kind=nd.Program)
    assert read.digest() == made.digest()
    assert made.digest() != program.digest()
    rows = nd.diff(program, read).rows
    changed = int((recording.learned.synapses["in_cells.w"][0] != stored_of(program)).sum())
    assert [(str(row.subject), row.figure) for row in rows] == [
        ("projection 'in_cells'", "operation.weights (mean size)")
    ]
    assert rows[0].why.startswith(f"{changed} of 12 values differ, by at most ")


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_learned_weights_come_back_from_files(tmp_path, kind):
    program, recording = trained(learner(kind, dt="2^-3*x1*y0"), samples=2, learn="apart")
    path = tmp_path / "w.learned.npz"
    nd.save(recording.learned, path)
    read = nd.load(path, kind=nd.Learned)
    assert read == recording.learned
    with np.load(path) as arrays:
        assert np.array_equal(arrays["in_cells.w"], recording.learned.synapses["in_cells.w"])
    assert nd.learned(program, read, sample=1).digest() == nd.learned(program, recording, sample=1).digest()


def test_files_of_learned_weights_may_come_from_elsewhere(tmp_path):
    program, _ = trained()
    np.savez(tmp_path / "own.learned.npz", **{"in_cells.w": np.arange(12) * 2})
    read = nd.load(tmp_path / "own.learned.npz")
    assert np.array_equal(stored_of(nd.learned(program, read)), np.arange(12) * 2)
    np.savez(tmp_path / "bad.learned.npz", **{"in_cells.w": np.ones((1, 12)) / 3})
    assert refusal(nd.load, tmp_path / "bad.learned.npz")[0][0] == "ND003"
    np.savez(tmp_path / "step.learned.npz", **{"in_cells.w": np.zeros((1, 12), dtype=int), "step": np.zeros(3)})
    assert refusal(nd.load, tmp_path / "step.learned.npz")[0][0] == "ND003"
    code, message = refusal(nd.save, read, tmp_path / "w.npz")[0]
    assert code == "ND035"
    assert "learned.npz" in message


def test_parallel_listings_of_a_sparse_operation_keep_their_order():
    listed = operation_of("sparse")
    order = np.array([6, 2, 0, 5, 1, 4, 3])
    mixed = Sparse(shape=listed.shape, post=listed.post[order], pre=listed.pre[order], weights=listed.weights[order])
    one, other = (trained(learner(operation=item, **ONE_SIGN)) for item in (listed, mixed))
    assert np.array_equal(one[1].learned.synapses["in_cells.w"], other[1].learned.synapses["in_cells.w"])
    weights = [nd.learned(*pair).network.projections[0].operation.weights for pair in (one, other)]
    assert np.array_equal(weights[0][order], weights[1])
