"""A child process that fails in any way: each failure gives one finding in time and leaves nothing behind."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.worker import Limits, Script, run_job

SHARED_MEMORY = Path("/dev/shm")
QUICK, PATIENT = Limits(silence_s=4), Limits(silence_s=60)
"""The first where a hang is expected: an interpreter's start must not take longer on a busy machine."""
HANG = "import time; time.sleep(600)"
STAGES = ("import", "build", "run", "read", "stop")
PREFACE = """
import multiprocessing, os, signal, sys, time
import numpy as np
from multiprocessing import shared_memory
from neurodeploy_worker import serve

def simulate(job):
    {body}
    return {{"said": job.plan.get("say", "")}}, {{"twice": 2 * job.arrays["x"]}}

if __name__ == "__main__":
    serve(simulate)
"""
STAGED = """
    held = shared_memory.SharedMemory(create=True, size=4096)
    multiprocessing.get_context("fork").Manager()  # its socket lies in a folder for temporary files
    other = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
    other.start()
    open(job.plan["pids"], "w").write(f"{os.getpid()} {other.pid}")
    for number, name in enumerate(("import", "build", "run", "read", "stop")):
        job.stage(name)
        if name == "run":
            job.step(3)
        if name == job.plan["at"]:
            FAULT
    other.kill()
    held.close()
    held.unlink()
"""
FAULTS = {
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "ND542"),
    "hang": ("time.sleep(600)", "ND541"),
    "exception": ("raise RuntimeError('broken on purpose')", "ND540"),
    "exit": ("os._exit(7)", "ND542"),
}


def script(tmp_path, body):
    path = tmp_path / "child.py"
    path.write_text(PREFACE.format(body=textwrap.dedent(body).replace("\n", "\n    ").strip()))
    return Script("toy", Path(sys.executable), path)


def left_over():
    return {path.name for path in SHARED_MEMORY.glob("nd*_*")} if SHARED_MEMORY.is_dir() else set()


def lives(pid):
    """Whether a process runs; one that is only not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False


def gone(pids, timeout_s=10.0):
    until = time.monotonic() + timeout_s
    while any(lives(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(lives(pid) for pid in pids)


def fails(child, plan=None, limits=PATIENT, **more):
    with pytest.raises(DiagnosticError) as caught:
        run_job(child, plan or {}, {"x": np.arange(3)}, limits=limits, **more)
    assert len(caught.value.diagnostics) == 1
    return caught.value.diagnostics[0]


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Folder in which jobs make theirs: empty again afterwards."""
    place = tmp_path / "jobs"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    before = left_over()
    yield place
    assert list(place.iterdir()) == []
    assert left_over() <= before


def test_a_job_goes_in_and_its_result_comes_out(tmp_path, folders):
    steps = []
    child = script(tmp_path, "job.stage('run'); job.step(1); print('noise that is no message'); job.step(2)")
    result = run_job(child, {"say": "yes"}, {"x": np.arange(3)}, on_step=steps.append)
    assert result.meta["said"] == "yes"
    assert result.arrays["twice"].tolist() == [0, 2, 4]
    assert result.meta["versions"]["numpy"] == np.__version__
    assert steps
    assert steps[-1] == 2


QUICK_CASES = [("killed", "import"), ("exception", "build"), ("hang", "run"), ("exit", "read"), ("exception", "stop")]
CASES = [
    (fault, at) if (fault, at) in QUICK_CASES else pytest.param(fault, at, marks=pytest.mark.slow)
    for fault in FAULTS
    for at in STAGES
    if fault != "hang" or at in ("run", "stop")
]


@pytest.mark.parametrize(("fault", "at"), CASES)
def test_whatever_happens_at_whatever_stage_nothing_is_left(tmp_path, folders, fault, at):
    """A shared-memory segment is open and a grandchild sleeps in every stage."""
    action, code = FAULTS[fault]
    pids = tmp_path / "pids"
    limits = QUICK if fault == "hang" else PATIENT
    found = fails(script(tmp_path, STAGED.replace("FAULT", action)), {"at": at, "pids": str(pids)}, limits)
    assert found.code == code
    assert f"stage '{at}'" in found.message
    assert gone([int(pid) for pid in pids.read_text().split()])


def test_the_finding_of_an_exception_has_its_places_and_the_step(tmp_path, folders):
    body = "job.stage('run'); job.step(12)\ndef inner(): raise ValueError('delay 64 is too long')\ninner()"
    found = fails(script(tmp_path, body))
    assert found.code == "ND540"
    assert "ValueError: delay 64 is too long" in found.message
    assert "stage 'run', step 12" in found.message
    assert "inner <- child.py:" in found.message


def test_a_missing_package_is_told_by_name(tmp_path, folders):
    found = fails(script(tmp_path, "job.stage('import it'); import no_such_simulator"))
    assert found.code == "ND540"
    assert "No module named 'no_such_simulator'" in found.message


def test_progress_without_end_is_ended_by_the_wall_clock(tmp_path, folders):
    body = "job.stage('run')\nfor k in range(10**6):\n    job.step(k)\n    time.sleep(0.05)"
    found = fails(script(tmp_path, body), limits=Limits(silence_s=60, wall_s=1.0))
    assert found.code == "ND541"
    assert "in total" in found.message
    assert found.limit == 1.0


@pytest.mark.slow
def test_progress_holds_off_the_limit_of_silence(tmp_path, folders):
    """Twelve times half a second is longer than the 4 s of silence that are allowed."""
    body = "job.stage('run')\nfor k in range(12):\n    job.step(k)\n    time.sleep(0.5)"
    assert run_job(script(tmp_path, body), {}, {"x": np.arange(1)}, limits=QUICK).arrays["twice"].tolist() == [0]


@pytest.mark.slow
def test_a_watched_counter_is_progress(tmp_path, folders):
    body = "count = [0]\njob.stage('run')\njob.watch(lambda: count[0])\nfor k in range(12):\n    count[0] = k\n    time.sleep(0.5)"
    seen = []
    run_job(script(tmp_path, body), {}, {"x": np.arange(1)}, limits=QUICK, on_step=seen.append)
    assert seen == sorted(seen)
    assert max(seen) == 11


def test_what_the_child_printed_last_is_told(tmp_path, folders):
    body = "print('memory is low', file=sys.stderr); sys.stderr.flush(); os._exit(3)"
    found = fails(script(tmp_path, body))
    assert found.code == "ND542"
    assert "exit status 3" in found.message
    assert "memory is low" in found.message


def test_an_interpreter_that_is_not_there_is_a_finding(tmp_path, folders):
    child = script(tmp_path, "pass")._replace(interpreter=tmp_path / "no-python")
    assert fails(child).code == "ND542"


def test_no_room_for_the_files_is_a_finding(tmp_path, folders):
    """A limit on the size of files stands for the full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(DiagnosticError) as caught:
            run_job(script(tmp_path, "pass"), {}, {"x": np.arange(100_000)}, limits=PATIENT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [item.code for item in caught.value.diagnostics] == ["ND546"]


def test_no_room_for_the_result_is_a_finding(tmp_path, folders):
    body = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"
    found = fails(script(tmp_path, body))
    assert found.code == "ND540"
    assert "write the result" in found.message


def test_a_result_that_holds_objects_is_refused(tmp_path, folders):
    found = fails(script(tmp_path, "return {}, {'bad': np.array([{}], dtype=object)}"))
    assert found.code == "ND540"
    assert "holds object" in found.message


def test_stopping_ends_the_group_before_it_goes_on(tmp_path, folders):
    pids = tmp_path / "pids"

    def stop(_):
        raise KeyboardInterrupt

    child, plan = script(tmp_path, STAGED.replace("FAULT", "time.sleep(600)")), {"at": "read", "pids": str(pids)}
    with pytest.raises(KeyboardInterrupt):
        run_job(child, plan, {"x": np.arange(1)}, on_step=stop)
    assert gone([int(pid) for pid in pids.read_text().split()])


def caller(tmp_path, pids, place, short):
    """A process that runs a job which hangs, in a session of its own as a terminal's is."""
    child = script(tmp_path, STAGED.replace("FAULT", "time.sleep(600)"))
    code = f"""
import signal
import numpy as np
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it runs in the background ignore it
from neurodeploy.worker import Script, folders, run_job
folders.SHORT = Path({str(short)!r})
run_job(Script("toy", Path({sys.executable!r}), Path({str(child.path)!r})), {{"at": "run", "pids": {str(pids)!r}}}, {{"x": np.arange(1)}})
"""
    environment = {**os.environ, "TMPDIR": str(place)}
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, start_new_session=True, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while not (pids.exists() and len(pids.read_text().split()) == 2) and time.monotonic() < until:
        time.sleep(0.02)
    return process, [int(pid) for pid in pids.read_text().split()]


@pytest.fixture
def short():
    """A folder in place of /tmp, where other tests have their jobs."""
    with tempfile.TemporaryDirectory(prefix="nd", dir="/tmp") as name:
        yield Path(name)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "killed"])
@pytest.mark.parametrize("name", ["jobs", "a_folder_whose_path_is_longer_than_that_of_a_socket_may_be"])
def test_when_the_caller_goes_its_child_goes_too(tmp_path, folders, short, number, name):
    """After SIGKILL nobody is left to clean up but the child itself."""
    place = tmp_path / name
    place.mkdir(exist_ok=True)
    process, pids = caller(tmp_path, tmp_path / "pids", place, short)
    assert any(lives(pid) for pid in pids)
    process.send_signal(number)
    process.wait(timeout=20)
    assert gone(pids)
    until = time.monotonic() + 5
    while [*place.iterdir(), *short.iterdir()] and time.monotonic() < until:
        time.sleep(0.02)
    assert [*place.iterdir(), *short.iterdir()] == []


def test_two_jobs_at_once_do_not_meet(tmp_path, folders):
    child, results = script(tmp_path, "job.stage('run'); time.sleep(0.3)"), {}

    def work(number):
        results[number] = run_job(child, {"say": str(number)}, {"x": np.array([number])})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: result.meta["said"] for number, result in results.items()} == {0: "0", 1: "1", 2: "2"}
    assert {number: result.arrays["twice"].tolist() for number, result in results.items()} == {0: [0], 1: [2], 2: [4]}
