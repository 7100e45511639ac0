"""Linear outputs: values of the host from spikes or v, their lowpass, their answer and the faults of their weights."""

from __future__ import annotations

import numpy as np
import pytest
from factories import leave, one_layer

import neurodeploy as nd
from neurodeploy.simulate.probes import membrane_probe

SPIKES = np.zeros((2, 8, 2), dtype=np.uint8)
SPIKES[0, [0, 3, 4], 0] = SPIKES[1, [1, 1, 6], 1] = 1
WEIGHTS = np.array([[1.0, -2.0], [0.5, 0.0], [3.0, 4.0]])


def program_of(**decoder):
    network = one_layer(nd.If(v_threshold=0.5), np.eye(2), input_shape=2)
    out = nd.Output(name="xyz", source="cells", decoder=nd.Linear(weights=WEIGHTS, **decoder))
    return nd.compile(network.model_copy(update={"outputs": (out,)}), target="loihi1")


def recorded(program):
    return nd.run(program, {"in": SPIKES})


def lowpass(x, tau_s, dt_s=1e-3):
    """Exact solution of tau dy/dt = x - y with x held over each step, by small steps of the ODE."""
    y, found, fine = np.zeros(x.shape[-1]), [], 4000
    for row in x:
        for _ in range(fine):
            y = y + (row - y) * dt_s / fine / tau_s
        found.append(y)
    return np.array(found)


def test_spikes_are_weighted_in_the_step_of_the_spike():
    program = program_of()
    values = nd.decoded(program, recorded(program))["xyz"]
    spikes = np.zeros((2, 9, 2))
    spikes[:, 1:] = SPIKES  # the projection takes a step, which the run appends
    assert np.array_equal(values, np.einsum("vn,sgn->sgv", WEIGHTS, spikes))


def test_the_lowpass_is_the_differential_equation_with_a_held_input():
    program = program_of(tau_s=0.004)
    values = nd.decoded(program, recorded(program))["xyz"]
    plain = nd.decoded(program_of(), recorded(program_of()))["xyz"]
    for sample in range(2):
        assert np.allclose(values[sample], lowpass(plain[sample], 0.004), atol=2e-4)


def test_v_is_weighted_and_its_probe_is_added():
    program = program_of(reads="v")
    recording = recorded(program)
    v = recording.states[membrane_probe("xyz")] / program.populations[0].scale  # integers of the chip
    assert np.array_equal(nd.decoded(program, recording)["xyz"], v @ WEIGHTS.T)
    floats = nd.run(program, {"in": SPIKES}, backend="reference")
    np.testing.assert_allclose(nd.decoded(program, floats)["xyz"], nd.decoded(program, recording)["xyz"], atol=1e-9)


def test_the_answer_is_the_highest_value_in_the_last_step():
    program = program_of(tau_s=0.1)
    recording = recorded(program)
    values = nd.decoded(program, recording)["xyz"]
    assert nd.answers(program, recording).tolist() == values[:, -1].argmax(axis=1).tolist() == [2, 2]


def test_a_file_keeps_the_weights(tmp_path):
    network = program_of(tau_s=0.02).network
    nd.save(network, tmp_path / "net.nd.json")
    assert nd.load(tmp_path / "net.nd.json") == network


def test_the_last_values_are_printed(tmp_path, capsys):
    program = program_of(tau_s=0.02)
    nd.save(program, tmp_path / "net.ndp")
    nd.save(nd.SampleValues(values={"in": SPIKES}), tmp_path / "net.stimulus.npz")
    assert leave(["run", tmp_path / "net.ndp"]) == 0
    last = nd.decoded(program, recorded(program))["xyz"][-1, -1]
    line = f"output 'xyz': {', '.join(f'{value:.4g}' for value in last)} in the last step"
    assert line in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("shape", [(2,), (3, 3), (0, 2)])
def test_weights_of_another_number_of_neurons_are_a_fault(shape):
    network = one_layer(nd.If(v_threshold=0.5), np.eye(2), input_shape=2)
    out = nd.Output(name="xyz", source="cells", decoder=nd.Linear(weights=np.ones(shape)))
    with pytest.raises(nd.DiagnosticError, match=r"ND104.*'xyz'.*needs \[values, 2\]"):
        nd.compile(network.model_copy(update={"outputs": (out,)}), target="loihi1")
