"""Shorthand constructors of projections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict

import numpy as np
from numpy.typing import ArrayLike

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.network.network import Projection
from neurodeploy.network.operations import WeightFormat

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["ProjectionFields", "SparseMatrix", "dense", "one_to_one", "sparse"]


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
