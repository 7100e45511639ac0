"""Networks in which drawn synapses are written out."""

from __future__ import annotations

from typing import Any

from neurodeploy.diagnostics.choices import needs
from neurodeploy.network.connectivity import synapses_of
from neurodeploy.network.network import Network, Projection
from neurodeploy.network.operations import Sparse
from neurodeploy.network.procedural.operations import PROCEDURAL
from neurodeploy.network.validate import require_valid

__all__ = ["listed_projection", "written_out"]


def written_out(network: Network) -> Network:
    """Return the network with every procedural operation as a sparse one; it behaves the same, and its file is larger.

    Other operations stay. Raises DiagnosticError: ND002 (no network), the errors of an invalid network, and ND135 (too many synapses to list).
    """
    needs("written_out", network=(network, Network))
    require_valid(network, numbers=False)
    changed = [listed_projection(item) for item in network.projections]
    return network.model_copy(update={"projections": tuple(changed)})


def listed_projection(projection: Projection) -> Projection:
    """Return a valid procedural projection as a sparse one, and any other as it is. Raises DiagnosticError: ND135."""
    if not isinstance(projection.operation, PROCEDURAL):
        return projection
    synapses = synapses_of(projection, projection.operation.shape[1])
    operation = Sparse(shape=projection.operation.shape, post=synapses.post, pre=synapses.pre, weights=synapses.weights)
    delays: dict[str, Any] = {"delay_steps": synapses.delay_steps, "delay_axis": "synapse"}
    if not synapses.delay_steps.size or bool((synapses.delay_steps == synapses.delay_steps[0]).all()):
        first = int(synapses.delay_steps[0]) if synapses.delay_steps.size else 0
        delays = {"delay_steps": first, "delay_axis": "projection"}
    return projection.model_copy(update={"operation": operation, **delays})
