"""The common part of all workers of peers: reads a case from files and answers on standard output in JSON lines.

Started as `python WORKER.py CASE_FOLDER STEPS [OPTION...]`. First line: {"ready": ..., "versions": ...} once the
network is built. Then, for each line "run" on standard input, one run from the cleared state:
{"seconds": time of the steps alone, "counts": file of spikes of every neuron}. Needs numpy and nothing else of ours;
must run on Python 3.10 and numpy 1.24.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Synapses(NamedTuple):
    """Exactly one of `dense` (pre, post) and the three arrays of CSR by source is there."""

    source: str
    target: str
    dense: Any
    indptr: Any
    indices: Any
    data: Any

    def as_csr(self) -> tuple[Any, Any, Any]:
        """Return indptr, indices, data; zeros of a dense matrix are no synapses."""
        if self.dense is None:
            return self.indptr, self.indices, self.data
        pre, post = np.nonzero(self.dense)
        indptr = np.concatenate([[0], np.cumsum(np.count_nonzero(self.dense, axis=1))])
        return indptr, post.astype(np.int32), self.dense[pre, post]

    def pairs(self) -> tuple[Any, Any, Any]:
        """Return source, target and weight of every synapse."""
        indptr, indices, data = self.as_csr()
        return np.repeat(np.arange(indptr.size - 1, dtype=np.int32), np.diff(indptr)), indices, data

    def rows(self) -> list[tuple[Any, Any]]:
        """Return (targets, weights) of every source."""
        indptr, indices, data = self.as_csr()
        bounds = indptr.tolist()
        return [(indices[a:b], data[a:b]) for a, b in itertools.pairwise(bounds)]


class Layer(NamedTuple):
    name: str
    size: int
    vth: int
    bias: Any
    """(size,) what is added to the voltage's input in each step; None: nothing."""
    bias_mant: Any
    bias_exp: int


class Case(NamedTuple):
    steps: int
    du: int
    dv: int
    layers: list[Layer]
    inputs: dict[str, int]
    synapses: list[Synapses]
    events: dict[str, Any]
    """Input -> (n, 2) rows (step from 1, line), up to `steps`."""
    folder: Path

    def raster(self, name: str) -> Any:
        """Return (steps, lines) bool."""
        full = np.zeros((self.steps, self.inputs[name]), dtype=bool)
        rows = self.events[name]
        full[rows[:, 0] - 1, rows[:, 1]] = True
        return full


def read_case(folder: Path, steps: int) -> Case:
    about, arrays = json.loads((folder / "case.json").read_text()), np.load(folder / "case.npz")

    def array(name: str) -> Any:
        return arrays[name] if name in arrays.files else None

    layers = []
    for item in about["layers"]:
        mant, exp = array("bias." + item["name"]), item["bias_exp"]
        bias = None if mant is None else mant << exp
        layers.append(Layer(item["name"], item["size"], item["vth"], bias, mant, exp))
    synapses = [
        Synapses(
            item["source"],
            item["target"],
            *(array(f"link{k}.{part}") for part in ("dense", "indptr", "indices", "data")),
        )
        for k, item in enumerate(about["links"])
    ]
    events = {}
    for item in about["inputs"]:
        rows = arrays["input." + item["name"]]
        events[item["name"]] = rows[: np.searchsorted(rows[:, 0], steps, side="right")]
    inputs = {item["name"]: item["size"] for item in about["inputs"]}
    return Case(steps, about["du"], about["dv"], layers, inputs, synapses, events, folder)


class UnsupportedError(Exception):
    """The peer cannot express the network; not a fault."""


Runner = Callable[[], "tuple[float, dict[str, Any]]"]
"""One run from the cleared state: seconds of the steps alone, and layer -> (size,) spikes."""


def serve(prepare: Callable[..., tuple[Runner, dict[str, str]]]) -> None:
    """Build the case that the command line names, then answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # output of a library must not look like an answer
    try:
        start = time.perf_counter()
        folder, steps, options = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
        case = read_case(folder, steps)
        runner, versions = prepare(case, *options)
        versions = {"python": sys.version.split()[0], "numpy": np.__version__, **versions}
        ready: dict[str, Any] = {"ready": time.perf_counter() - start, "versions": versions}
        if hasattr(runner, "peak_bytes"):  # of a binary, which has ended when the parent reads it
            ready["peak_bytes"] = runner.peak_bytes
        print(json.dumps(ready), file=answers)
        for line in sys.stdin:
            if line.strip() != "run":
                break
            seconds, counts = runner()
            path = folder / f"counts-{os.getpid()}.npz"
            np.savez(path, **{name: np.asarray(values).astype(np.int64) for name, values in counts.items()})
            print(json.dumps({"seconds": seconds, "counts": str(path)}), file=answers)
    except Exception as error:
        traceback.print_exc()
        reason = str(error) if isinstance(error, UnsupportedError) else f"{type(error).__name__}: {error}"
        last = reason.strip().splitlines()[0]
        print(json.dumps({"failed": last[:300]}), file=answers)
        answers.flush()
        os._exit(1)  # helper threads of some peers would keep the process alive forever
