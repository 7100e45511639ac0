"""Encoders, decoders, drain steps, and the float reference against closed forms."""

from __future__ import annotations

import neurodeploy_backends.reference as reference_backend
import numpy as np
import pytest
from factories import one_layer

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import Current, FirstSpike, Membrane, Poisson, Rate, SpikeCount
from neurodeploy.signals.recording import Recording
from neurodeploy.simulate import (
    RunOptions,
    SampleValues,
    answers,
    drain_steps,
    encode,
    get_backend,
    load_recording,
    load_state,
    save_recording,
    save_state,
)

pytestmark = pytest.mark.usefixtures("engine")


def net(neuron, weights, **fields):
    """One layer of which both state variables are recorded."""
    return one_layer(neuron, weights, probes=("v", "u"), **fields)


LIF = nd.Lif(tau_m_s=0.01, v_threshold=1.0)


def encoded(encoder, values, steps, seed=0):
    network = net(LIF, np.ones((1, len(values[0]))), encoder=encoder)
    return encode(network, SampleValues(values={"in": np.array(values)}), steps=steps, seed=seed).rows("in")


def test_rate_code_spreads_exactly_the_share_of_steps():
    rows = encoded(Rate(), [[0.25, 1.0, 0.0]], 8)
    assert rows[rows[:, 2] == 0][:, 1].tolist() == [4, 8]
    assert (rows[:, 2] == 1).sum() == 8
    assert (rows[:, 2] == 2).sum() == 0


def test_latency_code_fires_once_the_brighter_the_earlier():
    rows = encoded("latency", [[1.0, 0.5, 0.0]], 9)
    assert rows.tolist() == [[0, 1, 0], [0, 5, 1]]


def test_poisson_code_is_the_seeds_and_has_its_rate():
    one, again, other = (encoded(Poisson(max_rate=0.5), [[0.6] * 50], 200, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert len(one) / (50 * 200) == pytest.approx(0.3, abs=0.02)


def test_answers_by_count_first_spike_and_membrane():
    rows = np.array([[0, 2, 1], [0, 3, 0], [0, 4, 0], [1, 1, 0], [1, 1, 1]], dtype=np.int32)
    recording = Recording(
        ran_on="emulator", backend="b", program_digest="", seed=0, n_samples=2, n_steps=5, spikes={"cells": rows},
        states={"out.v": np.array([[[0, 1]], [[5, 2]]])},
    )  # fmt: skip
    network = net(LIF, np.ones((2, 1)))
    read = lambda decoder: network.model_copy(
        update={"outputs": (nd.Output(name="out", source="cells", decoder=decoder),)}
    )  # noqa: E731
    assert answers(read(SpikeCount()), recording).tolist() == [0, 0]
    assert answers(read(FirstSpike()), recording).tolist() == [1, 0]
    assert answers(read(Membrane()), recording).tolist() == [1, 0]


def test_drain_is_the_longest_path_and_a_loop_counts_once():
    network = net(LIF, np.ones((2, 1)), delay_steps=3)
    assert drain_steps(network) == 4
    second = nd.Population(name="second", shape=2, neuron=LIF)
    wires = (
        *network.projections,
        nd.dense("cells", "second", np.ones((2, 2))),
        nd.dense("second", "second", np.ones((2, 2))),
    )
    assert (
        drain_steps(network.model_copy(update={"populations": (*network.populations, second), "projections": wires}))
        == 5
    )


def reference(network, raster, steps=None):
    program = nd.compile(network, "loihi1")
    return nd.run(
        program, encode(network, SampleValues(values={"in": np.array(raster)})), backend="reference", until=steps
    )


def test_reference_follows_the_equations_of_lif_and_cuba_lif():
    raster = np.zeros((1, 6, 1), dtype=int)
    raster[0, 0] = 1
    got = reference(net(LIF, [[2.0]], delay_steps=1), raster, steps=6).states["v"][0, :, 0]
    assert got == pytest.approx([0, 0, 0.2, 0.18, 0.162, 0.1458])  # fires in 1, arrives in 1 + 1 + 1
    cuba = nd.CubaLif(tau_m_s=0.01, tau_syn_s=0.005, v_threshold=9.0)
    run = reference(net(cuba, [[1.0]]), raster, steps=4)
    assert run.states["u"][0, :, 0] == pytest.approx([0, 0.2, 0.16, 0.128])
    assert run.states["v"][0, :, 0] == pytest.approx([0, 0.02, 0.034, 0.0434])


@pytest.mark.parametrize(
    ("neuron", "steps"),
    [
        (nd.If(v_threshold=2.0), [4, 7, 10]),
        (nd.If(v_threshold=2.0, comparison=">="), [3, 5, 7, 9, 11]),
        (nd.If(v_threshold=2.0, reset="subtract"), [4, 6, 8, 10]),
        (nd.If(v_threshold=2.0, reset="none"), [4, 5, 6, 7, 8, 9, 10, 11]),
        (nd.If(v_threshold=2.0, refractory_steps=2), [4, 9]),
    ],
)
def test_reference_resets_comparisons_and_refractory_steps(neuron, steps):
    network = net(neuron, [[1.0]])
    program = nd.compile(network.model_copy(update={"populations": net(LIF, [[1.0]]).populations}), "loihi1")
    program = program.model_copy(update={"network": network})
    stimulus = encode(network, SampleValues(values={"in": np.ones((1, 10, 1), dtype=int)}))
    recording = get_backend("reference").run(program, stimulus, steps=11)
    assert recording.spikes["cells"][:, 1].tolist() == steps


@pytest.mark.parametrize(
    ("samples", "shape"),
    [(0, (5, 4)), (3, (0, 4)), (360, (64, 92)), (361, (64, 92)), (4, (600, 600)), (5000, (64, 92))],
    ids=str,
)
def test_reference_sums_all_samples_however_many_it_takes_at_once(samples, shape):
    rng = np.random.default_rng(0)
    active, matrix = rng.integers(0, 3, (samples, shape[0])), rng.integers(-9, 9, shape)  # sums of integers are exact
    found = reference_backend._product(active.astype(float), matrix.astype(float))
    assert found.shape == (samples, shape[1])
    assert np.array_equal(found, active @ matrix)


def test_currents_drive_reference_and_emulator_alike():
    network = net(nd.Lif(tau_m_s=0.01, v_threshold=1.0), [[1.0]], encoder=Current())
    program = nd.compile(network, "loihi1")
    stimulus = encode(network, SampleValues(values={"in": np.array([[1.5], [0.9]])}), steps=60)
    runs = [nd.run(program, stimulus, backend=name, until=60).spikes["cells"] for name in ("emulator", "reference")]
    assert set(runs[1][:, 0]) == {0}, "1.5 passes the threshold, 0.9 never does"
    assert np.array_equal(runs[0], runs[1])


def test_a_recording_survives_its_file(tmp_path):
    network = net(LIF, [[20.0]])
    program = nd.compile(network, "loihi1")
    recording = nd.run(program, encode(network, SampleValues(values={"in": np.ones((2, 5, 1), dtype=int)})))
    save_recording(recording, tmp_path / "a.ndr")
    assert load_recording(tmp_path / "a.ndr") == recording


def test_spikes_of_lines_that_do_not_exist_are_findings():
    program = nd.compile(net(LIF, [[1.0]]), "loihi1")
    from neurodeploy.simulate import Stimulus

    wrong = Stimulus(
        n_samples=1, n_steps=3, spikes={"in": np.array([[0, 9, 0], [0, 1, 5]]), "im": np.zeros((0, 3), int)}
    )
    with pytest.raises(DiagnosticError) as error:
        nd.run(program, wrong)
    assert [item.code for item in error.value.diagnostics] == ["ND505"] * 3


def test_ctrl_c_keeps_the_samples_that_are_done():
    network = net(LIF, [[20.0]])
    program = nd.compile(network, "loihi1")

    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    stimulus = encode(network, SampleValues(values={"in": np.ones((50, 5, 1), dtype=int)}))
    recording = nd.run(program, stimulus, until=200_000, options=RunOptions(threads=1), progress=stop)
    assert not recording.complete
    assert recording.n_samples < 50


def test_a_program_runs_whatever_describes_samples():
    network = net(nd.Lif(tau_m_s=0.01, v_threshold=1.0), [[20.0, 0.0, 3.0], [0.0, 30.0, 1.0]])
    program = nd.compile(network, "loihi1")
    raster = np.random.default_rng(0).random((5, 12, 3)) < 0.4
    rows = (np.argwhere(raster) + [0, 1, 0]).astype(np.int64)
    expected = program.run({"in": raster.astype(int)}, steps=12)
    per_sample = [{"in": sample.astype(int)} for sample in raster]
    given = (
        encode(network, SampleValues(values={"in": raster.astype(int)}), steps=12),
        {"in": rows[np.random.default_rng(1).permutation(len(rows))]},
        iter(per_sample),
        (item for item in per_sample),
    )
    for samples in given:
        found = program.run(samples, steps=12, batch=2, probes=[("cells", "v")])
        assert found.n_samples == 5
        assert np.array_equal(found.spikes["cells"], expected.spikes["cells"])
        assert np.array_equal(found.active_updates, expected.active_updates)
        assert found.states["cells.v"].shape == (5, found.n_steps, 2)
    assert len(expected.spikes["cells"]) > 10
    events = [
        {"in": rows[rows[:, 0] == sample][:, 1:] if sample not in (1, 4) else np.zeros((0, 2), int)}
        for sample in range(5)
    ]
    sparse = program.run(events, steps=12, batch=2)
    assert sparse.n_samples == 5
    kept = np.isin(expected.spikes["cells"][:, 0], (0, 2, 3))
    assert np.array_equal(sparse.spikes["cells"], expected.spikes["cells"][kept])
    with pytest.raises(DiagnosticError, match="no value in 1 of 2 samples"):
        program.run([per_sample[0], {}])
    with pytest.raises(DiagnosticError, match="no samples"):
        program.run(iter([]))


def test_a_run_goes_on_from_a_kept_state_with_the_same_bits(tmp_path):
    network = net(nd.Lif(tau_m_s=0.01, v_threshold=1.0, refractory_steps=2), [[5.0, 3.0], [2.0, 9.0]], delay_steps=3)
    program = nd.compile(network, "loihi1")
    raster = np.random.default_rng(0).random((3, 40, 2)) < 0.4
    stimulus = encode(network, SampleValues(values={"in": raster.astype(int)}))
    whole = nd.run(program, stimulus, until=50)
    half = nd.run(program, stimulus, until=17, options=RunOptions(keep_state=True))
    save_state(half.final_state, tmp_path / "half.nds")
    options = RunOptions(resume=load_state(tmp_path / "half.nds"), threads=2)
    rest = nd.run(program, stimulus, until=50, options=options)
    assert (half.n_steps, rest.first_step, rest.n_steps) == (17, 18, 50)
    both = np.concatenate([half.spikes["cells"], rest.spikes["cells"]])
    assert np.array_equal(both[np.lexsort(both.T[::-1])], whole.spikes["cells"])
    assert np.array_equal(np.concatenate([half.active_updates, rest.active_updates], axis=1), whole.active_updates)


def test_until_ends_a_run_of_any_form_of_samples():
    network = net(nd.Lif(tau_m_s=0.01, v_threshold=1.0), [[5.0, 3.0], [2.0, 9.0]])
    program = nd.compile(network, "loihi1")
    raster = (np.random.default_rng(1).random((3, 12, 2)) < 0.5).astype(int)
    wanted = program.run({"in": raster}, until=7)
    assert wanted.n_steps == 7
    assert int(wanted.spikes["cells"][:, 1].max()) <= 7
    for given in (raster, encode(network, raster), ({"in": one} for one in raster)):
        found = program.run(given, until=7, batch=2)
        assert np.array_equal(found.spikes["cells"], wanted.spikes["cells"])
        assert found.n_steps == 7
    assert nd.run(program, raster, options=RunOptions(until=7)) == wanted
    assert nd.run(program, raster, options=RunOptions(until=5), until=7) == wanted, "keywords take precedence"
    for wrong in (0, True, 2.5, "7", 2**31):
        with pytest.raises(DiagnosticError, match="ND002"):
            program.run(raster, until=wrong)
