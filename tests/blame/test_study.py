"""A study by steps: every figure is that of a compilation and a run of its own."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.convert.convert import convert_trained
from neurodeploy.convert.options import ConvertOptions
from neurodeploy.convert.samples import calibration_samples
from neurodeploy.hardware import load_target
from neurodeploy.network import Time
from neurodeploy.trained.forward import forward
from neurodeploy.trained.network import Read

STEPS = (2, 16)


def alone(one, steps):
    """(program, recording) of the network for a number of steps."""
    timed = one.network.model_copy(update={"time": Time(dt_s=1e-3, steps_per_sample=steps)})
    program = nd.compile(timed, "loihi1")
    return program, nd.run(program, one.x.astype(np.float32))


def test_rows_are_those_of_separate_runs(made):
    one = made(n=40)
    seen = []
    result = nd.study(one.network, one.x, one.y, steps=STEPS[::-1], progress=lambda *step: seen.append(step))
    assert [row.steps for row in result.rows] == [2, 16]
    assert (result.trained, result.n_samples, result.calibrated_for) == (1.0, 40, 16)
    assert [step[1:] for step in seen] == [(0, 2), (1, 2)]
    for row in result.rows:
        program, recording = alone(one, row.steps)
        assert row.chip == nd.accuracy(program, recording, one.y)
        right = nd.answers(program, recording) == one.y
        assert row.standard_error == pytest.approx(right.std(ddof=1) / 40**0.5)
        assert row.standard_error_of_loss == pytest.approx((1.0 - right).std(ddof=1) / 40**0.5)
        figures = nd.profile(program, recording)
        assert (row.cores, row.energy, row.time) == (
            figures.cores, figures.energy_per_inference, figures.time_per_inference,
        )  # fmt: skip
        assert row.spikes == sum(item.spikes_per_inference for item in figures.populations)
        floats = nd.run(program, one.x.astype(np.float32), backend="reference")
        assert abs(row.spiking - nd.accuracy(program, floats, one.y)) <= 1 / 40, "at most one tie falls the other way"
    assert result.rows[0].rms_error > 2 * result.rows[1].rms_error


def test_a_part_of_the_samples_is_spread_evenly(made):
    one = made()
    result = nd.study(one.network, one.x, one.y, steps=[4], most=9)
    assert (result.n_samples, result.offered) == (9, 60)


def test_wrong_arguments_are_findings(made):
    one = made()
    with pytest.raises(nd.DiagnosticError) as error:
        nd.study(one.network, one.x, one.y, steps=[0, 4])
    assert [item.code for item in error.value.diagnostics] == ["ND002"]
    with pytest.raises(nd.DiagnosticError) as error:
        nd.study(one.network, one.x, target="loihi9")
    assert [item.code for item in error.value.diagnostics] == ["ND020"]


def test_a_network_of_integers_has_one_row(made):
    one = made(n=40)
    samples = calibration_samples(one.trained, one.x)
    for task in ("classify", "regress"):
        trained = one.trained.model_copy(update={"task": task})
        target = load_target("loihi2")
        conversion = convert_trained(Read(network=trained), samples, target, ConvertOptions(scheme="sigma_delta"))
        wanted = one.y if task == "classify" else forward(trained, {"x": one.x})["c"]
        result = nd.study(conversion, one.x, wanted)
        (row,) = result.rows
        assert (row.spiking, row.steps, result.target, result.trained) == (
            None,
            conversion.steps,
            "loihi2",
            pytest.approx(1),
        )
        program = nd.compile(conversion, "loihi2")
        recording = nd.run(program, one.x.astype(np.float32))
        if task == "classify":
            assert row.chip == nd.accuracy(program, recording, one.y)
            continue
        values = next(iter(nd.decoded(program, recording).values()))[:, -1]
        assert row.rms_error == pytest.approx(np.sqrt(np.square(values - wanted).mean()))
        assert row.chip == pytest.approx(1 - row.rms_error**2 / wanted.var(axis=0).mean())
    with pytest.raises(nd.DiagnosticError) as error:
        nd.study(conversion.network, one.x)
    assert [item.code for item in error.value.diagnostics] == ["ND865"], (
        "its file has no trained network to compare with"
    )
