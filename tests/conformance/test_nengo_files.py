"""Files of Nengo networks in the real worker: faults of a file are findings, and objects have the user's names."""

from __future__ import annotations

import textwrap

import pytest
from neurodeploy_backends.nengo_loihi.environment import NENGO_LOIHI
from neurodeploy_backends.nengo_loihi.importer import load_nengo, load_nengo_text

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.worker import missing
from neurodeploy.worker.supervise import SILENCE_VARIABLE


@pytest.fixture(scope="module", autouse=True)
def _simulator():
    absent = missing(NENGO_LOIHI, "nengo-loihi")
    if absent is not None:
        pytest.skip(f"the simulator is missing: {absent.message}: {absent.fixes[0].text}")


NET = "import nengo\nwith nengo.Network() as net:\n    "
PAIR = NET + "a, b = nengo.Ensemble(10, 1), nengo.Ensemble(10, 1)\n    "
FAULTS = {
    "raises": ("x = 1\ny = x / 0\n", "ND080", "raises ZeroDivisionError: division by zero (line 2, when it is run)"),
    "syntax": ("x = 1\ny = (\n", "ND080", "raises SyntaxError: '(' was never closed (line 2, when it is run)"),
    "exits": ("import sys\nsys.exit(3)\n", "ND080", "raises SystemExit: 3 (line 2, when it is run)"),
    "text": (
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError('no')\nraise Odd\n",
        "ND080",
        "raises ValueError: no (line 3, when it is imported)",
    ),
    "missing": ("import no_such_package\n", "ND080", "raises ModuleNotFoundError: No module named 'no_such_package'"),
    "dies": ("import os\nprint('dying')\nos._exit(4)\n", "ND082", "its process ended with exit status 4"),
    "hangs": ("while True: pass\n", "ND082", "made no progress for 6 s; it was stopped in stage 'run the file'"),
    "none": ("x = 1\n", "ND081", "has no nengo.Network at module level"),
    "two": ("import nengo\na = nengo.Network()\nb = nengo.Network()\n", "ND081", "has 2 networks, 'a', 'b', and none"),
    "empty": ("import nengo\nnet = nengo.Network()\n", "ND083", "No neurons marked for execution on-chip"),
    "kind": (
        NET + "fast = nengo.Ensemble(10, 1, neuron_type=nengo.Izhikevich())\n",
        "ND083",
        "<Neurons of <Ensemble 'fast'>>: The neuron type 'Izhikevich' cannot be simulated on Loihi",
    ),
    "filter": (PAIR + "nengo.Connection(a, b, synapse=nengo.Alpha(0.1))\n", "ND083", "Cannot handle non-Lowpass synapses"),
    "slice": (
        NET + "a, m = nengo.Ensemble(10, 2), nengo.Node(0.3)\n    nengo.Connection(m, a[0])\n",
        "ND083",
        "does not build connections into a slice: 'm_to_a' into 'a'",
    ),
    "between": (
        PAIR + "square = nengo.Node(lambda t, x: x * x, size_in=1)\n"
        "    nengo.Connection(a, square)\n    nengo.Connection(square, b)\n",
        "ND084",
        "the host computes node 'square' (function) between two parts of the chip",
    ),
    "learns": (PAIR + "c = nengo.Connection(a, b, learning_rule_type=nengo.Voja())\n", "ND085", "'c' (Voja)"),
    "input": (
        NET + "a = nengo.Ensemble(10, 1)\n    n = nengo.Node(lambda t: 1 / (round(t * 1e3) - 500))\n"
        "    nengo.Connection(n, a)\n",
        "ND080",
        "raises ZeroDivisionError: division by zero (line 4, when it simulates its input)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_a_finding(name, tmp_path, monkeypatch):
    monkeypatch.setenv(SILENCE_VARIABLE, "6" if name == "hangs" else "120")
    text, code, message = FAULTS[name]
    (tmp_path / "model.py").write_text(text)
    with pytest.raises(DiagnosticError) as caught:
        load_nengo(tmp_path / "model.py", nd.ImportOptions())
    (found,) = caught.value.diagnostics
    assert found.code == code
    assert message in found.message


def test_objects_have_the_labels_and_variables_of_the_user(tmp_path):
    text = """
        import nengo
        def make():
            with nengo.Network() as made:
                wave = nengo.Node(0.5)
                left = nengo.Ensemble(10, 1)
                right = nengo.Ensemble(10, 1, label="right side!")
                nengo.Connection(wave, left)
                nengo.Connection(left, right)
                value = nengo.Probe(right, synapse=0.01)
                with nengo.Network(label="sub"):
                    inner = nengo.Ensemble(10, 1)
            return made
        print("made")
    """
    (tmp_path / "model.py").write_text(textwrap.dedent(text))
    imported = load_nengo(tmp_path / "model.py:make", nd.ImportOptions(duration_s=0.02))
    network = imported.network
    names = {item.name for item in (*network.inputs, *network.populations, *network.outputs)}
    assert names == {"wave", "left", "right_side", "sub.inner", "left_to_right_side.relay", "value.decoded", "value"}
    assert [item.message.partition(": ")[2] or item.message for item in imported.findings][-1].endswith("made")
    assert load_nengo(tmp_path / "model.py:make", nd.ImportOptions(duration_s=0.02)).network == network


def test_odd_labels_become_names():
    text = NET + 'a, b = (nengo.Ensemble(5, 1, label=label) for label in ("x" * 5000, "\\u00e4 \\n."))\n'
    text += "    c = nengo.Ensemble(5, 1, label='...')\n    nengo.Connection(a, b)\n    nengo.Probe(c)\n"
    network = load_nengo_text(text, "net", nd.ImportOptions(duration_s=0.01)).network
    names = [item.name for item in network.populations]
    assert len(set(names)) == len(names) == 5
    assert names[0] == "x" * 80


def test_a_module_beside_the_file_can_be_imported(tmp_path):
    (tmp_path / "sizes.py").write_text("N = 7\n")
    (tmp_path / "model.py").write_text("from sizes import N\n" + NET + "a = nengo.Ensemble(N, 1)\n")
    assert load_nengo(tmp_path / "model.py", nd.ImportOptions()).network.population_by_name["a"].size == 7


def test_adaptation_and_saturation_are_findings():
    text = NET + "a = nengo.Ensemble(10, 1, neuron_type=nengo.AdaptiveLIF())\n    nengo.Connection(nengo.Node(3), a)\n"
    found = [item.message for item in load_nengo_text(text, "net", nd.ImportOptions(duration_s=0.1)).findings]
    assert "neurons of ensemble 'a' are AdaptiveLIF, which nengo-loihi builds as LIF, without adaptation" in found
    assert any("spikes at most once in a step" in message for message in found)


def test_the_step_is_that_of_the_option(tmp_path):
    (tmp_path / "model.py").write_text(NET + "a = nengo.Ensemble(10, 1)\n    nengo.Connection(nengo.Node(0.5), a)\n")
    fine = load_nengo(tmp_path / "model.py", nd.ImportOptions(dt_s=5e-4, duration_s=0.1)).network
    coarse = load_nengo(tmp_path / "model.py", nd.ImportOptions(duration_s=0.1)).network
    assert (fine.time.steps_per_sample, coarse.time.steps_per_sample) == (200, 100)
    # dv = round(4095 * (1 - exp(-dt / tau_rc)))
    assert (fine.populations[0].neuron.dv, coarse.populations[0].neuron.dv) == (101, 200)
