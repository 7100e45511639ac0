"""Checks of what a kept state says about plastic projections, before a run resumes from it. Both engines use them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.network import Pes
from neurodeploy.program.program import Program
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.state import RunState
from neurodeploy.simulate.learning_check import learned_limits
from neurodeploy_backends.emulator.spec_learning import THIRD_LEAST, THIRD_MOST, TRACE_TOP
from neurodeploy_backends.emulator.spec_pes import ERROR_TOP
from neurodeploy_backends.emulator.spec_plastic import Plastic, kept_learning, plastic_state
from neurodeploy_backends.emulator.state_checks import array_faults, outside, state_fault

__all__ = ["learning_state_faults"]

TRACE, SET_TRACE, GRADED_TRACE = (0, TRACE_TOP), (THIRD_LEAST, THIRD_MOST), (0, 255)
"""Range of a trace, of one that a third factor may set, and of one that values of graded spikes set. [lava-nc 0.10.0
magma/core/learning/constants.py and magma/core/model/py/connection.py]"""

PES_ERROR = (-ERROR_TOP, ERROR_TOP)
"""Range of an error of PES."""


def learning_state_faults(program: Program, items: Mapping[str, Plastic], kept: RunState) -> list[Diagnostic]:
    """ND509 for each array of plastic projections that has another shape than this program's, or values that no run reaches."""
    begun = kept_learning(plastic_state(items, range(1), 1, 0, RunOptions()))
    shapes = {name: (kept.n_samples, *values.shape[1:]) for name, values in begun.items()}
    found = list(array_faults(shapes, kept.learning))
    return found or list(_values(_ranges(program, items), kept))


def _ranges(program: Program, items: Mapping[str, Plastic]) -> dict[str, tuple[int, int]]:
    """ "projection.variable" -> (least, greatest) value of those that have limits."""
    found = dict(learned_limits(program))
    for name, item in items.items():
        rule = item.rule
        found |= {f"{name}.{flag}": (0, 1) for flag in ("sent", "spiked")}
        if isinstance(rule, Pes):
            found |= {f"{name}.x1": TRACE, f"{name}.error": PES_ERROR}
            continue
        graded = rule.graded != "none"
        found |= {f"{name}.x1": GRADED_TRACE if graded else TRACE, f"{name}.x2": TRACE}
        own = SET_TRACE if rule.third_factors else TRACE
        found |= {f"{name}.{trace}": own for trace in ("y1", "y2", "y3")}
        found |= {f"{name}.{time}": (0, rule.epoch_steps) for time in ("tx", "ty")}
    return found


def _values(ranges: Mapping[str, tuple[int, int]], kept: RunState) -> Iterator[Diagnostic]:
    for name, (low, high) in ranges.items():
        values = kept.learning.get(name)
        if values is None:
            continue
        size = values.shape[1:]
        message = outside(values, np.full(size, low), np.full(size, high))
        if message:
            yield state_fault(name, message.replace(", neuron ", ", number "))
