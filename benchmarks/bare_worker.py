"""Worker: the bare loops on the spikes of a finished run, in an environment of their own (`environments.BARE`).

Started as `python bare_worker.py CASE_FOLDER KEY STEPS`, with the protocol of the peers' workers, without counts. Each loop
must first give the sums that numpy finds in the synapses of the case's files.
"""

# pyright: basic
from __future__ import annotations

import json
import math
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numba
import numpy as np
from bare import Bare, copy_bandwidth
from workloads import Case, build


def _expected(case: Case, arrays: Any, number: int, first: Any, lines: Any) -> Any:
    """(targets,) int32: the sums of a link by the synapses in the case's files, by target."""
    sizes = {name: math.prod(shape) for name, shape in case.inputs.items()}
    sizes |= {layer.name: layer.size for layer in case.layers}
    source, target = case.links[number].source, case.links[number].target
    sent = np.bincount(lines[: first[-1]], minlength=sizes[source])
    if f"link{number}.dense" in arrays.files:
        return (sent @ arrays[f"link{number}.dense"].astype(np.int64)).astype(np.int32)
    indptr, indices, data = (arrays[f"link{number}.{part}"] for part in ("indptr", "indices", "data"))
    # floats hold these sums exactly
    sums = np.bincount(indices, data * np.repeat(sent, np.diff(indptr)), sizes[target])
    return sums.astype(np.int64).astype(np.int32)


def _require_sums(case: Case, arrays: Any, variant: Bare) -> None:
    """RuntimeError if a loop does not deliver what the case's files say."""
    for number, found in enumerate(variant.sums()):
        expected = _expected(case, arrays, number, *variant.links[number][:2])
        for name, acc in found:
            # the loop of a convolution counts channel last
            wanted = (
                expected.reshape(case.links[number].conv.weights.shape[0], -1).T.ravel() if name == "conv" else expected
            )
            if not np.array_equal(acc, wanted):
                raise RuntimeError(f"bare loop '{name}' of link {number} does not deliver the synapses of the case")


def _answer(folder: Path, key: str, steps: int) -> None:
    case = build(key)
    arrays, recorded = np.load(folder / "case.npz"), np.load(folder / "spikes.npz")
    spikes = {name: arrays[f"input.{name}"] for name in case.inputs}
    spikes |= {name: recorded[name] for name in recorded.files}
    start = time.perf_counter()
    variants = {"bare": Bare(case, spikes, steps)}
    if any(link.conv is not None for link in case.links):
        variants["expanded"] = Bare(case, spikes, steps, expanded=True)
    for variant in variants.values():
        _require_sums(case, arrays, variant)
    versions = {"python": sys.version.split()[0], "numpy": np.__version__, "numba": numba.__version__}
    print(json.dumps({"ready": time.perf_counter() - start, "versions": versions}), flush=True)
    for _ in sys.stdin:
        found: dict[str, Any] = {name: item.seconds() for name, item in variants.items()}
        print(json.dumps({**found, "copy_bytes_per_s": copy_bandwidth()}), flush=True)


def main() -> None:
    """Answer requests until standard input ends."""
    try:
        _answer(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    except Exception as error:
        traceback.print_exc()
        print(json.dumps({"failed": f"{type(error).__name__}: {error}".splitlines()[0][:300]}), flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
