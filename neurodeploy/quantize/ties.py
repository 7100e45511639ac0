"""Where spikes can differ although no number moved far: sums that meet the threshold, and a bias that has to charge a filter."""

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
"""Equal spikes in a row after which a sum that meets the threshold still counts as a tie."""


def tie_findings(
    population: Population, folded: Folded, incoming: list[ProjectionWeights], exact: ExactScale | None
) -> Iterator[Diagnostic]:
    """Yield ND220 where sums meet the threshold exactly in floats, and the registers do not hold them exactly."""
    neuron, where = population.neuron, about("population", population.name)
    if not isinstance(neuron, SpikingNeuron) or folded.threshold is None:
        return
    if exact is not None and exact.open_ties:
        told = "its single-precision numbers are multiples of one number but for their last bits, above some and below others: "
        told += f"sums that meet the threshold but for these are taken to meet it (`{neuron.comparison}`), and floats may not"
        yield finding("ND220", where, told, severity="info")
    if exact is not None and exact.spikes is not None:
        told = "`>=` with reset 'subtract' takes one register step less than the threshold: ties hold for the first "
        yield finding("ND220", where, f"{told}{exact.spikes:,} spikes of a neuron in one sample")
    if exact is not None or not folded.stepwise:
        return
    if any(_meets(folded.threshold, item) for item in incoming) or sums_can_meet(folded, incoming, neuron):
        told = "sums of weights meet the threshold exactly, and no scale holds weights, bias and threshold exactly: "
        fixes = ["weights, bias and threshold that are whole multiples of one number, at most 255 of them in a weight"]
        yield finding("ND220", where, f"{told}`{neuron.comparison}` may go either way", fixes=fixes)


def _meets(threshold: Floats, item: ProjectionWeights) -> bool:
    """Whether a whole number of one weight's spikes reaches the threshold of its neuron exactly."""
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
    """Yield ND219 where a bias that charges a synaptic filter is added to v from the first step on instead, with its size."""
    neuron, where = population.neuron, about("population", population.name)
    if not isinstance(neuron, (CubaLif, CubaLi)) or not np.any(neuron.bias):
        return
    charged = np.broadcast_to(np.asarray(neuron.bias, dtype=np.float64).ravel(), (population.size,)) != 0
    if bool((folded.keep_i[charged] >= 1).any()):
        told = "its bias goes into a current that never settles (keep_i = 1), and no register does that"
        yield finding("ND219", where, told, severity="error")
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
    told = f"its bias is added to v in full from the first step of a sample on, and does not charge the current over {steps} steps"
    size = f"v gets {extra[worst]:.4g} more in each sample"
    if folded.threshold is not None:
        size += f", {extra[worst] / folded.threshold[worst]:.2g} thresholds: about as many spikes more of a neuron"
    fixes = ["an input line that spikes in every step, with the bias as its weight, is filtered as asked"]
    yield finding("ND219", where, f"{told}: {size}", fixes=fixes)
