"""The corpus on lava's fixed-point models, lava's known hangs, and what is specific to its adapter."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.conformance import corpus, judge, program_of
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import WeightFormat
from neurodeploy.simulate import RunOptions, compare_findings, get_backend
from neurodeploy.worker import Limits, Origin, Script, interpreter_of, make_job, recording_of, run_job

BACKENDS = ("lava",)
REFUSED = {
    **dict.fromkeys(("refractory", "refractory_by_neuron", "v_register"), "ND208"),
    **dict.fromkeys(("limit_voltage_registers", "limits_of_two_populations"), "ND208"),
    "reset_subtract": "ND213",
    **dict.fromkeys(("noise", "noise_at_current"), "ND502"),
    "lif_refractory": "ND210",
    "learning_pes": "ND312",
}
"""Cases that lava cannot run: ND2xx and ND312 come from the target of its dialect, ND502 from the adapter."""
STAGES = (
    "import lava",
    "build the processes",
    "start the processes",
    "run",
    "read what was recorded",
    "stop the processes",
)


@pytest.mark.parametrize("case", corpus(), ids=lambda case: case.name)
def test_case(case, vendor):
    judgement = judge(case, vendor)
    assert judgement.outcome == ("refused" if case.name in REFUSED else "exact"), judgement.message
    assert judgement.code == REFUSED.get(case.name, "")


def job(name="dense", dialect="loihi2", apart=False):
    case = next(item for item in corpus() if item.name == name)
    program = program_of(case, dialect)
    made = make_job(program, case.stimulus, case.steps, RunOptions(), together=False)
    populations = [{**row, "apart": apart} for row in made.plan["populations"]]
    return {**made.plan, "board": None, "populations": populations}, dict(made.arrays)


def script_of(adapter, tmp_path=None, wrapped=""):
    """The adapter's script, or one that runs it after executing `wrapped`."""
    path = adapter.script
    if wrapped:
        text = f"import os, signal, sys\nsys.path.insert(0, {str(path.parent)!r})\nimport simulate\n{wrapped}\nsimulate.serve(simulate.simulate)\n"
        path = tmp_path / "wrapped.py"
        path.write_text(text)
    return Script("lava", interpreter_of(adapter.environment).path, path)


def finding_of(script, plan, arrays, silence_s=6):
    with pytest.raises(DiagnosticError) as caught:
        run_job(script, plan, arrays, limits=Limits(silence_s=silence_s))
    assert len(caught.value.diagnostics) == 1
    return caught.value.diagnostics[0]


def test_a_process_that_raises_while_another_waits_for_it_is_reported_at_once(vendor):
    """With a delay of 64 lava's run() never returns and reports nothing; normally check() refuses such a program."""
    plan, arrays = job()
    plan["links"][0]["delay_steps"] = 64
    arrays["link.0.delay_steps"] = np.full_like(arrays["link.0.delay_steps"], 64)
    found = finding_of(script_of(get_backend(vendor)), plan, arrays, silence_s=60)
    assert found.code == "ND540"
    assert "ValueError: DelayDense Process 'delays' expects values between 0 and 63" in found.message
    assert "stage 'run'" in found.message


def test_a_hang_in_run_is_a_finding(vendor, tmp_path):
    """The same hang without the adapter's guard, which reports the exception."""
    plan, arrays = job()
    plan["links"][0]["delay_steps"] = 64
    arrays["link.0.delay_steps"] = np.full_like(arrays["link.0.delay_steps"], 64)
    script = script_of(
        get_backend(vendor), tmp_path, "import populations\npopulations.guard = lambda process, job: None"
    )
    found = finding_of(script, plan, arrays)
    assert found.code == "ND541"
    assert "stage 'run'" in found.message


def test_float_registers_are_a_finding(vendor):
    """They make a fixed-point model raise while no other process waits for it."""
    plan, arrays = job()
    arrays["population.0.du"] = arrays["population.0.du"] + 0.5
    assert finding_of(script_of(get_backend(vendor)), plan, arrays, silence_s=60).code == "ND540"


def test_a_hang_in_stop_is_a_finding(vendor, tmp_path):
    wrapped = "from lava.magma.core.process.process import AbstractProcess\nimport time\n"
    wrapped += "AbstractProcess.stop = lambda self: time.sleep(600)"
    found = finding_of(script_of(get_backend(vendor), tmp_path, wrapped), *job())
    assert found.code == "ND541"
    assert "stage 'stop the processes'" in found.message


@pytest.fixture
def short(monkeypatch):
    """A folder for jobs only, with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="nd") as place:
        monkeypatch.setattr("tempfile.tempdir", place)
        yield place


@pytest.mark.parametrize("stage", STAGES)
def test_lava_killed_at_every_stage_leaves_nothing(vendor, tmp_path, short, stage):
    """Only the child is killed, shortly after the stage begins; lava's processes end with it."""
    group = tmp_path / "group"
    wrapped = f"""
import threading, time
from neurodeploy_worker import Job
original = Job.stage
def stage(self, name):
    original(self, name)
    open({str(group)!r}, "w").write(f"{{os.getpgrp()}} {{self.plan['shared_memory']}}")
    if name == {stage!r}:
        threading.Thread(target=lambda: (time.sleep(0.02), os.kill(os.getpid(), signal.SIGKILL))).start()
        time.sleep(0.01 if name == "run" else 600)
Job.stage = stage
"""
    plan, arrays = job()
    found = finding_of(script_of(get_backend(vendor), tmp_path, wrapped), plan, arrays, silence_s=60)
    assert found.code == "ND542"
    assert f"stage '{stage}'" in found.message or stage == "run"
    number, prefix = group.read_text().split()
    assert not living(int(number))
    assert os.listdir(short) == [], "neither its job nor a folder of Python's multiprocessing"
    assert list(Path("/dev/shm").glob(f"{prefix}*")) == []


def living(group):
    """Running processes of a group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, owner = stat.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(owner) == group and state not in "ZX":
            found.append(stat.parent.name)
    return found


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
import neurodeploy as nd
from neurodeploy.conformance import corpus, program_of
case = next(item for item in corpus() if item.name == "layers_with_skip")
def press(done, total):
    os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it runs in the background ignore it
try:
    nd.run(program_of(case, "loihi2"), case.stimulus, backend="lava", until=5000, progress=press)
except KeyboardInterrupt:
    print("stopped")
"""


def test_ctrl_c_during_a_run_ends_lava_and_leaves_no_file(vendor, short):
    environment, command = {**os.environ, "TMPDIR": short}, [sys.executable, "-c", INTERRUPTED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout == "stopped\n", done.stderr
    assert os.listdir(short) == []


def test_two_runs_at_once(vendor):
    from concurrent.futures import ThreadPoolExecutor

    case = next(item for item in corpus() if item.name == "recurrent")
    program = program_of(case, "loihi2")
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(nd.run, program, case.stimulus, backend=vendor, until=case.steps) for _ in range(2)]
        one, other = (run.result() for run in runs)
    assert np.array_equal(one.spikes["cells"], other.spikes["cells"])
    assert len(one.spikes["cells"])


def test_a_convolution_is_a_conv_process_and_its_copies_are_not(vendor):
    """A convolution is a Conv process where each sample is a separate network; five samples side by side are synapse lists."""
    from neurodeploy_backends.lava.convolution import as_convolutions

    from neurodeploy.hardware import load_dialect
    from neurodeploy.simulate import Stimulus

    case = next(item for item in corpus() if item.name == "conv2d_stride_padding")
    program = program_of(case, "loihi2")
    made = make_job(program, case.stimulus, case.steps, RunOptions(), together=False)
    links, kernels = as_convolutions(program, made, load_dialect("loihi2"))
    assert links[0]["conv"]["stride"] == (2, 1)
    weights = case.network.projections[0].operation.weights
    assert np.array_equal(kernels["link.0.kernel"][:, ::-1, ::-1, 0], weights[:, 0])
    rows = np.concatenate([case.stimulus.spikes["in"] + [2 * k, 0, 0] for k in range(3)]).astype(np.int32)
    many = Stimulus(n_samples=6, n_steps=case.stimulus.n_steps, spikes={"in": rows})
    few, several = (nd.run(program, s, backend=vendor, until=case.steps) for s in (case.stimulus, many))
    first = several.spikes["cells"][several.spikes["cells"][:, 0] < 2]
    assert np.array_equal(few.spikes["cells"], first)
    assert np.array_equal(few.states["cells.v"], several.states["cells.v"][4:])


@pytest.mark.parametrize("name", ["registers_by_neuron", "delay_synapse", "recurrent", "lif_by_neuron"])
def test_a_process_for_each_set_of_registers_gives_the_same(vendor, name):
    """Boards need one du, dv and threshold for each LIF process. Here this runs in the simulation; half of the sets are equal."""
    case = next(item for item in corpus() if item.name == name)
    neuron = case.network.populations[0].neuron
    if name in ("delay_synapse", "recurrent"):
        neuron = neuron.model_copy(
            update={"vth_mant": np.array([90, 120, 90, 60, 120]), "du": np.array([9, 9, 9, 9, 99])}
        )
    population = case.network.populations[0].model_copy(update={"neuron": neuron})
    network = case.network.model_copy(update={"populations": (population, *case.network.populations[1:])})
    case = case.model_copy(update={"network": network})
    program, adapter = program_of(case, "loihi2"), get_backend(vendor)
    made = adapter.job(program, case.stimulus, case.steps, RunOptions())
    populations = [{**row, "apart": True} for row in made.plan["populations"]]
    result = run_job(script_of(adapter), {**made.plan, "populations": populations}, made.arrays)
    origin = Origin(vendor, "vendor-emulator")
    given = recording_of(program, case.stimulus, case.steps, RunOptions(), made, result, origin)
    wanted = nd.run(program, case.stimulus, backend="emulator", until=case.steps)
    assert compare_findings(wanted, given, program) == ()
    assert len(given.spikes["cells"]) > 20
    assert set(given.states) == set(wanted.states)


def test_a_board_without_lava_loihi_ends_where_it_would_be_reached(vendor):
    """What `unavailable` reports (ND545) is true: the script finds no process that brings spikes to cores."""
    board = get_backend("lava-loihi2")
    assert board.unavailable().code == "ND545"
    case = next(item for item in corpus() if item.name == "registers_by_neuron")
    made = board.job(program_of(case, "loihi2"), case.stimulus, case.steps, RunOptions())
    found = finding_of(script_of(board), made.plan, made.arrays, silence_s=60)
    assert found.code == "ND540"
    assert "No module named 'lava.proc.embedded_io'" in found.message
    assert "stage 'build the processes'" in found.message


def test_what_a_board_cannot_show_is_refused_before_the_run():
    """Probed states, and sums that several processes would floor separately; without them, nothing is refused."""
    case = next(item for item in corpus() if item.name == "registers_by_neuron")
    board, message = get_backend("lava-loihi2"), "'cells' has more than one set of registers"
    first = [item.message for item in board.check(program_of(case, "loihi2"))]
    assert first == [
        f"probe 'cells.{v}': {v} of 'cells' is not read from a board, only from lava's simulation" for v in "uv"
    ]
    plain = case.network.model_copy(update={"probes": ()})
    assert list(board.check(program_of(case.model_copy(update={"network": plain}), "loihi2"))) == []
    style = WeightFormat(weight_bits=8, exponent=-1)
    loop = nd.dense("cells", "cells", np.full((5, 5), 64), name="loop", weight_format=style)
    network = plain.model_copy(update={"projections": (*plain.projections, loop)})
    refused = list(board.check(program_of(case.model_copy(update={"network": network}), "loihi2")))
    assert [item.code for item in refused] == ["ND502"]
    assert refused[0].message.endswith(message)


def test_values_that_are_not_integers_are_refused(vendor):
    case = next(item for item in corpus() if item.name == "relu")
    program = program_of(case, "loihi2")
    stimulus = case.stimulus.model_copy(update={"currents": {"in_a": case.stimulus.currents["in_a"] + 0.5}})
    with pytest.raises(DiagnosticError) as caught:
        nd.run(program, stimulus, backend=vendor, until=case.steps)
    assert [item.code for item in caught.value.diagnostics] == ["ND502"]


def test_sign_modes_are_passed_to_lava_and_not_inferred_from_the_weights(vendor):
    """All weights are positive and some are odd: lava would infer excitatory and keep 3 where mixed stores 2."""
    style = WeightFormat(weight_bits=7, sign_mode="mixed")
    neuron = nd.LoihiCuba(du=4095, dv=0, vth_mant=50)
    network = nd.Network(
        name="signs",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=3),),
        populations=(nd.Population(name="cells", shape=2, neuron=neuron),),
        projections=(nd.dense("in", "cells", [[4, 8, 12], [16, 20, 24]], weight_format=style),),
        probes=(nd.Probe(name="u", target="cells", variable="u"),),
    )
    program = nd.compile(network, "loihi2")
    rows = np.array([[0, step, line] for step in range(1, 6) for line in range(3)], dtype=np.int32)
    stimulus = nd.Stimulus(n_samples=1, n_steps=6, spikes={"in": rows})
    runs = [nd.run(program, stimulus, backend=name) for name in ("emulator", vendor)]
    assert np.array_equal(runs[0].states["u"], runs[1].states["u"])
    assert runs[0].states["u"][0, 1].tolist() == [24 << 6, 60 << 6]
