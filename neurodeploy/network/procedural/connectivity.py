"""The synapses of a procedural operation, with the views that every connectivity has. They are drawn when they are read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import narrowed, read_only
from neurodeploy.base.noun import IntArray, Name, Noun, RawArray
from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.network.coordinates import Coordinates
from neurodeploy.network.procedural.drawing import Drawing
from neurodeploy.network.procedural.operations import DistanceKernel, FixedNumber, FixedProbability, Procedural
from neurodeploy.network.synapse_list import BATCH, SynapseList, sorted_list
from neurodeploy.network.synapse_views import SynapsesByTarget

__all__ = ["ProceduralConnectivity"]

Ints = NDArray[np.int64]
MOST_LISTED = 1 << 27
"""Most synapses that are written out; each takes some 40 bytes while they are sorted."""


class ProceduralConnectivity(Noun):
    """Synapses that are drawn, with the weights of the network or with integer mantissas.

    A synapse takes its weight from a row of a table; only rows that occur are here, so that a scale found from `weights` is
    that of the synapses written out.
    """

    projection: Name
    """Name of the projection, for findings."""
    operation: FixedProbability | FixedNumber | DistanceKernel
    """The rule."""
    rows: IntArray
    """(n,) rows of the table of weights that occur: (times - 1) * levels + row of the distribution."""
    weights: RawArray
    """(n,) weight or mantissa of each of them."""
    delay_steps: int
    """Delay in steps that the drawn delays add to, beyond the one that every synapse takes."""

    @classmethod
    def of(cls, operation: Procedural, delay_steps: int = 0, *, projection: str = "drawn") -> ProceduralConnectivity:
        """Return the connectivity of a valid operation with the weights of the network.

        `delay_steps`: what is added to the drawn delays. `projection`: its name in findings.
        """
        drawing = Drawing(operation, delay_steps)
        constant = drawing.weights.size == 1 and not drawing.repeats
        rows = np.flatnonzero([int(drawing.fan_in.sum()) > 0]) if constant else drawing.survey.rows
        times, row = np.divmod(rows, drawing.weights.size)
        weights = (times + 1) * drawing.weights[row]
        made = cls(
            projection=projection,
            operation=operation,
            rows=read_only(rows),
            weights=read_only(weights),
            delay_steps=delay_steps,
        )
        return made._with(drawing)

    def _with(self, drawing: Drawing) -> ProceduralConnectivity:
        """Itself, keeping what another connectivity of the same rule knows."""
        self.derived("_drawing", lambda _: drawing)
        return self

    @property
    def _drawing(self) -> Drawing:
        return self.derived("_drawing", lambda own: Drawing(own.operation, own.delay_steps))

    @property
    def n_source(self) -> int:
        """Neurons or lines of the source."""
        return self.operation.shape[1]

    @property
    def n_target(self) -> int:
        """Neurons of the target population."""
        return self.operation.shape[0]

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return int(self.fan_in.sum())

    @property
    def distinct_weights(self) -> int:
        """Least number of weights that cores store: every synapse has its own weight."""
        return self.n_synapses

    @property
    def shares_weights(self) -> bool:
        """Whether neurons at different positions have the same weights, as those of a convolution do."""
        return False

    @property
    def fan_in(self) -> Ints:
        """(n_target,) synapses of each target."""
        return self._drawing.fan_in

    @property
    def fan_out(self) -> Ints:
        """(n_source,) synapses of each source. All synapses are drawn once."""
        return self._drawing.survey.fan_out

    @property
    def longest_delay(self) -> Ints:
        """(n_target,) longest delay into each target, in steps; 0 without synapses."""
        drawing = self._drawing
        if drawing.values.delays.size == 1:
            return np.where(self.fan_in > 0, int(drawing.values.delays[0]), 0)
        return drawing.survey.longest.astype(np.int64)

    def into(self, neurons: Ints) -> SynapsesByTarget:
        """Return the synapses into `neurons` (ascending), which are drawn again at each call."""
        return self._drawing.into(neurons, self._table)

    @property
    def _table(self) -> NDArray[Any]:
        """The weight of each row of the table, 0 for rows that do not occur."""
        return self.derived("_weights_by_row", _by_row)

    def batches(self) -> Iterator[tuple[int, SynapsesByTarget]]:
        """Yield (first target, synapses into it and the targets that follow) until all targets are visited."""
        total = np.cumsum(np.maximum(self.fan_in, 1))
        cuts = np.searchsorted(total, np.arange(BATCH, int(total[-1]), BATCH))
        bounds: list[int] = np.unique(np.r_[0, cuts, self.n_target]).tolist()
        for start, stop in pairwise(bounds):
            yield start, self.into(np.arange(start, stop))

    def sums(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return (n_target,) sums over the synapses of each target; `values` in the order of `weights`."""
        table = np.zeros(int(self.rows[-1]) + 1 if self.rows.size else 1)
        table[self.rows] = values
        return self._drawing.sums(table)

    def with_mantissas(self, mantissas: NDArray[np.integer[Any]]) -> ProceduralConnectivity:
        """Return the same synapses with int16 `mantissas`, in the order of `weights`."""
        made = self.model_copy(update={"weights": read_only(narrowed(mantissas, np.int16))})
        return made._with(self._drawing)

    def listed(self) -> SynapseList:
        """Return the synapses written out. Raises DiagnosticError: ND135 (too many)."""
        if self.n_synapses > MOST_LISTED:
            message = "its drawn synapses would have to be written out one by one"
            where, limit = about("projection", self.projection), MOST_LISTED
            refusal = finding("ND135", where, message, found=self.n_synapses, limit=limit, unit="synapse")
            raise DiagnosticError("network", (refusal,))
        whole = self.into(np.arange(self.n_target))
        order = np.argsort(whole.source, kind="stable")
        coordinates = Coordinates(whole.source[order], whole.rows[order], whole.weights[order])
        return sorted_list(coordinates, whole.delay_steps[order], (self.n_source, self.n_target))


def _by_row(own: ProceduralConnectivity) -> NDArray[Any]:
    table = np.zeros(int(own.rows[-1]) + 1 if own.rows.size else 1, dtype=own.weights.dtype)
    table[own.rows] = own.weights
    return table
