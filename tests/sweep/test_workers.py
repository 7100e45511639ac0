"""Sweeps on real workers that are killed: every point once in the store, and a second start that goes on."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import objectives
import pytest
from factories import pair_network

import neurodeploy as nd
from neurodeploy.sweep.store import RESULTS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="kills missing and cannot be had: Windows has no SIGKILL"),
]
HAS_DASK = importlib.util.find_spec("distributed") is not None
needs_dask = pytest.mark.skipif(
    not HAS_DASK, reason="distributed missing and cannot be had: pip install 'neurodeploy[dask]'"
)
N = 60
WAIT_S = 60.0


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """Workers import the objectives from the path of this process."""
    monkeypatch.syspath_prepend(str(Path(objectives.__file__).parent))


def until(condition, what):
    """Wait until a condition holds."""
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, f"waited for {what} in vain"
        time.sleep(0.005)


def stored(folder):
    path = Path(folder) / RESULTS
    return (
        [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
        if path.exists()
        else []
    )


def environment(folder):
    """That of a script which imports the objectives of these tests."""
    (folder / "objectives.py").write_text(Path(objectives.__file__).read_text())
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", ""), *sys.path])}


SCRIPT = """\
import sys
import neurodeploy as nd
from objectives import slow
if __name__ == "__main__":
    executor, folder = sys.argv[1:]
    points = [{"number": k, "folder": folder} for k in range(60)]
    result = nd.sweep(points, slow, executor=executor, workers=2, store=folder + "/store")
    print([item.code for item in result.findings], len(result.rows))
"""


@pytest.fixture
def script(tmp_path):
    (tmp_path / "sweep.py").write_text(SCRIPT)

    def start(executor="processes", source="sweep.py"):
        words = [sys.executable, str(tmp_path / source), executor, str(tmp_path)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(words, env=environment(tmp_path), start_new_session=True, **pipes)

    return start


def children(process):
    """Processes below a process, from /proc."""
    below = dict[int, list[int]]()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            below.setdefault(parent, []).append(int(entry.name))
    found, level = [], [process]
    while level:
        level = [child for one in level for child in below.get(one, [])]
        found += level
    return found


def is_alive(process):
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_sweep_loses_what_runs_and_goes_on(script, tmp_path):
    """kill -9 of the process that made the sweep, twice: each loses at most one unit that had ended for each worker."""
    lost = []
    for start in range(1, 3):
        sweeping = script()
        until(lambda least=15 * start: len(stored(tmp_path / "store")) >= least, "results")
        workers = children(sweeping.pid)
        sweeping.kill()
        sweeping.communicate()
        until(lambda ended=workers: not any(map(is_alive, ended)), "the workers to end with their sweep")
        ended = Counter((tmp_path / "ended.txt").read_text().split())
        lost.append(len(ended) - len(stored(tmp_path / "store")))
    assert max(np.diff([0, *lost])) <= 2
    last = script()
    out, err = last.communicate(timeout=WAIT_S)
    assert out.split()[-1] == str(N), err
    lines = [line["values"]["number"] for line in stored(tmp_path / "store")]
    assert sorted(lines) == list(range(N))


def test_ctrl_c_keeps_results_and_leaves_nothing_running(script, tmp_path):
    sweeping = script()
    until(lambda: len(stored(tmp_path / "store")) >= 5, "results")
    workers = children(sweeping.pid)
    os.killpg(sweeping.pid, signal.SIGINT)
    out, err = sweeping.communicate(timeout=WAIT_S)
    assert "ND507" in out
    assert "Traceback" not in err
    assert 5 <= len(stored(tmp_path / "store")) < N
    until(lambda: not any(map(is_alive, workers)), "the workers to end")


def test_a_unit_that_ends_its_worker_is_found_and_the_others_go_on(tmp_path):
    points = [{"number": k, "folder": str(tmp_path)} for k in range(12)]
    result = nd.sweep(points, objectives.deadly, workers=2, store=tmp_path / "store")
    assert [row.values["number"] for row in result.failed] == [3]
    assert [item.code for item in result.failed[0].findings] == ["ND966"]
    assert sum(value or 0 for value in result.column("square")) == sum(k * k for k in range(12)) - 9
    assert Counter(line["values"]["number"] for line in stored(tmp_path / "store")) == Counter(range(12))


def test_a_script_without_a_guard_is_told_so(script, tmp_path):
    (tmp_path / "bare.py").write_text(SCRIPT.replace('if __name__ == "__main__":', "if True:"))
    out, err = script(source="bare.py").communicate(timeout=WAIT_S)
    assert "ND961" in err
    assert "__main__" in err
    assert not out


def test_a_function_of_an_interactive_session_is_sent_or_refused(tmp_path):
    code = "import neurodeploy as nd\nprint(nd.sweep({'k': [2, 3]}, lambda k: {'k': k}, workers=1).column('k'))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    has = importlib.util.find_spec("cloudpickle") is not None
    assert ("(2, 3)" in done.stdout) if has else ("ND968" in done.stderr), done.stderr


def test_a_test_set_on_processes_is_bit_for_bit_one_run(tmp_path):
    network = pair_network(encoder="poisson", steps_per_sample=8)
    program, values = nd.compile(network, "loihi1"), np.random.default_rng(1).random((20, 2))
    one = nd.run(program, {"lines": values}, seed=4)
    parts = nd.evaluate(program, {"lines": values}, workers=2, part=3, seed=4, store=tmp_path)
    assert parts.recording.model_copy(update={"findings": ()}) == one.model_copy(update={"findings": ()})


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler and workers as processes of their own: (address, scheduler, workers)."""
    pytest.importorskip("distributed", reason="distributed missing and cannot be had: pip install 'neurodeploy[dask]'")
    started = []

    def begin(*words):
        with open(tmp_path / f"dask{len(started)}.log", "w", encoding="utf-8") as log:
            made = subprocess.Popen(words, env=environment(tmp_path), stdout=log, stderr=log, start_new_session=True)
        started.append(made)
        return started[-1]

    python = (sys.executable, "-W", "ignore", "-m")
    file = tmp_path / "scheduler.json"
    scheduler = begin(
        *python,
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(file),
    )
    until(lambda: file.exists() and file.stat().st_size, "the scheduler")
    address = json.loads(file.read_text())["address"]
    options = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(tmp_path / "space"))
    workers = [begin(*python, "distributed.cli.dask_worker", address, *options) for _ in range(3)]
    yield address.replace("tcp:", "dask:"), scheduler, workers
    for process in started:
        process.kill()
        process.wait()


def swept(address, tmp_path):
    points = [{"number": k, "folder": str(tmp_path)} for k in range(N)]
    return nd.sweep(points, objectives.slow, executor=address, store=tmp_path / "store")


def later(condition, action):
    """Do something in the background once a condition holds."""
    thread = threading.Thread(target=lambda: (until(condition, "results"), action()))
    thread.start()
    return thread


@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_of_dask_costs_nothing(cluster, tmp_path):
    address, _, workers = cluster
    killing = later(lambda: len(stored(tmp_path / "store")) >= 10, workers[0].kill)
    result = swept(address, tmp_path)
    killing.join()
    assert result.complete
    assert not result.failed
    assert result.column("square") == tuple(k * k for k in range(N))
    assert Counter(line["values"]["number"] for line in stored(tmp_path / "store")) == Counter(range(N))
    assert len({row.worker for row in result.rows}) >= 2


OF_A_SCRIPT = """\
import sys
import neurodeploy as nd
FACTOR = 3
def times(k):
    return {"product": FACTOR * k}
if __name__ == "__main__":
    print(nd.sweep({"k": [1, 2, 3]}, times, executor=sys.argv[1]).column("product"))
"""


@needs_dask
def test_a_function_of_a_script_is_sent_to_workers_that_do_not_know_the_script(cluster, tmp_path):
    (tmp_path / "alone.py").write_text(OF_A_SCRIPT)
    words = [sys.executable, "-W", "ignore", str(tmp_path / "alone.py"), cluster[0]]
    done = subprocess.run(words, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=WAIT_S)
    assert done.stdout == "(3, 6, 9)\n", done.stderr


@pytest.mark.filterwarnings("ignore")
def test_a_killed_scheduler_of_dask_is_said_and_a_second_start_goes_on(cluster, tmp_path):
    address, scheduler, _ = cluster
    killing = later(lambda: len(stored(tmp_path / "store")) >= 10, scheduler.kill)
    with pytest.raises(nd.DiagnosticError) as caught:
        swept(address, tmp_path)
    killing.join()
    assert [item.code for item in caught.value.diagnostics] == ["ND961"]
    kept = len(stored(tmp_path / "store"))
    assert 10 <= kept < N
    again = swept("serial", tmp_path)
    assert (again.ran, again.complete) == (N - kept, True)
    assert again.findings == ()


@needs_dask
@pytest.mark.filterwarnings("ignore")
def test_a_local_cluster_and_the_executor_of_a_client(tmp_path):
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made, Client(made) as client:
        result = swept(client.get_executor(), tmp_path)
        assert result.complete
        assert result.workers == 2
        assert client.status == "running"
        assert re.fullmatch(r".+:\d+", result.rows[0].worker)
        assert {row.worker for row in result.rows} != {f"{os.uname().nodename}:{os.getpid()}"}
    with pytest.raises(nd.DiagnosticError) as caught:
        swept("dask://127.0.0.1:1", tmp_path / "other")
    assert [item.code for item in caught.value.diagnostics] == ["ND961"]
