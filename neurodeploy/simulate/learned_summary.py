"""What a run has learned, in figures for each plastic projection: weights before and after, and how many lie at a limit."""

from __future__ import annotations

from math import isqrt, prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Network, Pes, SumOfProducts, equation_text
from neurodeploy.program.plastic import PlasticSynapses, plastic_synapses
from neurodeploy.program.program import Program
from neurodeploy.signals.recording import Recording
from neurodeploy.simulate.learning_check import learned_limits

__all__ = ["LearnedProjection", "field_shape", "learned_projections", "rule_texts", "runs_of_rule"]

Array = NDArray[Any]


class LearnedProjection(NamedTuple):
    """The weights of one plastic projection before and after a run, in mantissas."""

    name: str
    synapses: PlasticSynapses
    before: Array
    """(n_synapses,) weights of the program."""
    after: Array
    """(n, n_synapses) learned weights: of each sample that learned apart, or of all."""
    limits: tuple[int, int]
    """The least and the greatest weight that the rule can reach."""

    @property
    def changed(self) -> int:
        """Number of weights that differ from those of the program, over all samples."""
        return int(np.count_nonzero(self.after != self.before))

    def fields(self, sample: int = 0) -> Array:
        """Return (n_target, n_source) learned weights of a sample, 0 where there is no synapse."""
        listed = self.synapses.listed
        made = np.zeros((listed.n_target, listed.n_source), dtype=np.int64)
        made[listed.post, listed.pre] = self.after[sample]
        return made

    @property
    def at_limits(self) -> int:
        """Number of these that are the least or the greatest weight."""
        at_end = (self.after == self.limits[0]) | (self.after == self.limits[1])
        return int(np.count_nonzero(at_end & (self.after != self.before)))

    @property
    def largest_change(self) -> int:
        """Largest |after - before|, in mantissas."""
        return int(np.abs(self.after - self.before).max(initial=0))


def learned_projections(program: Program, recording: Recording) -> tuple[LearnedProjection, ...]:
    """Return the figures of each plastic projection, in the order of the network; none if nothing could learn.

    `program`: sound. `recording`: a sound recording of it.
    """
    if recording.learned is None:
        return ()
    limits, found = learned_limits(program), list[LearnedProjection]()
    for name, item in plastic_synapses(program).items():
        after = recording.learned.synapses.get(f"{name}.w")
        if after is None:
            continue
        before = program.tables.entry_mantissa[item.entry].astype(np.int64)
        low, high = limits[f"{name}.w"]
        low = max(low, -high) if isinstance(item.rule, Pes) else low  # its updates are clipped alike on both sides
        found.append(LearnedProjection(name, item, before, after.astype(np.int64), (low, high)))
    return tuple(found)


def field_shape(network: Network, source: str) -> tuple[int, int, int]:
    """Return (channels, height, width) in which the weights of a `source` of `network` are drawn.

    A flat source is a square where it can be, otherwise one row; of axes before the last two, each place is a channel.
    """
    shapes = {item.name: item.shape for item in (*network.inputs, *network.populations)}
    axes = list(shapes[source])
    if len(axes) > 1:
        return prod(axes[:-2]), axes[-2], axes[-1]
    size = prod(axes)
    side = isqrt(size)
    return (1, side, side) if side * side == size else (1, 1, size)


def rule_texts(rule: SumOfProducts | Pes) -> tuple[str, ...]:
    """Return the equations of a rule, one for each variable that it changes."""
    if isinstance(rule, Pes):
        rate = f"{rule.mantissa}*2^{rule.exponent - 2}"
        return (
            f"dw = {rate}*x1*e, e = {rule.error_scale:g} * error from '{rule.error}', delivered to pairs of neurons with both signs",
        )
    changes = {"dw": rule.dw, "dd": rule.dd, "dt": rule.dt}
    return tuple(f"{name} = {equation_text(products)}" for name, products in changes.items() if products)


def runs_of_rule(rule: SumOfProducts | Pes, recording: Recording) -> int:
    """Return how often a rule changed weights in each sample of a recording: at the end of every epoch."""
    return recording.n_steps // rule.epoch_steps - (recording.first_step - 1) // rule.epoch_steps
