"""However a neurodeploy process ends, its child processes end too, and no temporary folder stays behind."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from neurodeploy.worker.folders import LOCK, PREFIX, job_folder, sweep_jobs
from neurodeploy.worker.guarded import run_guarded

UV = """#!/bin/sh
for last; do :; done
case "$1" in
--version) echo uv 1.0;;
venv) mkdir -p "$last/bin"; printf '#!/bin/sh\\nexec {python} "$@"\\n' > "$last/bin/python"; chmod +x "$last/bin/python";;
pip) sleep 300 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait;;
esac
"""
"""A uv that compiles in a process of its own, for ever."""


def lives(pid):
    """Whether a process runs; one that is only not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False


def within(seconds, condition):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return condition()


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="/proc is missing and cannot be had: only Linux lists processes there"
)
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("SIGKILL", -signal.SIGKILL),
        ("SIGTERM", 143),
        pytest.param("SIGHUP", 129, marks=pytest.mark.slow),
        pytest.param("SIGINT", 130, marks=pytest.mark.slow),
    ],
)
def test_an_installation_that_a_signal_ends_takes_its_processes_with_it(tmp_path, name, status):
    uv, pids = tmp_path / "bin" / "uv", tmp_path / "pids"
    uv.parent.mkdir()
    uv.write_text(UV.format(python=sys.executable, pids=pids))
    uv.chmod(uv.stat().st_mode | stat.S_IXUSR)
    path = f"{uv.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "NEURODEPLOY_DATA": str(tmp_path / "data")}
    command = [sys.executable, "-m", "neurodeploy", "backends", "install", "lava"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert within(60, pids.exists), process.communicate(timeout=5)
    started = [int(pid) for pid in pids.read_text().split()]
    assert all(map(lives, started))
    process.send_signal(getattr(signal, name))
    _, told = process.communicate(timeout=30)
    assert process.returncode == status
    assert "Traceback" not in told
    assert within(10, lambda: not any(map(lives, started)))


def test_a_command_that_cannot_be_started_is_an_ending_and_not_a_traceback():
    told = []
    ended = run_guarded(["/nowhere/uv", "venv"], {}, told.append)
    assert ended.status == 127
    assert ended.lines == ("/nowhere/uv cannot be started: No such file or directory",)


def test_status_and_lines_of_a_command_are_its_own():
    ended = run_guarded(["/bin/sh", "-c", "echo one; echo two >&2; exit 7"], {}, lambda _: None)
    assert ended == (7, ("one", "two"))


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def aged(folder):
    os.utime(folder, (1, 1))


def test_folders_of_jobs_that_nobody_waits_for_are_swept(folders):
    left, young, foreign = folders / f"{PREFIX}a", folders / f"{PREFIX}b", folders / f"{PREFIX}c"
    for folder in (left, young, foreign):
        folder.mkdir()
    for folder in (left, young):
        (folder / LOCK).touch()
    aged(left), aged(foreign)
    with job_folder() as mine:
        aged(mine)
        sweep_jobs()
        assert sorted(folders.iterdir()) == sorted([young, foreign, mine]), "a job that runs is not swept"
    assert sorted(folders.iterdir()) == [young, foreign]


def test_a_folder_whose_job_is_waited_for_elsewhere_stays(folders):
    held = folders / f"{PREFIX}d"
    held.mkdir()
    with (held / LOCK).open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        aged(held)
        sweep_jobs()
        assert held.exists()
    aged(held)
    sweep_jobs()
    assert not held.exists()
