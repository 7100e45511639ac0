"""The benchmarks: workloads are those of their definition, bare loops deliver every weight, and workers end."""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from benchmark_modules import FOLDER, importing, needs_benchmarks

import neurodeploy as nd

pytestmark = needs_benchmarks


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[Any]:
    """What imports the modules of the folder."""
    with importing() as module:
        yield module


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem + "_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _python_for(generator: Any) -> Any:
    """The plain Python that an intrinsic of the bare loops stands for."""
    return {"_prefetch": lambda array, index: None, "_view": lambda array, start, n: array[start : start + n]}[
        generator.__name__
    ]


@pytest.fixture
def bare(benchmarks: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bare loops as plain Python: numba is not among the dependencies, and the race checks the compiled loops."""
    fake = {name: ModuleType(name) for name in ("llvmlite", "numba", "numba.core", "numba.extending", "numba.np")}
    contents: dict[str, dict[str, Any]] = {
        "llvmlite": {"ir": None},
        "numba": {"njit": lambda function: function, "types": None},
        "numba.core": {"cgutils": None},
        "numba.extending": {"intrinsic": _python_for},
        "numba.np": {"arrayobj": None},
    }
    for name, module in fake.items():
        vars(module).update(contents[name])
        monkeypatch.setitem(sys.modules, name, module)
    sys.modules.pop("bare", None)
    try:
        yield benchmarks("bare")
    finally:
        sys.modules.pop("bare", None)


@pytest.fixture(scope="module")
def speed(reference_data: Path) -> Any:
    return loaded(reference_data / "workloads" / "speed.py")


def test_registers_input_and_thresholds_are_those_of_the_definition(benchmarks: Any, speed: Any) -> None:
    own = benchmarks("workloads")
    assert (own.DU, own.DV, own.RATE) == (speed.DU, speed.DV, speed.RATE)
    for key, thresholds in speed.VTH.items():
        assert [layer.vth for layer in own.build(key).layers] == thresholds
    rows = own.bernoulli(300, 40)
    step, line = np.nonzero(speed.raster(300, 40))
    assert (rows == np.stack([step + 1, line], axis=1)).all()


def test_a_longer_input_begins_with_the_shorter(benchmarks: Any) -> None:
    own = benchmarks("workloads")
    short, long = own.bernoulli(2_000_000, 3), own.bernoulli(2_000_000, 5)  # drawn in blocks of two steps
    assert (long[: len(short)] == short).all()


@pytest.mark.parametrize("key", ["w1", "w2"])
def test_dense_workloads_are_those_of_the_definition(benchmarks: Any, speed: Any, key: str) -> None:
    case = benchmarks("workloads").build(key)
    for link, weights in zip(case.links, getattr(speed, key)(), strict=True):
        assert (link.dense == weights).all()


def test_w3_is_that_of_the_definition(benchmarks: Any, speed: Any) -> None:
    csr = benchmarks("workloads").build("w3").links[0].csr
    for own, given in zip((csr.indptr, csr.indices, csr.data), speed.w3(), strict=True):
        assert (own == given).all()


def test_w4_is_that_of_the_definition(benchmarks: Any, speed: Any) -> None:
    # eight cores of 64 neurons: the same code draws the 128 cores of 1,024
    case = benchmarks("workloads").w4(cores=8, per_core=64)
    csr, layer = case.links[0].csr, case.layers[0]
    *synapses, bias = speed.w4(cores=8, per_core=64)
    for own, given in zip((csr.indptr, csr.indices, csr.data), synapses, strict=True):
        assert (own == given).all()
    assert (layer.bias == bias).all()
    assert (layer.bias_exp, layer.vth) == (7, 1000)


def test_w4_fills_the_chip(benchmarks: Any) -> None:
    own = benchmarks("workloads")
    assert own.w4.__defaults__ == (128, 1024, 48, 0)


def test_w5_has_the_shapes_of_the_definition(benchmarks: Any, speed: Any) -> None:
    own = benchmarks("workloads")
    assert speed.W5["input"] == own.W5_INPUT
    assert speed.W5["conv"] == own.W5_CONV
    assert speed.W5["dense"] == own.W5_DENSE
    assert [layer.shape for layer in own.build("w5").layers][:2] == [(24, 32, 99), (36, 15, 49)]


def test_w6_has_the_connectivity_of_the_definition(benchmarks: Any, reference_data: Path) -> None:
    own, mapping = benchmarks("workloads"), loaded(reference_data / "workloads" / "mapping.py")
    sizes, source, target = own.pd14_synapses(scale=0.02, k_scale=0.05)
    population, *given = mapping.potjans_diesmann(scale=0.02, k_scale=0.05)
    assert np.array_equal(np.repeat(np.arange(8), sizes), population)
    assert (source == given[0]).all()
    assert (target == given[1]).all()


def _by_hand(conv: Any) -> np.ndarray[Any, Any]:
    """(pre, post) weights by the definition of a convolution with valid padding, one synapse at a time."""
    channels, height, width = conv.source_shape
    n_out, _, kernel, _ = conv.weights.shape
    out_h, out_w = (height - kernel) // conv.stride + 1, (width - kernel) // conv.stride + 1
    full = np.zeros((channels, height, width, n_out, out_h, out_w), dtype=np.int64)
    for o, c, ky, kx in np.ndindex(*conv.weights.shape):
        for y, x in np.ndindex(out_h, out_w):
            full[c, y * conv.stride + ky, x * conv.stride + kx, o, y, x] += conv.weights[o, c, ky, kx]
    return full.reshape(channels * height * width, -1)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (2, 2), (2, 3), (5, 2)])
def test_convolution_written_out_and_its_bare_loop(benchmarks: Any, bare: Any, kernel: int, stride: int) -> None:
    own = benchmarks("workloads")
    rng = np.random.default_rng(kernel * 10 + stride)
    conv = own.Conv((2, 9, 11), (rng.integers(-30, 46, size=(3, 2, kernel, kernel)) * 2).astype(np.int32), stride)
    matrix, csr = _by_hand(conv), own.expand(conv)
    pre = np.repeat(np.arange(matrix.shape[0]), np.diff(csr.indptr))
    found = np.zeros_like(matrix)
    np.add.at(found, (pre, csr.indices), csr.data)
    assert (found == matrix).all()
    assert csr.indptr.size == matrix.shape[0] + 1

    case = own.Case("x", "x", 9, (own.Layer("b", (3, 1, matrix.shape[1] // 3), 1),), (own.Link("a", "b", conv=conv),))
    spikes = np.array([(step, line) for step in range(1, 9) for line in rng.permutation(198)[:40]])
    expected = matrix.T @ np.bincount(spikes[:, 1], minlength=198)
    loop = bare.Bare(case, {"a": spikes}, 9)
    ((_, acc),) = loop.sums()[0]
    assert (acc == expected.reshape(3, -1).T.ravel()).all()  # the loop counts channel last


def test_bare_loops_deliver_every_weight(benchmarks: Any, bare: Any) -> None:
    own = benchmarks("workloads")
    rng, n = np.random.default_rng(3), 70_000  # above 65,536 targets: sorted by tile
    matrix = (rng.integers(-30, 46, size=(13, 50)) * 2).astype(np.int32)
    post = np.sort(np.stack([rng.choice(n, 40, replace=False) for _ in range(13)]), axis=1).astype(np.int32)
    weights = rng.integers(1, 60, size=post.shape).astype(np.int32)
    wide = own.Csr(np.arange(0, 13 * 40 + 1, 40), post.ravel(), weights.ravel())
    narrow = own.Csr(wide.indptr, (post % 50).ravel().astype(np.int32), wide.data)
    spikes = np.array([(step, line) for step in range(1, 30) for line in np.flatnonzero(rng.random(13) < 0.4)])
    delivered = np.bincount(spikes[spikes[:, 0] < 29, 1], minlength=13)  # those of the last step arrive after the run
    for size, link in ((50, {"dense": matrix}), (50, {"csr": narrow}), (n, {"csr": wide})):
        case = own.Case("x", "x", 29, (own.Layer("b", (size,), 1),), (own.Link("a", "b", **link),))
        expected = np.zeros(size, dtype=np.int64)
        if "dense" in link:
            expected = matrix.T @ delivered
        else:
            csr = link["csr"]
            np.add.at(expected, csr.indices, csr.data * np.repeat(delivered, 40))
        loops = bare.Bare(case, {"a": spikes}, 29).sums()[0]
        assert all((acc == expected).all() for _, acc in loops), [name for name, _ in loops]
    assert {name for name, _ in loops} == {"plain", "tiled 1,024", "tiled 4,096", "tiled 16,384", "tiled 65,536"}


def test_a_case_is_told_to_peers_as_it_is_run(benchmarks: Any, tmp_path: Path) -> None:
    """The files a peer reads hold the same synapses and events; a plain model of them gives our emulator's spikes."""
    from neurodeploy.simulate import RunOptions

    own, networks = benchmarks("workloads"), benchmarks("networks")
    case = own.build("w1")
    case.save(tmp_path, 60)
    worker = loaded(FOLDER / "peers" / "_worker.py")
    told = worker.read_case(tmp_path, 60)
    raster, weights = told.raster("input"), told.synapses[0].dense.astype(np.int64)
    u, v, counts = np.zeros(256, dtype=np.int64), np.zeros(256, dtype=np.int64), np.zeros(256, dtype=np.int64)
    for step in range(60):
        arrived = raster[step - 1] @ weights if step else np.zeros(256, dtype=np.int64)
        u = np.sign(u) * (np.abs(u) * (4095 - told.du) >> 12) + 64 * arrived
        v = np.sign(v) * (np.abs(v) * (4096 - told.dv) >> 12) + u
        fired = v > told.layers[0].vth << 6
        v[fired] = 0
        counts += fired
    program, stimulus = networks.program(case), networks.stimulus(case, 60)
    recording = nd.run(program, stimulus, until=60, options=RunOptions(threads=1, activity=False, overflow=False))
    assert counts.sum() > 300
    assert (recording.spike_counts("layer1", 256)[0] == counts).all()


def _script(tmp_path: Path, body: str) -> list[str]:
    path = tmp_path / "script.py"
    path.write_text(
        "import json, os, subprocess, sys, time\nsay = lambda **kw: print(json.dumps(kw), flush=True)\n" + body
    )
    return [sys.executable, str(path)]


def test_worker_answers_and_fails_in_words(benchmarks: Any, tmp_path: Path) -> None:
    module = benchmarks("worker")
    body = (
        "say(ready=1)\nfor line in sys.stdin:\n    say(failed='no bias') if 'bad' in line else say(got=line.strip())\n"
    )
    worker = module.Worker(_script(tmp_path, body), tmp_path / "log")
    assert worker.answer(60) == {"ready": 1}
    assert worker.ask("hello", 60) == {"got": "hello"}
    assert worker.peak_bytes() > 1_000_000
    with pytest.raises(module.WorkerError, match="no bias"):
        worker.ask("bad", 60)


def test_worker_that_hangs_is_ended_with_its_children(benchmarks: Any, tmp_path: Path) -> None:
    module = benchmarks("worker")
    body = "child = subprocess.Popen(['sleep', '600'])\nsay(child=child.pid)\nsys.stdin.readline()\ntime.sleep(600)\n"
    worker = module.Worker(_script(tmp_path, body), tmp_path / "log")
    child = worker.answer(60)["child"]
    with pytest.raises(module.WorkerError, match="no answer within 1 s"):
        worker.ask("run", 1)
    status = Path(f"/proc/{child}/status")
    for _ in range(500):  # a killed process needs a moment
        if not status.exists() or "State:\tZ" in status.read_text():
            break
        time.sleep(0.01)
    else:
        pytest.fail("the worker's child lives on")


def test_worker_that_ends_says_so(benchmarks: Any, tmp_path: Path) -> None:
    module = benchmarks("worker")
    worker = module.Worker(_script(tmp_path, "os._exit(7)\n"), tmp_path / "log")
    with pytest.raises(module.WorkerError, match="exit status 7"):
        worker.answer(60)


def test_marks_and_report_take_partial_results(benchmarks: Any) -> None:
    """Whatever is missing is named, never a silent gap."""
    from rich.console import Console

    marks, report = benchmarks("marks"), benchmarks("report")
    peer = {"title": "P", "exact": True, "note": "", "reason": "no answer within 5 s"}
    fast = {"title": "Q", "exact": True, "note": "", "steps": 10, "steps_per_s": 5.0, "ratio": 3.0, "peak_bytes": None}
    fast["agreement"] = {"identical": False, "neurons_that_differ": 4, "ours": 10, "theirs": 9}
    w1 = {
        "title": "W", "steps_per_s": 15.0, "whole_call_steps_per_s": 10.0, "recording_off_steps_per_s": 16.0,
        "events_per_step": 100.0, "events_per_s": 1500.0, "ns_per_event": 6e5, "peers": {"lava": peer, "brian2-cpp": fast},
        "bare": {"share": 0.5, "plain_share": None, "copy_share": 0.1, "steps_per_s": 30.0, "events_per_s": 3e3, "loops": ["dense"]},
        "threads": {"n": 2, "batch": 1.9, "within": 1.0},
    }  # fmt: skip
    results = {
        "date": "today", "repeats": 3, "workloads": {"w1": w1, "w3": {"failed": "it broke"}},
        "machine": {"cpu": "C", "cores": 2, "python": "3", "load_before": 0.1, "load_after": 0.2},
    }  # fmt: skip
    results["workloads"]["w2"] = {**w1, "threads": {"n": 2, "batch": 1.69, "within": 1.0}}
    results["workloads"]["w4"] = {
        **w1,
        "threads": {"n": 4, "batch": 3.0, "within": 2.0},
        "bare": {"reason": "not installed"},
    }
    results["first_result"] = {"wall_s": 1.6, "processor_s": 0.9, "without_bytecode": {"failed": "it broke too"}}
    results["import"] = {"wall_s": 0.2, "processor_s": 0.2}
    results["compile"] = {"digits": {"wall_s": 0.1, "processor_s": 0.1}, "pilotnet": {"failed": "its file is missing"}}
    results["w7"] = {"failed": "no memory"}
    judged = {mark.title: mark for mark in marks.judge(results)}
    assert judged["W1 over Brian2 C++"].met is False
    assert judged["W1 over lava"].met is None
    assert judged["W2, two threads on a batch"].met is False
    assert judged["W4, two threads within a sample"].met is None  # measured with four threads
    assert judged["W4, share of the bare loop"].met is None
    assert judged["first result of run digits"].met is False
    assert judged["first result of run digits, processor"].met is True
    assert judged["compiling digits"].met is True
    assert judged["compiling PilotNet on loihi2"].met is None
    assert judged["W7, peak of compiling and running"].met is None
    console = Console(width=200, record=True, file=io.StringIO())
    report.show(json.loads(json.dumps(results)), console)
    text = console.export_text()
    words = ("no answer within 5 s", "4 neurons differ", "it broke", "missed", "not measured", "not installed")
    for word in (*words, "no memory", "its file is missing", "it broke too"):
        assert word in text


def test_the_microcircuit_is_judged_at_full_scale_only(benchmarks: Any) -> None:
    from rich.console import Console

    marks, report = benchmarks("marks"), benchmarks("report")
    stage = {"stage": "load", "wall_s": 1.0, "processor_s": 0.9, "peak_bytes": 2 << 30}
    run = {
        "stages": [stage], "steps_per_s": 4e3, "events_per_s": 5e8, "events_per_s_core": 5e8, "events_per_processor_s": 6e8, "real_time_factor": 2.5,
        "events_per_biological_s": 1.25e9, "rate_hz": 4.7, "rates_hz": {"L23E": 0.6}, "peak_bytes": 9 << 30,
    }  # fmt: skip
    w7 = {
        "title": "circuit", "neurons": 77_169, "synapses": 285_000_000, "cores": 10, "stages": [stage], "n_threads": 1,
        "threads_1": run, "largest_peak_bytes": 21 << 30, "anchor": "another simulator",
    }  # fmt: skip
    for scale, met in ((1.0, False), (0.1, None)):
        judged = {mark.title: mark for mark in marks.judge({"w7": {**w7, "scale": scale}})}
        assert judged["W7, peak of compiling and running"].met is met
    console = Console(width=200, record=True, file=io.StringIO())
    machine = {"cpu": "C", "cores": 2, "python": "3", "load_before": 0.1, "load_after": 0.2}
    report.show(
        {"date": "today", "repeats": 3, "workloads": {}, "machine": machine, "w7": {**w7, "scale": 1.0}}, console
    )
    text = console.export_text()
    for word in ("285,000,000", "500 M events/s per core", "real-time factor 2.5", "L23E 0.6", "another simulator"):
        assert word in text


def test_the_microcircuit_is_that_of_the_race_in_integers(benchmarks: Any) -> None:
    own, circuit = benchmarks("workloads"), benchmarks("microcircuit")
    network = circuit.network(0.02)
    sizes, source, target = own.pd14_synapses(scale=0.02, k_scale=0.02)
    first = dict(zip(circuit.NAMES, np.cumsum(sizes) - sizes, strict=True))
    pairs = [
        np.stack([item.operation.pre + first[item.source], item.operation.post + first[item.target]])
        for item in network.projections
    ]
    found = np.concatenate(pairs, axis=1)
    assert (found[:, np.lexsort(found[::-1])] == np.stack([source, target])).all()
    assert [item.size for item in network.populations] == sizes.tolist()
    means = {item.name: float(item.operation.weights.mean()) for item in network.projections}
    assert means["L4E_to_L23E"] == pytest.approx(48, abs=1)
    assert means["L23E_to_L23E"] == pytest.approx(24, abs=1)
    assert means["L4I_to_L4E"] == pytest.approx(-96, abs=1)
    assert {item.operation.weights.dtype for item in network.projections} == {np.dtype(np.int8)}


def test_the_microcircuit_compiles_settles_and_goes_on(benchmarks: Any, tmp_path: Path) -> None:
    """A fiftieth of it: the worker's figures are those of the steps behind the settled state, by either engine."""
    worker = benchmarks("microcircuit_worker")
    path = tmp_path / "small.ndp"
    about = worker._compile(0.02, path)
    assert [row["stage"] for row in about["stages"]] == ["network", *worker.STAGES, "save"]
    assert about["peak_bytes"] >= max(row["peak_bytes"] for row in about["stages"]) > 0
    run = worker.Run(path, 1)
    found = run.timed(40)
    program, until = nd.load(path), worker.SETTLE_STEPS + 40
    whole = nd.run(program, steps=until, until=until, engine="spec", record=[item.name for item in program.populations])
    late = {name: rows[rows[:, 1] > worker.SETTLE_STEPS] for name, rows in whole.spikes.items()}
    reached = {name: np.zeros(size, dtype=np.int64) for name, size in ((p.name, p.size) for p in program.populations)}
    for item in program.network.projections:
        np.add.at(reached[item.source], item.operation.pre, 1)
    assert found["events"] == sum(int(reached[name][rows[:, 2]].sum()) for name, rows in late.items()) > 0
    assert found["biological_s"] == pytest.approx(0.004)
    assert found["rate_hz"] == pytest.approx(sum(map(len, late.values())) / about["neurons"] / 0.004)


def test_the_microcircuit_threshold_is_a_hundred_potentials(benchmarks: Any) -> None:
    """15 mV above rest, in postsynaptic potentials of 0.15 mV, by the compartment's own recursion."""
    own = benchmarks("microcircuit")
    u, v, peak = 64.0 * own.WEIGHT, 0.0, 0.0
    for _ in range(400):
        v = v * (4096 - own.DV) / 4096 + u
        u, peak = u * (4095 - own.DU) / 4096, max(peak, v)
    assert round(100 * peak / 64) == own.THRESHOLD


def test_a_start_is_that_of_a_process_without_caches(
    benchmarks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later processes find the bytecode of the first one and nothing else; what fails says so in its last line."""
    start = benchmarks("start")
    monkeypatch.setenv("NEURODEPLOY_BENCHMARKS", str(tmp_path / "cache"))
    (tmp_path / "module.py").write_text("x = 1\n")
    body = f"""
import json, os, pathlib, sys
sys.path.insert(0, {str(tmp_path)!r})
import module
left = pathlib.Path.home() / "left"
print(json.dumps([os.path.exists(module.__cached__), left.exists(), os.environ["XDG_CACHE_HOME"]]))
left.touch()
""".strip()
    rows = start._repeated(["-c", body], 2, 60)
    told = [json.loads(row["output"]) for row in rows]
    assert [item[:2] for item in told] == [[True, False]] * 3
    assert len({item[2] for item in told}) == 3
    assert all(0 < row["processor_s"] < 60 and row["wall_s"] > 0 for row in rows)
    assert start._once(["-c", "raise SystemExit('no network')"], tmp_path, 60) == {"failed": "no network"}
    assert not list((tmp_path / "cache").iterdir())
    monkeypatch.setenv("NEURODEPLOY_REFERENCE_DATA", str(tmp_path))
    (found,) = start.compile_times(("pilotnet",), 1, 120, print).values()
    assert "pilotnet_sdnn_tut.net is missing" in found["failed"]


def test_compiled_cases_have_the_neurons_they_say(benchmarks: Any, reference_data: Path) -> None:
    own, start = benchmarks("compile_cases"), benchmarks("start")
    assert set(start.COMPILED) == set(own.CASES)
    sizes = {key: sum(item.size for item in case.build().populations) for key, case in own.CASES.items()}
    assert sizes == {"digits": 102, "w2": 778, "pilotnet": 118_909, "dvs": 18_678}


def test_layered_networks_reach_their_cores(benchmarks: Any) -> None:
    own = benchmarks("mapping_layers")
    rows = [own.measured(key, rules) for key in own.QUICK for rules in own.RULES]
    assert [row["neurons"] for row in rows] == [778, 778, 76_810, 76_810]
    assert [row["cores"] for row in rows] == [5, 5, 151, 151]
    assert all(row["cores"] == row["bound"] and row["reached"] for row in rows)
