"""Shorthand constructors of projections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict

import numpy as np
from numpy.typing import ArrayLike

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.network.network import Projection
from neurodeploy.network.operations import WeightFormat
from neurodeploy.network.procedural.operations import Normal, Uniform

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "ProjectionFields",
    "SparseMatrix",
    "dense",
    "distance_kernel",
    "fixed_number",
    "fixed_probability",
    "one_to_one",
    "sparse",
]

Pair = tuple[int, int]
Drawn = int | float | Normal | Uniform


class ProjectionFields(TypedDict, total=False):
    """Fields of a Projection besides source, target and operation."""

    name: str
    """Default: SOURCE_to_TARGET."""
    delay_steps: ArrayLike
    """Delay on top of the one step that every projection takes, at least 0."""
    delay_axis: Literal["projection", "source", "target", "synapse"]
    port: Literal["a", "b"]
    weight_format: WeightFormat | None


class SparseMatrix(Protocol):
    """A sparse matrix or array of scipy."""

    def tocoo(self, copy: bool = ...) -> object:
        """Return the matrix in coordinates."""
        ...


def _projection(source: str, target: str, operation: dict[str, Any], fields: ProjectionFields) -> Projection:
    """A projection whose operation is validated as part of it, so that findings name the projection."""
    named: dict[str, Any] = {"name": _name(source, target), **fields}
    if "operation" in fields:
        raise _refused(named["name"], "'operation' is created by this function")
    return Projection(source=source, target=target, operation=operation, **named)  # type: ignore[arg-type]


def _name(source: object, target: object) -> str:
    """The default name of a projection; not a legal name if source or target is not a string."""
    return f"{source}_to_{target}" if isinstance(source, str) and isinstance(target, str) else ""


def dense(source: str, target: str, weights: ArrayLike, **fields: Unpack[ProjectionFields]) -> Projection:
    """Return a projection in which every neuron or line of `source` reaches every neuron of `target`.

    `weights`: (post, pre) numbers, one row for each neuron of the target. `fields`: those of Projection, such as name
    (default SOURCE_to_TARGET) and delay_steps. Raises DiagnosticError: ND002.
    """
    return _projection(source, target, {"kind": "dense", "weights": weights}, fields)


def one_to_one(source: str, target: str, weights: ArrayLike = 1.0, **fields: Unpack[ProjectionFields]) -> Projection:
    """Return a projection in which neuron k of `source` reaches neuron k of `target`.

    `weights`: one number for all, or (n,). `fields`: those of Projection. Raises DiagnosticError: ND002.
    """
    return _projection(source, target, {"kind": "one_to_one", "weights": weights}, fields)


def sparse(
    source: str, target: str, matrix: ArrayLike | SparseMatrix, **fields: Unpack[ProjectionFields]
) -> Projection:
    """Return a projection with one synapse for each entry of a matrix other than 0.

    `matrix`: (post, pre), an array or a scipy sparse matrix, whose duplicate entries are summed. `fields`: those of
    Projection. Raises DiagnosticError: ND002.
    """
    name = fields.get("name", _name(source, target))
    given: Any = matrix
    if hasattr(given, "tocoo"):
        entries = given.tocoo(copy=True)
        entries.sum_duplicates()
        post, pre, weights = (np.asarray(column) for column in (entries.row, entries.col, entries.data))
        shape = tuple(int(n) for n in entries.shape)
    else:
        full = _matrix(name, matrix)
        post, pre = np.nonzero(full)
        weights, shape = full[post, pre], full.shape
    kept = weights != 0
    post, pre, weights = post[kept], pre[kept], weights[kept]
    order = np.lexsort((post, pre))
    operation = {"kind": "sparse", "shape": shape, "post": post[order], "pre": pre[order], "weights": weights[order]}
    return _projection(source, target, operation, fields)


def fixed_probability(
    source: str,
    target: str,
    shape: Pair,
    probability: float,
    weights: Drawn = 1.0,
    *,
    seed: int,
    delays: Drawn = 0,
    self_connections: bool = True,
    **fields: Unpack[ProjectionFields],
) -> Projection:
    """Return a projection that connects each pair of neurons with the same probability. Its synapses are drawn, not stored.

    `shape`: (target neurons, source neurons). `probability`: from 0 to 1. `weights`, `delays`: a number, Normal or Uniform;
    delays are integers, in steps, and add to `delay_steps`. `seed`: of all draws. `self_connections`: whether neuron k may
    reach neuron k. `fields`: those of Projection. Raises DiagnosticError: ND002.
    """
    own = {"probability": probability, "self_connections": self_connections}
    return _drawn("fixed_probability", source, target, {"shape": shape, **own}, (weights, delays, seed), fields)


def fixed_number(
    source: str,
    target: str,
    shape: Pair,
    number: int,
    weights: Drawn = 1.0,
    *,
    seed: int,
    per: Literal["target", "source", "projection"] = "target",
    delays: Drawn = 0,
    self_connections: bool = True,
    **fields: Unpack[ProjectionFields],
) -> Projection:
    """Return a projection with a number of synapses for each target or source, or in all. They are drawn, not stored.

    `shape`: (target neurons, source neurons). `number`: different sources of each target, different targets of each source,
    or pairs drawn in all; `per`: "target", "source" or "projection". A pair that is drawn m times is one synapse of m times its
    weight. `weights`, `delays`, `seed`, `self_connections`, `fields`: as for `fixed_probability`. Raises DiagnosticError: ND002.
    """
    own = {"number": number, "per": per, "self_connections": self_connections}
    return _drawn("fixed_number", source, target, {"shape": shape, **own}, (weights, delays, seed), fields)


FAR = 1e8
"""Largest scale from which a radius follows."""
REACH = {"gaussian": 4.0, "exponential": 8.0, "uniform": 1.0}
"""Radius of a distance kernel for which none is given, in its scales."""


def distance_kernel(
    source: str,
    target: str,
    source_shape: Sequence[int],
    target_shape: Sequence[int],
    extent: Sequence[float],
    probability: float,
    scale: float,
    weights: Drawn = 1.0,
    *,
    seed: int,
    profile: Literal["gaussian", "exponential", "uniform"] = "gaussian",
    radius: float | None = None,
    periodic: bool = False,
    delays: Drawn = 0,
    self_connections: bool = True,
    **fields: Unpack[ProjectionFields],
) -> Projection:
    """Return a projection whose probability falls with the distance of two neurons. Its synapses are drawn, not stored.

    `source_shape`, `target_shape`: neurons along one to three axes; `extent`: lengths of these axes, over which both grids are
    spread evenly; 0 for an axis without distance. `probability`: at distance 0. `scale`: length over which it falls. `profile`:
    "gaussian", probability * exp(-d**2 / (2 * scale**2)); "exponential", probability * exp(-d / scale); "uniform",
    probability. `radius`: from which distance on no pair is connected; None: 4, 8 or 1 scales. `periodic`: whether opposite ends meet. `weights`, `delays`,
    `seed`, `self_connections`, `fields`: as for `fixed_probability`. Raises DiagnosticError: ND002.
    """
    known = _is_length(scale) and _is_text(profile)
    own = {
        "source_shape": source_shape,
        "target_shape": target_shape,
        "extent": extent,
        "probability": probability,
        "scale": scale,
        "profile": profile,
        "radius": radius if radius is not None else REACH.get(profile, 1.0) * scale if known else 1.0,
        "periodic": periodic,
        "self_connections": self_connections,
    }
    return _drawn("distance_kernel", source, target, own, (weights, delays, seed), fields)


def _is_length(given: object) -> bool:
    """Whether a scale is a number from which a radius follows."""
    return isinstance(given, (int, float)) and 0 < given <= FAR


def _is_text(given: object) -> bool:
    return isinstance(given, str)


def _drawn(
    kind: str, source: str, target: str, own: dict[str, Any], values: tuple[Any, Any, Any], fields: ProjectionFields
) -> Projection:
    """A projection whose synapses are drawn; `values`: weights, delays and seed."""
    drawn = dict(zip(("weights", "delays", "seed"), values, strict=True))
    return _projection(source, target, {"kind": kind, **own, **drawn}, fields)


def _matrix(name: Any, matrix: Any) -> Any:
    """The matrix as an array of two axes. Raises DiagnosticError: ND002."""
    try:
        full = np.asarray(matrix)
    except (ValueError, TypeError, RuntimeError) as error:
        raise _refused(name, f"field 'matrix' is not a matrix of numbers: {error}") from None
    if np.ma.is_masked(matrix):
        raise _refused(name, "field 'matrix' needs unmasked numbers, but some are masked")
    if full.ndim != 2 or full.dtype.kind not in "biuf":
        raise _refused(name, f"field 'matrix' is {full.dtype} {list(full.shape)}; needs numbers of shape [post, pre]")
    return full if full.dtype.kind != "b" else full.astype(np.int64)


def _refused(name: Any, message: str) -> DiagnosticError:
    return DiagnosticError("construction", (finding("ND002", about("projection", str(name)[:200]), message),))
