"""Findings about spikes that can differ although numbers hardly changed: ties at the threshold, and a filtered bias."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.network import CubaLi, CubaLif, Population
from neurodeploy.network.connectivity import SynapseList
from neurodeploy.network.neurons import SpikingNeuron
from neurodeploy.quantize.exact import ExactScale, sums_can_meet
from neurodeploy.quantize.fold import Folded
from neurodeploy.quantize.grid import DOUBLE, whole
from neurodeploy.quantize.weights import ProjectionWeights

__all__ = ["bias_findings", "tie_findings"]

Floats = NDArray[np.float64]
EQUAL_SPIKES = 1 << 16
"""Number of equal spikes up to which a sum that equals the threshold counts as a tie."""


def tie_findings(
    population: Population, folded: Folded, incoming: list[ProjectionWeights], exact: ExactScale | None
) -> Iterator[Diagnostic]:
    """Yield ND220 where sums can equal the threshold exactly in floats, and registers do not hold them exactly."""
    neuron, where = population.neuron, about("population", population.name)
    if not isinstance(neuron, SpikingNeuron) or folded.threshold is None:
        return
    if exact is not None and exact.open_ties:
        message = "its float32 numbers are multiples of one number only up to rounding, some above and some below: "
        message += f"sums that equal the threshold up to rounding count as equal (`{neuron.comparison}`), and floats may differ"
        yield finding("ND220", where, message, severity="info")
    if exact is not None and exact.spikes is not None:
        message = "`>=` with reset 'subtract' subtracts one register step less than the threshold: ties are exact for the first "
        yield finding("ND220", where, f"{message}{exact.spikes:,} spikes of a neuron in one sample")
    if exact is not None or not folded.stepwise:
        return
    if any(_meets(folded.threshold, item) for item in incoming) or sums_can_meet(folded, incoming, neuron):
        message = (
            "sums of weights can equal the threshold exactly, and no scale holds weights, bias and threshold exactly: "
        )
        fixes = ["make weights, bias and threshold whole multiples of one number, and no weight more than 255 times it"]
        yield finding("ND220", where, f"{message}such ties may go either way under `{neuron.comparison}`", fixes=fixes)


def _meets(threshold: Floats, item: ProjectionWeights) -> bool:
    """Whether a whole number of spikes through one synapse sums to the threshold of its neuron exactly."""
    listed = item.connectivity if isinstance(item.connectivity, SynapseList) else None
    for value in np.unique(threshold)[:1] if listed is None else (None,):
        post = listed.targets if listed is not None else None
        aims = threshold[post] if value is None and post is not None else np.full(item.volts.size, value or 0.0)
        above = (item.volts > 0) & (item.volts * EQUAL_SPIKES >= aims)
        if above.any() and bool((aims[above] > 0).all()):
            ratio = aims[above] / item.volts[above]
            return bool(whole(ratio, 1.0, DOUBLE).any())
    return False


def bias_findings(population: Population, folded: Folded) -> Iterator[Diagnostic]:
    """Yield ND219 for a bias that should charge a synaptic filter and is added to v from the first step on instead."""
    neuron, where = population.neuron, about("population", population.name)
    if not isinstance(neuron, (CubaLif, CubaLi)) or not np.any(neuron.bias):
        return
    charged = np.broadcast_to(np.asarray(neuron.bias, dtype=np.float64).ravel(), (population.size,)) != 0
    if bool((folded.keep_i[charged] >= 1).any()):
        message = "its bias charges a current that never settles (keep_i = 1), which no register can represent"
        yield finding("ND219", where, message, severity="error")
        return
    drive = (
        folded.weight_gain
        * np.asarray(neuron.bias, dtype=np.float64).ravel()
        / (1.0 - np.where(charged, folded.keep_i, 0.0))
    )
    extra = drive * np.where(charged, folded.keep_i / (1.0 - np.where(charged, folded.keep_i, 0.0)), 0.0)
    if not np.any(extra):
        return
    worst = int(np.argmax(np.abs(extra)))
    keep = float(folded.keep_i[worst])
    steps = int(np.ceil(np.log(0.01) / np.log(abs(keep)))) if keep else 0
    message = f"its bias is added to v in full from the first step of a sample on, instead of charging the current over {steps} steps"
    size = f"v receives {extra[worst]:.4g} more in each sample"
    if folded.threshold is not None:
        size += f", {extra[worst] / folded.threshold[worst]:.2g} thresholds, or about as many extra spikes per neuron"
    fixes = ["use an input line that spikes in every step, with the bias as its weight: its current is filtered"]
    yield finding("ND219", where, f"{message}: {size}", fixes=fixes)
