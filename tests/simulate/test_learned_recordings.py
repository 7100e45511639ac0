"""Recordings of what was learned: checked, kept in files, compared, sealed and told apart."""

from __future__ import annotations

import numpy as np
import pytest
from learners import learner, shown, trained
from neurodeploy_backends.emulator import spec_run

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.signals import Learned
from neurodeploy.simulate.recording_check import recording_messages


def with_learned(recording, **change):
    return recording.model_copy(update={"learned": recording.learned.model_copy(update=change)})


def with_weights(recording, values):
    return with_learned(recording, synapses={**recording.learned.synapses, "in_cells.w": values})


def test_recordings_and_states_come_back_from_files(tmp_path):
    network = learner(dt="2^-3*x1*y0", tag=5)
    program, recording = trained(network, samples=2, learn="apart", keep_state=True, until=9)
    nd.save(recording, tmp_path / "r.ndr")
    read = nd.load(tmp_path / "r.ndr", kind=nd.Recording)
    assert read.learned.synapses.keys() == {"in_cells.w", "in_cells.t"}
    for name, rows in recording.learned.synapses.items():
        assert np.array_equal(read.learned.synapses[name], rows)
        assert read.learned.synapses[name].dtype == rows.dtype
    nd.save(recording.final_state, tmp_path / "s.nds")
    state = nd.load(tmp_path / "s.nds", kind=nd.RunState)
    samples = shown(network, 2)
    one, other = (
        nd.run(program, samples, engine="spec", learn="apart", resume=item) for item in (state, recording.final_state)
    )
    assert nd.compare(one, other).identical
    assert np.array_equal(one.learned.synapses["in_cells.t"], other.learned.synapses["in_cells.t"])


def test_files_of_runs_that_learn_nothing_do_not_name_it(tmp_path):
    network = learner()
    plain = network.projections[0].model_copy(update={"plasticity": None})
    program = nd.compile(network.model_copy(update={"projections": (plain,)}), "loihi1")
    nd.save(nd.run(program, shown(network), keep_state=True), tmp_path / "r.ndr")
    content = (tmp_path / "r.ndr").read_bytes()
    assert b"learn" not in content


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: with_learned(r, program_digest="0" * 64), "is of program '000000000000'"),
        (lambda r: with_learned(r, step=r.n_steps + 1), "after its last step"),
        (lambda r: with_weights(r, np.zeros((2, 12), dtype=int)), "needs [1 or 3, synapses]"),
        (lambda r: with_weights(r, np.zeros(12, dtype=int)), "needs [1 or 3, synapses]"),
        (lambda r: with_weights(r, np.full((3, 12), 2**60)), "outside -256 to 255"),
        (lambda r: with_weights(r, np.zeros((3, 13), dtype=int)), "needs integers [1 or 3, 12]"),
        (lambda r: with_learned(r, synapses={}), "is missing"),
    ],
)
def test_recordings_with_impossible_weights_are_refused(change, words):
    program, recording = trained(samples=3, learn="apart")
    assert not recording_messages(recording, program)
    found = recording_messages(change(recording), program)
    assert len(found) == 1
    assert words in found[0]


def test_recordings_that_learned_other_weights_differ():
    _, recording = trained(samples=2, learn="apart")
    values = recording.learned.synapses["in_cells.w"].copy()
    values[1, 4] += 2
    found = nd.compare(recording, with_weights(recording, values))
    assert not found.identical
    assert [item.code for item in found.findings] == ["ND550"]
    was = values[1, 4] - 2
    told = f"1 of 24 learned values 'in_cells.w' differ, first in row 1, synapse 4: {was} and {was + 2}"
    assert told in found.findings[0].message
    lacking = nd.compare(recording, recording.model_copy(update={"learned": None}))
    assert [item.code for item in lacking.findings] == ["ND555"]
    assert "learned values 'in_cells.w'" in lacking.findings[0].message
    rows = nd.diff(recording, with_weights(recording, values)).rows
    assert [(str(row.subject), row.figure) for row in rows] == [("projection 'in_cells'", "learned w (mean size)")]
    assert "1 of 24 values differ, by at most 2" in rows[0].why


def test_a_sealed_program_also_seals_what_it_learns(tmp_path):
    program, _ = trained()
    samples = shown(program.network, 3)
    sealed = nd.seal(program, samples)
    assert sealed.golden.learned["in_cells.w"].shape == (3, 12)
    assert sealed.digest() == program.digest()
    nd.save(sealed, tmp_path / "p.ndp")
    read = nd.load(tmp_path / "p.ndp", kind=nd.Program)
    assert nd.verify(read).identical
    values = sealed.golden.learned["in_cells.w"].copy()
    values[2, 0] -= 1
    golden = sealed.golden.model_copy(update={"learned": {"in_cells.w": values}})
    found = nd.verify(sealed.model_copy(update={"golden": golden}))
    assert [item.code for item in found.findings] == ["ND552"]
    assert "1 of 36 learned values 'in_cells.w' differ" in found.findings[0].message


def test_a_run_that_is_stopped_keeps_what_whole_samples_learned(monkeypatch):
    monkeypatch.setattr(spec_run, "PROGRESS_S", 0)
    program, _ = trained()
    steps = 21  # of a sample, with the step that drains

    def stop(done, total):
        if done == 2 * steps + 3:
            raise KeyboardInterrupt

    samples = shown(program.network, 3)["in"]
    stopped = nd.run(program, {"in": samples}, engine="spec", learn="sequential", progress=stop)
    two = nd.run(program, {"in": samples[:2]}, engine="spec", learn="sequential")
    assert (stopped.n_samples, stopped.complete) == (2, False)
    assert np.array_equal(stopped.learned.synapses["in_cells.w"], two.learned.synapses["in_cells.w"])


def test_learned_is_one_noun():
    assert Learned(program_digest="", step=0).synapses == {}
    with pytest.raises(DiagnosticError):
        nd.run(trained()[0], shown(learner()), learned=Learned(program_digest="", step=0))
