"""Programs resealed or assembled by hand: contradictions are refused before any kernel runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from factories import network_of, one_layer

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware.target import Precision
from neurodeploy.hardware.units import field_ranges
from neurodeploy.io.archive import sealed_bytes
from neurodeploy.monitor import calibrated
from neurodeploy.network import Noise
from neurodeploy.program import representable
from neurodeploy.program.archive import load_program
from neurodeploy.program.tables import Tables
from neurodeploy.program.validate import program_faults
from neurodeploy.quantize.integers import parameters_of
from neurodeploy.simulate import Stimulus, seal_golden


def network():
    return nd.Network(
        name="pair",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="lines", shape=3),),
        populations=(
            nd.Population(name="first", shape=4, neuron=nd.CubaLif(tau_m_s=0.01, tau_syn_s=0.005, v_threshold=1)),
            nd.Population(name="chip", shape=3, neuron=nd.LoihiCuba(du=4095, dv=[0, 1, 2], vth_mant=3)),
        ),
        projections=(
            nd.dense("lines", "first", np.arange(1, 13).reshape(4, 3) / 8),
            nd.sparse("first", "chip", np.eye(3, 4) * 6, delay_steps=2),
            nd.one_to_one("chip", "chip", -2, delay_steps=1, name="fatigue"),
        ),
        outputs=(nd.Output(name="answer", source="chip"),),
    )


@pytest.fixture(scope="module")
def program():
    return nd.compile(network(), "loihi1")


def with_tables(program, **columns):
    return program.model_copy(update={"tables": program.tables.model_copy(update=columns)})


def changed(program, name, at, value):
    column = getattr(program.tables, name).copy()
    column[at] = value
    return with_tables(program, **{name: column})


def refused(program):
    """The sentences of a refusal, of a run and of a file alike."""
    rows = np.array([[0, 1, 0]], dtype=np.int32)
    with pytest.raises(DiagnosticError) as error:
        nd.run(program, Stimulus(n_samples=1, n_steps=2, spikes={"lines": rows}))
    assert {item.code for item in error.value.diagnostics} == {"ND011"}
    return [item.message for item in error.value.diagnostics]


def test_a_compiled_program_has_no_fault(program):
    assert program_faults(program) == []


@pytest.mark.parametrize("name", [name for name in Tables.model_fields if name.endswith("_ptr")])
@pytest.mark.parametrize("value", [-1, 2**40, 1])
def test_offsets_that_do_not_divide_their_table(program, name, value):
    """Unsigned differences never fall below 0, and what is cast to 32 bits may look right."""
    column = getattr(program.tables, name).copy()
    at = 1 if column.size > 2 else 0
    column[at] = value if int(column[at]) != value else 3
    assert refused(with_tables(program, **{name: column}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("entry_target", n) for n in (7, 65535)),
        *(("entry_delay", n) for n in (1, 63, 255)),
        *(("entry_mantissa", n) for n in (-1, 256, -32768, 32767)),
        *(("in_axon_base", n) for n in (-1, 1, 2**31 - 1)),
        *(("in_axon_list", n) for n in (-1, 2**31 - 1)),
        *(("out_core", n) for n in (-1, 1, 2**31 - 1)),
        *(("out_in_axon", n) for n in (-1, 0, 2**31 - 1)),
        *(("segment_format", n) for n in (-1, 2, 99)),
        *(("population", n) for n in (-1, 1, 2)),
        *(("neuron", n) for n in (-1, 1, 4)),
        *(("du", n) for n in (-1, 4096)),
        *(("dv", n) for n in (-1, 4096, 32767)),
        *(("vth_mant", n) for n in (-1, 131072, -(2**31))),
        *(("bias_mant", n) for n in (4096, -32768)),
        *(("bias_exp", n) for n in (-1, 8, 127)),
        *(("refract_delay", n) for n in (0, 64, 255)),
        *(("vmin_exp", n) for n in (-1, 24, 127)),
        *(("vmax_exp", n) for n in (-1, 8, 127)),
        *(("reset", n) for n in (-1, 1, 3)),
        *(("spiking", n) for n in (-1, 0, 2)),
        *(("core_id", n) for n in (-1, 128, 2**40)),
    ],
)
def test_a_number_that_is_out_of_range_or_contradicts(program, name, value):
    assert refused(changed(program, name, 0, value))


def test_columns_have_one_type_and_one_axis(program):
    for name in ("du", "entry_target", "in_axon_ptr"):
        column = getattr(program.tables, name)
        assert with_tables(program, **{name: column.astype(np.int64)}).digest() == program.digest()
        with pytest.raises(DiagnosticError, match="needs one axis"):
            program.tables.model_copy(update={name: column[None]})
    for name, value in (("refract_delay", 256), ("bias_mant", 32768), ("vth_mant", 2**31), ("entry_target", -1)):
        column = getattr(program.tables, name).astype(np.int64)
        column[0] = value
        with pytest.raises(DiagnosticError, match=r"; u?int[0-9]+ supports "):
            program.tables.model_copy(update={name: column})


def test_a_neuron_that_sends_twice_to_one_core(program):
    t = program.tables
    start, stop = int(t.out_axon_ptr[0]), int(t.out_axon_ptr[1])
    twice = {
        "out_core": np.insert(t.out_core, stop, t.out_core[start]),
        "out_in_axon": np.insert(t.out_in_axon, stop, t.out_in_axon[start]),
        "out_axon_ptr": np.r_[t.out_axon_ptr[:1], t.out_axon_ptr[1:] + 1],
    }
    assert "not reached by exactly one" in refused(with_tables(program, **twice))[0]


def test_a_target_that_a_list_names_twice(program):
    start = int(program.tables.entry_ptr[0])
    target = int(program.tables.entry_target[start])
    assert "twice" in " ".join(refused(changed(program, "entry_target", start + 1, target)))


def test_synapses_that_the_network_lacks(program):
    """Two neurons of one population change their lists: all ranges hold, and another network runs."""
    column = program.tables.in_axon_list.copy()
    style = program.tables.segment_format
    mine = [row for row in range(column.size) if style[column[row]] == style[column[-1]]]
    assert len(mine) > 1
    column[[mine[0], mine[1]]] = column[[mine[1], mine[0]]]
    assert "that do not exist in the network" in refused(with_tables(program, in_axon_list=column))[0]


def test_fewer_lines_and_more_lines_than_the_input_has(program):
    (routes,) = program.inputs
    more = routes.model_copy(update={"ptr": np.r_[routes.ptr, routes.ptr[-1:]]})
    fewer = routes.model_copy(update={"ptr": routes.ptr[:2], "core": routes.core[:1], "in_axon": routes.in_axon[:1]})
    for other in (more, fewer):
        assert "does not divide" in refused(program.model_copy(update={"inputs": (other,)}))[0]
    wide = program.network.model_copy(update={"inputs": (nd.Input(name="lines", shape=5),)})
    assert refused(program.model_copy(update={"network": wide}))


def test_a_network_of_which_stages_would_use_names_that_do_not_exist(program):
    def told(**fields):
        return " ".join(refused(program.model_copy(update={"network": program.network.model_copy(update=fields)})))

    assert "'nowhere' does not exist" in told(probes=(nd.Probe(name="p", target="nowhere", variable="v"),))
    assert "no state 'theta'" in told(probes=(nd.Probe(name="p", target="chip", variable="theta"),))
    b = program.network.projections[0].model_copy(update={"port": "b"})
    assert "goes to port 'b'" in told(projections=(b, *program.network.projections[1:]))
    assert "target 'x' does not exist" in told(
        projections=(b.model_copy(update={"target": "x", "port": "a"}), *program.network.projections[1:])
    )


def test_populations_that_are_not_those_of_the_network(program):
    first, second = program.populations
    for other in (
        (second, first),
        (first,),
        (first.model_copy(update={"size": 3}), second),
        (first.model_copy(update={"kind": "sigma_delta"}), second),
        (first.model_copy(update={"scale": None}), second),
        (first.model_copy(update={"scale": float("inf")}), second),
        (first.model_copy(update={"compartments_per_neuron": 0}), second),
        (first.model_copy(update={"parameters": {"noise_at": np.zeros(4)}}), second),
    ):
        assert refused(program.model_copy(update={"populations": other}))


def test_formats_that_the_target_does_not_store(program):
    for change in ({"weight_bits": 9}, {"exponent": 8}, {"exponent": 100}, {"delay_bits": 9}, {"projection": "other"}):
        style = program.formats[0].model_copy(update=change)
        assert refused(program.model_copy(update={"formats": (style, *program.formats[1:])}))


def test_formats_that_repeat_or_are_too_many(program, monkeypatch):
    again = program.model_copy(update={"formats": (*program.formats, program.formats[1])})
    assert program_faults(again) == ["formats[3] repeats formats[1]"]
    monkeypatch.setattr(representable, "MOST_WEIGHTS", 100)
    large = program.model_copy()
    assert program_faults(large) == [
        "formats and table entry_mantissa make 3 formats of 195 mantissas; up to 100 weights are supported"
    ]


def test_a_target_that_arithmetic_cannot_compute(program):
    for change in ({"state_bits": 60}, {"decay_bits": 40}, {"weight_shift_bits": 40}, {"accumulator_wrap_bits": 31}):
        dialect = program.target.dialect.model_copy(update=change)
        target = program.target.model_copy(update={"dialect": dialect})
        assert refused(program.model_copy(update={"target": target}))
    assert refused(program.model_copy(update={"target": program.target.model_copy(update={"board": "none"})}))
    assert refused(program.model_copy(update={"target": program.target.model_copy(update={"rule_set": "none"})}))


def test_golden_rows_that_no_run_gives(program):
    rows = np.argwhere(np.ones((1, 20, 3), dtype=bool)) + np.array([0, 1, 0])
    sealed = seal_golden(program, Stimulus(n_samples=1, n_steps=20, spikes={"lines": rows.astype(np.int32)}))
    golden = sealed.golden
    assert program_faults(sealed) == []
    assert golden.spikes["first"].size
    for change in (
        {"inputs": {"lines": np.repeat(golden.inputs["lines"], 5, axis=0)}},
        {"inputs": {"lines": golden.inputs["lines"][::-1]}},
        {"inputs": {"lines": golden.inputs["lines"] + [0, 0, 9]}},
        {"spikes": {**golden.spikes, "first": np.repeat(golden.spikes["first"], 2, axis=0)}},
        {"spikes": {**golden.spikes, "first": golden.spikes["first"] - [0, 99, 0]}},
        {"spikes": {"first": golden.spikes["first"]}},
        {"steps": 1},
    ):
        assert refused(sealed.model_copy(update={"golden": golden.model_copy(update=change)}))


def test_activity_that_no_calibration_gives(program):
    rows = np.argwhere(np.ones((4, 20, 3), dtype=bool)) + np.array([0, 1, 0])
    stimulus = Stimulus(n_samples=4, n_steps=20, spikes={"lines": rows[::2].astype(np.int32)})
    sealed = calibrated(program, stimulus)
    activity = sealed.activity
    assert program_faults(sealed) == []
    lines, first, *others = activity.counts
    assert lines.values.tolist() == [30]
    for change in (
        {"name": "nowhere"},
        {"kind": "population"},
        {"size": 4},
        {"values": [-30]},
        {"values": [99_999]},
        {"values": [2**62], "samples": [2**62]},
        {"values": [1, 0], "samples": [2, 2]},
        {"values": []},
        {"samples": [0]},
        {"samples": [3]},
        {"neuron_spikes": [120]},
        {"neuron_spikes": lines.neuron_spikes - [1, 0, 0]},
        {"neuron_spikes": lines.neuron_spikes + [999, -999, 0]},
    ):
        counts = (lines.model_copy(update=change), first, *others)
        assert refused(sealed.model_copy(update={"activity": activity.model_copy(update={"counts": counts})}))
    for change in ({"counts": (lines, lines)}, {"n_samples": 5}, {"n_steps": 1}):
        assert refused(sealed.model_copy(update={"activity": activity.model_copy(update=change)}))


def test_what_is_sealed_again_is_refused_when_it_is_loaded(program, tmp_path):
    path = tmp_path / "a.ndp"
    path.write_bytes(sealed_bytes(changed(program, "entry_delay", 0, 200), "neurodeploy-program"))
    with pytest.raises(DiagnosticError, match="entry_delay contains 200"):
        load_program(path)


def test_cores_that_hold_more_than_there_is_are_counted_again(program, tmp_path):
    """A target's own limit is made smaller in the file: what was placed for the larger one is not proven for this one."""
    small = program.target.limits.compartments.model_copy(update={"value": 5.0})
    limits = program.target.limits.model_copy(update={"compartments": small})
    path = tmp_path / "a.ndp"
    less = program.model_copy(update={"target": program.target.model_copy(update={"limits": limits})})
    path.write_bytes(sealed_bytes(less, "neurodeploy-program"))
    with pytest.raises(DiagnosticError) as error:
        load_program(path)
    assert [item.code for item in error.value.diagnostics] == ["ND301"]
    assert error.value.diagnostics[0].found == 7


def test_registers_and_columns_hold_the_same(program):
    """The ranges that a target may have are those of the columns that its registers go to."""
    columns = {"threshold_mantissa": "vth_mant", "bias_mantissa": "bias_mant", "refractory_delay": "refract_delay"}
    for name, within in field_ranges(Precision).items():
        column = columns.get(name, name if name in ("du", "dv") else None)
        if column is not None:
            held = np.iinfo(getattr(program.tables, column).dtype)
            assert held.min <= within.low <= within.high == held.max


def test_parameters_are_those_of_the_kind():
    noisy = nd.LoihiCuba(du=4095, dv=0, vth_mant=3, noise=Noise(at="membrane", exponent=9, offset=2))
    given = parameters_of(nd.Population(name="cells", shape=2, neuron=noisy))
    assert {name: values.tolist() for name, values in given.items()} == {
        "noise_at": [1, 1],
        "noise_exponent": [9, 9],
        "noise_offset": [2, 2],
    }


OWN = {
    "threshold": (
        nd.network.SigmaDelta(threshold=1, spike_exp=2, state_exp=3),
        {"threshold": 2**40},
        "-262143..262143",
    ),
    "bias": (nd.network.SigmaDelta(threshold=1), {"bias": -(2**62)}, "-8388607..8388607"),
    "spike_exp": (nd.network.Delta(threshold=1), {"spike_exp": 31}, "0..23"),
    "state_exp": (nd.network.SigmaDelta(threshold=1), {"state_exp": 24}, "0..23"),
    "exponent": (nd.network.Product(), {"exponent": 63}, "0..46"),
    "v_upper_mant": (
        nd.network.TernaryCuba(du=0, dv=0, v_upper_mant=1, v_lower_mant=-1),
        {"v_upper_mant": 2**31},
        "-131071..131071",
    ),
    "sin_decay": (
        nd.network.ResonateFire(sin_decay=1, cos_decay=1, threshold=1, decay_bits=5),
        {"sin_decay": 33},
        "-32..32",
    ),
    "cos_decay": (
        nd.network.ResonateZero(sin_decay=1, cos_decay=1, threshold=1),
        {"cos_decay": -32769},
        "-32768..32768",
    ),
    "delta_v": (
        nd.network.AdaptiveLif(delta_i=0.5, delta_v=0.5, delta_theta=0.5, delta_r=0.5, theta_0=1.0, theta_step=1.0),
        {"delta_v": 1e19},
        "0..1",
    ),
}
"""Parameter -> a neuron with it, another value, and the range in which the arithmetic of its kind is exact."""


@pytest.mark.parametrize("name", OWN)
def test_parameters_of_a_kind_that_its_arithmetic_cannot_hold(name):
    """Thresholds, factors and counts of shifts: network and program agree on them, and the target cannot compute them."""
    neuron, change, allowed = OWN[name]
    ports = ("a", "b") if neuron.ports > 1 else ("a",)
    style = nd.network.WeightFormat(weight_bits=8, sign_mode="mixed")
    network = network_of(
        [nd.Population(name="cells", shape=2, neuron=neuron)],
        [nd.dense("in", "cells", np.eye(2) * 2, port=port, name=f"to_{port}", weight_format=style) for port in ports],
    )
    sound = nd.compile(network, "loihi2")
    population = network.populations[0].model_copy(update={"neuron": neuron.model_copy(update=change)})
    edited = sound.model_copy(
        update={
            "network": sound.network.model_copy(update={"populations": (population,)}),
            "populations": (sound.populations[0].model_copy(update={"parameters": parameters_of(population)}),),
        }
    )
    assert program_faults(sound) == []
    n = 1 if isinstance(getattr(neuron, name), int) and allowed.startswith("0..") else 2  # shifts: one for all neurons
    assert program_faults(edited) == [
        f"population 'cells': {name} of {n} of {n} neurons is outside {allowed}, first neuron 0"
    ]


def test_a_negative_threshold_that_a_spike_would_subtract():
    target = nd.load_target("loihi1")
    span = target.precision.threshold_mantissa.model_copy(update={"low": -9.0})
    target = target.model_copy(update={"precision": target.precision.model_copy(update={"threshold_mantissa": span})})
    neuron = nd.LoihiCuba(du=0, dv=0, vth_mant=4, reset="subtract")
    sound = nd.compile(one_layer(neuron, np.array([[2]])), target)
    assert program_faults(changed(sound, "vth_mant", 0, -4)) == [
        "table vth_mant contains -4, which a spike subtracts; needs 0 or more"
    ]
    with pytest.raises(DiagnosticError) as error:
        nd.compile(one_layer(neuron.model_copy(update={"vth_mant": -4}), np.array([[2]])), target)
    (fault,) = [item for item in error.value.diagnostics if item.severity == "error"]
    assert (fault.code, fault.found, fault.limit) == ("ND208", -4, 0)
    zero = one_layer(neuron.model_copy(update={"vth_mant": -4, "reset": "zero"}), np.array([[2]]))
    assert program_faults(nd.compile(zero, target)) == []


@pytest.mark.slow
def test_the_command_line_gives_the_same_spikes_with_and_without_kernels(program, tmp_path):
    (tmp_path / "a.ndp").write_bytes(sealed_bytes(program, "neurodeploy-program"))
    np.savez(tmp_path / "s.npz", lines=np.ones((1, 6, 3), dtype=np.uint8))
    words = [sys.executable, "-m", "neurodeploy", "run", "a.ndp", "--stimulus", "s.npz", "--out"]
    told = []
    for setting in ("", "off"):
        done = subprocess.run(
            [*words, f"r{setting}.ndr"],
            cwd=tmp_path,
            env={**os.environ, "NEURODEPLOY_NATIVE": setting},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        with zipfile.ZipFile(tmp_path / f"r{setting}.ndr") as archive:
            told.append(json.loads(archive.read("seal.json"))["tensors"])
    assert told[0] == told[1]
