"""Imports of Nengo networks: the network of a worker's answer, its samples, its ledger and its findings."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from neurodeploy_backends.nengo_loihi.importer import FORMAT, import_plan, load_nengo, load_nengo_text

import neurodeploy as nd
from neurodeploy.base.toml import parse_toml
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.worker import Interpreter, Result

HOME = "neurodeploy_backends.nengo_loihi.importer"
STEPS = 12


def cell(n, **registers):
    given = {"du": 4095, "dv": 4095, "vth": 64 * 10, "bias": 0, "bias_exp": 0, "refract": 1, **registers}
    return {name: np.broadcast_to(value, n).astype(np.int64) for name, value in given.items()}


def population(name, size, role="ensemble", blocks=1):
    return {"name": name, "role": role, "size": size, "vmin_exp": 0, "vmax_exp": 7, "blocks": blocks}


def answer(**changes):
    """Two lines drive cells a and b; a probe decodes v of r, and a node of the host reads spikes of a."""
    readout = {"filter": "", "linear": True, "post": None}
    node = {"kind": "node", "name": "show", "does": "function"}
    meta = {
        "name": "net", "seeded": False, "printed": "", "said": [], "overflow": [], "facts": [], "left_out": [], "windows": [], "rules": [],
        "versions": {"nengo": "4.1.0"},
        "populations": [population("a", 2, blocks=2), population("r", 2, "readout")],
        "links": [
            {"from": "input", "source": 0, "target": 0, "exponent": 0, "rule": None},
            {"from": "population", "source": 0, "target": 1, "exponent": -1, "rule": None},
        ],
        "inputs": [{
            "name": "stim", "size": 2, "coded": True, "merged": 0, "radius": 1.0, "tau": 0.005, "decode_tau": 0.005,
            "pre": {"kind": "node", "name": "stim", "does": "function"}, "post": "a", "function": False,
        }],
        "outputs": [
            {**readout, "name": "value", "key": "voltage", "role": "probe", "tau": None, "population": 1},
            {**readout, "name": "show", "key": "spiked", "role": "connection", "tau": 0.01, "population": 0, "post": node},
            {**readout, "name": "v", "key": "voltage", "role": "probe", "tau": None, "population": 0, "linear": False},
        ],
        **changes,
    }  # fmt: skip
    arrays = {
        **{f"population.0.{name}": values for name, values in cell(2, vth=[640, 1280]).items()},
        **{f"population.1.{name}": values for name, values in cell(2, vth=64 * 131071).items()},
        "link.0.pre": np.array([0, 1]), "link.0.post": np.array([0, 1]), "link.0.mantissas": np.array([100, 100]),
        "link.1.pre": np.array([0, 0, 1, 1]), "link.1.post": np.array([0, 1, 0, 1]),
        "link.1.mantissas": np.array([4, -8, 12, 16]),
        "input.0": np.array([[1, 0], [3, 1], [4, 0]]), "repeated.0": np.array(0),
        "output.0": np.array([[0.5, -0.25]]), "output.1": np.array([[100.0, 200.0], [0.0, 1.0]]),
    }  # fmt: skip
    return Result(meta, arrays)


@pytest.fixture
def imported(monkeypatch, tmp_path):
    """Import a file for which the worker gives an answer; `imported.plan` is the plan that it got."""

    def run(result=None, options=None, **changes):
        def run_job(script, plan, arrays, **limits):
            run.plan = plan
            return result or answer(**changes)

        monkeypatch.setattr(f"{HOME}.run_job", run_job)
        monkeypatch.setattr(f"{HOME}.interpreter_of", lambda _: Interpreter(Path("python"), "installed"))
        monkeypatch.setattr(f"{HOME}.missing", lambda *_: None)
        (tmp_path / "model.py").write_text("import nengo\n")
        return load_nengo(tmp_path / "model.py:net", options or nd.ImportOptions(duration_s=STEPS * 1e-3))

    return run


def test_registers_and_weights_are_those_of_the_answer(imported):
    network = imported().network
    a, r = network.populations
    assert np.asarray(a.neuron.vth_mant).tolist() == [10, 20]
    assert (a.neuron.du, a.neuron.dv, a.neuron.refractory_steps, a.neuron.vmin_exp) == (4095, 4095, 0, 0)
    assert r.neuron.vth_mant == 131071
    first, second = network.projections
    assert (first.name, second.name) == ("stim_to_a", "a_to_r")
    assert (first.operation.kind, second.operation.kind) == ("sparse", "dense")
    assert first.operation.weights.tolist() == [100, 100]
    assert np.array_equal(second.operation.weights, [[4, 12], [-8, 16]])
    assert (second.weight_format.exponent, second.weight_format.weight_bits) == (-1, 8)


def test_a_run_gives_the_spikes_and_values_worked_out_by_hand(imported):
    """Cells without memory: each input spike of step t is a spike in t + 1, and its weights are v of the readout in t + 2."""
    given = imported()
    program = nd.compile(given.network, target="loihi1", dialect="nengo")
    recording = nd.run(program, given.samples)
    assert recording.spikes["a"].tolist() == [[0, 2, 0], [0, 4, 1], [0, 5, 0]]
    values = nd.decoded(program, recording)
    # u loses everything in a step (du 4095), v keeps 1/4096; v >= 0, as vmin_exp = 0. A mantissa m is m * 2**5
    expected = np.zeros(recording.n_steps)
    expected[[2, 5]] = 0.5 * 4 * 32 - 0.25 * 0
    expected[4] = 0.5 * 12 * 32 - 0.25 * 16 * 32
    assert np.array_equal(values["value"][0, :, 0], expected)
    spikes = np.zeros((recording.n_steps, 2))
    spikes[[1, 4], 0] = spikes[3, 1] = 1
    y, keep = np.zeros(2), np.exp(-0.1)
    for step in range(recording.n_steps):
        y = keep * y + (1 - keep) * np.array([[100.0, 200.0], [0.0, 1.0]]) @ spikes[step]
        assert np.allclose(values["show"][0, step], y)


def test_samples_are_one_sample_of_the_host_spikes_within_the_duration(imported):
    given = imported(options=nd.ImportOptions(duration_s=3e-3))
    assert given.network.time.steps_per_sample == 3
    assert nd.encode(given.network, given.samples).n_samples == 1
    assert given.samples.values["stim"].tolist() == [[0, 1, 0], [0, 3, 1]]


def learning():
    """The same, where the second link learns from the errors of a node."""
    rule = {
        "connection": "c", "teachers": ["wrong"], "error": "wrong", "size": 1, "asked": 1e-4, "mantissa": 1, "exponent": -7,
        "impulse": 3.5, "tau_steps": 5, "trace_epoch_steps": 2, "epoch_steps": 4, "error_scale": 100.0,
    }  # fmt: skip
    result = answer(rules=[rule])
    result.meta["links"][1]["rule"] = 0
    return Result(result.meta, {**result.arrays, "error.0": np.arange(1, STEPS + 1)[:, None] / 100})


def test_pes_comes_in_with_the_errors_of_the_host(imported):
    given = imported(learning())
    fixed, learned = given.network.projections
    assert fixed.plasticity is None
    assert learned.plasticity == nd.Pes(
        error="wrong", error_scale=100.0, trace=nd.Trace(impulse=3.5, tau_steps=5.0), trace_epoch_steps=2, epoch_steps=4
    )
    assert given.network.inputs[1].encoder.kind == "current"
    assert given.network.metadata["errors_of_host"] == {"wrong": ["wrong"]}
    remark = next(item for item in given.findings if "PES" in item.message)
    assert (remark.code, remark.severity) == ("ND086", "warning")
    assert "holds the errors that 'wrong' gave while nengo-loihi learned" in remark.message
    line = next(line for line in given.ledger if line.quantity == "learning rate")
    assert (line.asked, line.got, line.level) == ("PES, rate 0.0001", "2**-7, impulse 3.5", "rounded")


def test_an_error_is_sent_in_the_step_before_it_acts(imported):
    """In each sample: nengo-loihi's error of step t + 1 is the value of step t, and nothing precedes the first step."""
    given = imported(learning(), nd.ImportOptions(duration_s=0.012, presentation_s=0.004))
    expected = [[0.02, 0.03, 0.04, 0], [0.06, 0.07, 0.08, 0], [0.10, 0.11, 0.12, 0]]
    assert given.samples.values["wrong"][:, :, 0].tolist() == expected
    assert nd.encode(given.network, given.samples).n_samples == 3


@pytest.mark.parametrize(("count", "kept"), [(3, [7, 8, 9]), (5, [7, 8, 9]), (2, None)])
def test_a_presentation_cuts_the_input_into_labelled_samples(imported, count, kept):
    result = answer()
    result.arrays["input.0"] = np.array([[1, 0], [4, 1], [5, 0], [8, 1], [9, 0], [12, 1], [13, 0]])
    result.arrays["labels"] = np.arange(7, 7 + count)
    given = imported(result, nd.ImportOptions(duration_s=0.013, presentation_s=0.004))
    assert given.network.time.steps_per_sample == 4
    assert nd.encode(given.network, given.samples).n_samples == 3
    assert given.samples.values["stim"].tolist() == [
        [0, 1, 0], [0, 4, 1], [1, 1, 0], [1, 4, 1], [2, 1, 0], [2, 4, 1],
    ]  # fmt: skip
    labels = given.samples.labels
    assert (labels if labels is None else labels.tolist()) == kept
    lines = {line.quantity: line for line in given.ledger}
    assert lines["samples"].got == "3 samples of 4 steps"
    assert lines["labels"].level == ("dropped" if kept is None else "exact")


def test_a_network_without_inputs_has_no_samples(imported):
    links = [{"from": "population", "source": 0, "target": 1, "exponent": -1, "rule": None}]
    result = answer(inputs=[], links=links)
    result.arrays.update({name.replace("link.1", "link.0"): result.arrays[name] for name in list(result.arrays)})
    given = imported(result)
    assert given.samples is None
    assert not given.network.inputs


def test_a_probe_of_neurons_is_a_probe(imported):
    (probe,) = imported().network.probes
    assert (probe.name, probe.target, probe.variable) == ("v", "a", "v")


@pytest.mark.parametrize(
    ("options", "dt_s", "steps"),
    [({}, 1e-3, 1000), ({"dt_s": 5e-4}, 5e-4, 2000), ({"dt_s": 2e-3, "duration_s": 0.1}, 2e-3, 50)],
)
def test_step_and_duration_go_to_the_worker(imported, options, dt_s, steps):
    network = imported(options=nd.ImportOptions(**options)).network
    assert (imported.plan["dt"], imported.plan["steps"], imported.plan["name"]) == (dt_s, steps, "net")
    assert (network.time.dt_s, network.time.steps_per_sample) == (dt_s, steps)


@pytest.mark.parametrize(("dt_s", "duration_s"), [(1e-300, None), (None, 1e12), (1e-300, 1e300)])
def test_more_steps_than_can_be_simulated_are_refused_before_the_file_is_run(dt_s, duration_s):
    with pytest.raises(DiagnosticError) as caught:
        import_plan("", "model.py", "net", nd.ImportOptions(dt_s=dt_s, duration_s=duration_s))
    (found,) = caught.value.diagnostics
    assert found.code == "ND701"
    assert found.message.endswith("steps; the limit is 10,000,000")


def test_the_ledger_names_what_was_assumed_and_changed(imported):
    facts = [
        {"fact": "tau_rc", "object": "a", "asked": 0.02, "dt": 1e-3},
        {"fact": "tau_ref", "object": "a", "asked": 0.0004, "dt": 1e-3},
    ]
    said = ["NengoLoihi does not support initial values for 'voltage' being non-zero on LIF neurons."] * 2
    lines = {line.quantity: line for line in imported(facts=facts, said=said).ledger}
    assert {name: line.level for name, line in lines.items()} == {
        "dt_s": "assumed", "duration": "assumed", "seed of the network": "assumed", "tau_rc": "rounded",
        "tau_ref": "rounded", "initial voltage": "dropped", "blocks": "exact", "values": "approximate",
        "function of node": "dropped", "arrival": "exact",
    }  # fmt: skip
    assert lines["tau_ref"].got == "0 steps"
    assert lines["blocks"].asked == "2"


def test_what_nengo_loihi_changes_without_a_word_is_a_finding(imported):
    facts = [
        {"fact": "neuron", "object": "a", "asked": "AdaptiveLIF", "got": "LIF", "dropped": ["adaptation"]},
        {"fact": "neuron", "object": "a", "asked": "RegularSpiking", "got": "LIFRate", "dropped": []},
        {"fact": "sample_every", "object": "value", "asked": 0.01},
    ]
    said = ["Combining two Lowpass synapses, this may change the behaviour."] * 2
    left = {"name": "x", "key": "input", "why": "its key", "filter": "", "role": "probe", "tau": None, "post": None}
    result = answer(facts=facts, said=said, left_out=[left], printed="a\nb\n")
    result.meta["inputs"][0]["merged"] = 1234
    result.meta["outputs"][0]["filter"] = "Alpha(tau=0.01)"
    result.arrays["repeated.0"] = np.array(3)
    found = imported(result).findings
    texts = [re.sub(r"^file '.*?': ", "", item.message) for item in found]
    assert [item.code for item in found] == ["ND086"] * 9
    assert [item.severity for item in found] == ["warning"] * 8 + ["info"]
    assert texts == [
        "neurons of ensemble 'a' are AdaptiveLIF, which nengo-loihi builds as LIF, without adaptation",
        "neurons of ensemble 'a' are RegularSpiking, which nengo-loihi builds as LIF",
        "probe 'value' asks for a value every 0.01 s; every step is recorded",
        "nengo-loihi says: Combining two Lowpass synapses, this may change the behaviour (2 times)",
        "input 'stim' loses 1,234 spikes: a line spikes at most once in a step, that is beyond a magnitude of 1",
        "input 'stim' loses 3 spikes, because a line spikes at most once in a step",
        "output 'value' is not filtered: Alpha(tau=0.01) is not a lowpass",
        "probe 'x' is left out: it reads 'input' of its key",
        "it printed: a | b",
    ]
    with pytest.raises(DiagnosticError, match="ND086"):
        imported(result, nd.ImportOptions(strict=True))


def test_paths_of_the_format():
    assert [FORMAT.fits(path) for path in ("m.py", "m.py:net", "a/m.py:", "m.py:a/b", "m.pyc", "m.nir")] == [
        *(True, True, True), *(False, False, False),
    ]  # fmt: skip


def test_the_format_is_declared_as_an_entry_point(root):
    project = parse_toml((root / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["neurodeploy.importers"] == {"nengo": f"{HOME}:FORMAT"}


def test_a_file_that_is_no_text_is_a_finding(tmp_path):
    (tmp_path / "model.py").write_bytes(b"x = '\xff'\n")
    with pytest.raises(DiagnosticError, match=r"ND003.*not UTF-8"):
        load_nengo(tmp_path / "model.py", nd.ImportOptions())


def test_a_text_may_use_nengo_and_numpy_without_importing_them(monkeypatch, imported):
    imported()
    text = "def make():\n    return nengo.Network()\n"
    load_nengo_text(text, "make", nd.ImportOptions())
    assert imported.plan["given"] == ["nengo", "nengo_loihi", "np", "numpy"]
    assert (imported.plan["text"], imported.plan["name"]) == (text, "make")
    assert import_plan("", "m.py", "", nd.ImportOptions())["given"] == []


def make_network():
    with nengo.Network() as net:  # noqa: F821  # the worker's interpreter has it
        nengo.Ensemble(10, 1)  # noqa: F821
    return net


def test_a_function_is_sent_as_its_source(imported, monkeypatch):
    imported()
    monkeypatch.setattr("neurodeploy.api.files.load_text", lambda suffix, *given: load_nengo_text(*given))
    assert nd.load_nengo(make_network).network.name == "net"
    assert imported.plan["name"] == "make_network"
    assert imported.plan["text"].startswith("def make_network():\n    with nengo.Network() as net:")
    nd.load_nengo("net = nengo.Network()", "net")
    assert imported.plan["text"] == "net = nengo.Network()"


@pytest.mark.parametrize("source", [len, lambda: None, 3, None, object()])
def test_what_has_no_source_text_is_a_finding(source):
    with pytest.raises(DiagnosticError, match=r"ND002.*has no source text"):
        nd.load_nengo(source)
