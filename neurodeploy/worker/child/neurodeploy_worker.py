"""Child side of a worker. Runs in a simulator's interpreter: numpy and the standard library, Python 3.8 or later.

A script calls `serve(simulate)`. It is started as `python SCRIPT FOLDER`; the folder holds `job.json` (plain data) and
`job.npz` (arrays). `simulate(job)` returns (plain data, arrays), which become `result.json` and `result.npz`. Progress is
reported as lines of JSON on the original standard output; everything else that is printed goes to standard error. When the
other end of standard input closes, the parent has ended: the child then removes its shared memory and its folders and ends its
whole process group.
"""

import contextlib
import glob
import json
import os
import shutil
import signal
import sys
import threading
import traceback
from pathlib import Path

import numpy as np

SHARED_MEMORY = "/dev/shm"
LOOK_S = 0.1
"""Seconds between reads of a watched counter."""


class Job:
    """A job: plan, arrays, and the reports of its progress."""

    def __init__(self, folder, channel):
        self.folder = Path(folder)
        self.plan = json.loads((self.folder / "job.json").read_text(encoding="utf-8"))
        with np.load(self.folder / "job.npz", allow_pickle=False) as arrays:
            self.arrays = {name: arrays[name] for name in arrays.files}
        self._channel = channel
        self._lock = threading.Lock()
        self._watched = None

    def report(self, **line):
        """Report one line of JSON."""
        with self._lock:
            self._channel.write((json.dumps(line) + "\n").encode())
            self._channel.flush()

    def stage(self, name):
        """Report the start of a stage."""
        self._watched = None
        self.report(stage=name)

    def step(self, done):
        """Report the number of steps done, over all runs of the job."""
        self.report(step=int(done))

    def fail(self, error):
        """Report an exception from a forked process, which the simulator may not notice."""
        failure = {"error": f"{type(error).__name__}: {error}"[:500], "traceback": traceback.format_exc()[-2500:]}
        os.write(self._channel.fileno(), (json.dumps({"failed": failure}) + "\n").encode())

    def watch(self, counter):
        """Report the value of `counter()` whenever it changes, until the next stage."""
        self._watched = counter
        threading.Thread(target=self._follow, args=(counter,), daemon=True).start()

    def _follow(self, counter):
        last, tick = None, threading.Event()
        while self._watched is counter:
            value = int(counter())
            if value != last and self._watched is counter:
                self.step(value)
            last = value
            tick.wait(LOOK_S)


def sweep_shared_memory(prefix):
    """Remove shared-memory segments by the prefix of their names."""
    for path in glob.glob(os.path.join(SHARED_MEMORY, glob.escape(prefix) + "*")):
        with contextlib.suppress(OSError):
            os.unlink(path)


def _end_with_parent(folders, prefix):
    """Wait for the other end of the standard input to close, then clean up and end the group."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    sweep_shared_memory(prefix)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def _name_shared_memory(prefix):
    """Name all shared-memory segments of this process and its children after the job, so that they can be removed."""
    from multiprocessing import shared_memory

    if hasattr(shared_memory, "_SHM_NAME_PREFIX"):
        shared_memory._SHM_NAME_PREFIX = "/" + prefix


def _save(folder, meta, arrays):
    for name, value in arrays.items():
        if np.asarray(value).dtype.kind not in "biuf":
            raise TypeError(f"array '{name}' of a result holds {np.asarray(value).dtype}")
    np.savez(str(folder / "result.npz"), **arrays)
    (folder / "result.json").write_text(json.dumps(meta), encoding="utf-8")


def serve(simulate):
    """Do the job in the folder given on the command line, and end the process."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    folder = Path(sys.argv[1])
    try:
        job = Job(folder, channel)
        prefix = job.plan["shared_memory"]
        folders = {str(folder), job.plan["temporary"]}
        threading.Thread(target=_end_with_parent, args=(folders, prefix), daemon=True).start()
        _name_shared_memory(prefix)
        job.stage("start")
        meta, arrays = simulate(job)
        job.stage("write the result")
        versions = {"python": sys.version.split()[0], "numpy": np.__version__}
        _save(folder, {**meta, "versions": {**versions, **meta.get("versions", {})}}, arrays)
        job.report(done=True)
    except BaseException as error:  # also SystemExit: report it before the process ends
        failure = {"error": type(error).__name__ + ": " + str(error), "traceback": traceback.format_exc()}
        channel.write((json.dumps({"failed": failure}) + "\n").encode())
    channel.flush()
    sys.stderr.flush()
    os._exit(0)  # exit handlers of a simulator must not delay or change the result
