"""Checks of a kept state before a run resumes from it: shapes, and values that no run can reach. Both engines use them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.signals.state import RunState

__all__ = ["VARIABLES", "StateShape", "array_faults", "outside", "shape_faults", "state_fault", "unlimited"]

Array = NDArray[Any]
VARIABLES = ("u", "v", "refract")
"""States of every kind; kinds with two more keep them as memory_0 and memory_1."""


class StateShape(NamedTuple):
    """The part of a state that belongs to one population."""

    size: int
    memories: int
    """States besides u and v: 0 or 2."""
    slots: int
    planes: int


def state_fault(name: str, message: str) -> Diagnostic:
    """ND509 on one array of a state."""
    return finding("ND509", about("state", name), f"the state to resume from {message}")


def shape_faults(shapes: Mapping[str, StateShape], kept: RunState) -> list[Diagnostic]:
    """ND509 for each array that is missing, unknown, or of another shape than a state of the program has."""
    variables, arriving = dict[str, tuple[int, ...]](), dict[str, tuple[int, ...]]()
    for name, shape in shapes.items():
        names = [*VARIABLES, *(f"memory_{k}" for k in range(shape.memories))]
        variables |= {f"{name}.{variable}": (kept.n_samples, shape.size) for variable in names}
        arriving[name] = (kept.n_samples, shape.slots, shape.planes, shape.size)
    return [*array_faults(variables, kept.variables), *array_faults(arriving, kept.arriving)]


def array_faults(expected: Mapping[str, tuple[int, ...]], arrays: Mapping[str, Array]) -> Iterator[Diagnostic]:
    """ND509 for each of the `arrays` that is missing, unknown, or of another shape than `expected`."""
    for name, shape in expected.items():
        given = arrays.get(name)
        if given is None:
            yield state_fault(name, "has no such array")
        elif given.shape != shape or given.dtype.kind not in "iu":
            yield state_fault(name, f"holds it in shape {list(given.shape)}; needs {list(shape)}")
    for name in arrays.keys() - expected.keys():
        yield state_fault(name, "holds it, but the program has nothing of this name")


def unlimited(size: int) -> tuple[Array, Array]:
    """(size,) least and greatest value of what nothing limits but its 64 bits, in which all engines wrap alike."""
    held = np.iinfo(np.int64)
    return np.full(size, held.min), np.full(size, held.max)


def outside(values: Array, low: Array, high: Array) -> str | None:
    """What is wrong with values (..., size) outside the limits (size,) of their neurons; None if nothing is."""
    wrong = (values < low) | (values > high)
    if not wrong.any():
        return None
    first = np.unravel_index(int(wrong.argmax()), values.shape)
    neuron = first[-1]
    limits = f"{int(low[neuron]):,} to {int(high[neuron]):,}"
    example = f"sample {first[0]}, neuron {neuron} is {int(values[first]):,}; needs {limits}"
    return f"holds {int(wrong.sum()):,} values that no run can reach, first {example}"
