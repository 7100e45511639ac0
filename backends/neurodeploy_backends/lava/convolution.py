"""Links that lava can run as its Conv process, with their kernels. All others are lists of synapses.

lava's fixed-point Conv ignores weight bits, exponent and sign mode and has no delays, so a link becomes a Conv only where
none of them has an effect and the program's tables hold exactly the synapses of the network's kernel. Conv flips the kernel,
as a mathematical convolution does, so it is given a flipped one. Source: lava-nc 0.10.0 conv/utils.py; measured.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.arithmetic import stored_mantissas
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network import Conv2d, Projection
from neurodeploy.network.connectivity import synapses_of
from neurodeploy.program.program import Program
from neurodeploy.worker import SimulatorJob

__all__ = ["as_convolutions"]

Array = NDArray[Any]


def as_convolutions(
    program: Program, job: SimulatorJob, dialect: Dialect
) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    """(links, kernels) of a job; links that lava's Conv can run have the entry "conv" with their geometry."""
    given = {item.name: item for item in program.network.projections}
    links, kernels = list[dict[str, Any]](), dict[str, Array]()
    for number, row in enumerate(job.plan["links"]):
        projection = given[row["projection"]]
        operation = projection.operation
        if not isinstance(operation, Conv2d) or not _is_plain(program, projection, row, number, job, dialect):
            links.append(row)
            continue
        geometry = {"input_shape": operation.input_shape, "stride": operation.stride, "padding": operation.padding}
        links.append({**row, "conv": {**geometry, "dilation": operation.dilation, "groups": operation.groups}})
        flipped = np.asarray(operation.weights, dtype=np.int64)[:, :, ::-1, ::-1]
        # (out, in, height, width) -> (out, height, width, in)
        kernels[f"link.{number}.kernel"] = np.ascontiguousarray(flipped.transpose(0, 2, 3, 1))
    return links, kernels


def _is_plain(
    program: Program, projection: Projection, row: dict[str, Any], number: int, job: SimulatorJob, dialect: Dialect
) -> bool:
    """Whether a link is exactly its kernel: no exponent, delay, rounding or missing synapse."""
    if row["exponent"] or row["delay_steps"]:
        return False
    mantissas = job.arrays[f"link.{number}.mantissas"]
    if not np.array_equal(stored_mantissas(dialect, mantissas, row["weight_bits"], row["sign_mode"]), mantissas):
        return False
    wanted = synapses_of(projection, program.network.source_size(projection.source))
    found = (job.arrays[f"link.{number}.{name}"] for name in ("pre", "post"))
    pairs = zip((wanted.pre, wanted.post, wanted.weights), (*found, mantissas), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)
