"""Steps of a pipeline before its estimator: fixed affine maps, which fold into the weights of the first layer.

Sources: the reference pages of scikit-learn 1.9 (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, PCA, TruncatedSVD,
FastICA, random projections, feature selection), section Attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.estimators.reading import Reading, Step, kinds_of
from neurodeploy.importers.estimators.unsupported import NONE
from neurodeploy.trained.operations import Affine, FullyConnected, LinearMap

__all__ = ["add_inverse", "add_transformer"]

Array = NDArray[Any]
ALREADY = {
    "Normalizer": "divides every sample by its own norm",
    "PowerTransformer": "bends every feature by a power",
    "QuantileTransformer": "maps every feature by its quantiles",
    "PolynomialFeatures": "multiplies features with each other",
    "SplineTransformer": "computes splines of features",
    "KBinsDiscretizer": "sorts values into bins",
    "Binarizer": "compares values with a threshold",
    "SimpleImputer": "replaces missing values, which spikes cannot say",
    "KNNImputer": "replaces missing values, which spikes cannot say",
    "OneHotEncoder": "looks up categories",
    "OrdinalEncoder": "looks up categories",
    "TfidfVectorizer": "counts words of texts",
    "CountVectorizer": "counts words of texts",
    "FunctionTransformer": "calls a Python function",
    "ColumnTransformer": "gives columns to steps of its own",
    "FeatureUnion": "joins features of steps of its own",
}
"""Transformer -> what it does that no fixed weights do."""


def add_transformer(reading: Reading, step: Step, place: int | None) -> None:
    """Add the nodes of a transformer; findings if it is not fitted (ND806) or no affine map (ND831).

    `place`: its number in the pipeline, from 0, for the fix; None in a pipeline in a pipeline.
    """
    if step.model in NONE or (step.kind == "FunctionTransformer" and step.model.func is None):
        return
    kinds = kinds_of(step.model)
    reader = next((READERS[kind] for kind in kinds if kind in READERS), None)
    if reader is not None:
        reader(reading, step)
        return
    does = next((ALREADY[kind] for kind in kinds if kind in ALREADY), "is no scaling and no projection that is known")
    fix = "transform samples by the steps up to this one, and convert the pipeline of the rest"
    if place is not None:
        fix = f"pipeline[:{place + 1}].transform(x) before the chip, and nd.convert(pipeline[{place + 1}:], ...) of the rest"
    reading.fault("ND831", step, f"{step.says}{does}, so that it has no weights", fix)


def add_inverse(reading: Reading, step: Step) -> None:
    """Add the inverse of a scaler of targets after a regressor; ND831 if it is no scaler."""
    if step.model in NONE or (step.kind == "FunctionTransformer" and step.model.inverse_func is None):
        return
    forward = Reading()
    reader = next((READERS[kind] for kind in kinds_of(step.model) if kind in READERS), None)
    if reader is not None:
        reader(forward, step)
    reading.findings += forward.findings
    operations = [node.operation for node in forward.nodes]
    if reader is None or not all(isinstance(item, Affine) for item in operations):
        fix = "fit on transformed targets, and give the values of nd.decoded to its inverse_transform"
        reading.fault("ND831", step, f"{step.says}transforms the targets by more than a scale and a shift", fix)
        return
    for item in operations:
        assert isinstance(item, Affine), "internal: only scalers are left"
        scale, shift = np.atleast_1d(item.scale), np.atleast_1d(item.shift)
        _affine(reading, step, _inverse(scale), -shift / scale)


def _affine(reading: Reading, step: Step, scale: Array | float, shift: Array | float) -> None:
    """Add x * scale + shift, of which at least one is an array."""
    checked = [reading.numbers(step, name, item) for name, item in (("scale", scale), ("shift", shift))]
    by, plus = checked
    if by is None or plus is None:
        return
    size = max(by.size, plus.size)
    reading.add(step, step.name, Affine(scale=by, shift=plus), size, size)
    where = "before" if step.of_targets else "after"
    reading.line(step, "transformer", step.kind, f"folded into the weights and bias of the layer {where} it")


def _projection(reading: Reading, step: Step, weights: Array, mean: Array | None) -> None:
    """Add weights @ (x - mean)."""
    bias = np.zeros(len(weights)) if mean is None else -(weights @ mean)
    made = [reading.numbers(step, name, item) for name, item in (("weights", weights), ("bias", bias))]
    rows, plus = made
    if rows is None or plus is None:
        return
    reading.add(step, step.name, FullyConnected(weights=rows, bias=plus), rows.shape[1], rows.shape[0])
    reading.line(step, "transformer", step.kind, "folded into the weights and bias of the layer after it")


def _centred(mean: str, with_mean: str, with_scale: str) -> Callable[[Reading, Step], None]:
    """Reader of a scaler that computes (x - mean) / scale_, each of which a parameter may leave out."""

    def read(reading: Reading, step: Step) -> None:
        centres, scales = bool(getattr(step.model, with_mean)), bool(getattr(step.model, with_scale))
        names = [name for name, used in ((mean, centres), ("scale_", scales)) if used]
        arrays = reading.arrays(step, *names)
        if arrays is None or not arrays:
            return
        scale = _inverse(arrays[-1]) if scales else 1.0
        _affine(reading, step, scale, -arrays[0] * scale if centres else 0.0)

    return read


def _inverse(values: Array) -> Array:
    with np.errstate(divide="ignore"):
        return 1.0 / values


def _min_max(reading: Reading, step: Step) -> None:
    """x * scale_ + min_."""
    arrays = reading.arrays(step, "scale_", "min_")
    if arrays is not None:
        _affine(reading, step, *arrays)
        _unclipped(reading, step)


def _max_abs(reading: Reading, step: Step) -> None:
    """x / scale_."""
    arrays = reading.arrays(step, "scale_")
    if arrays is not None:
        _affine(reading, step, _inverse(arrays[0]), 0.0)
        _unclipped(reading, step)


def _unclipped(reading: Reading, step: Step) -> None:
    if getattr(step.model, "clip", False):
        note = "matters only for values outside of the range that it was fitted on"
        reading.line(step, "clip", "True", "left out", "dropped", note)


def _pca(reading: Reading, step: Step) -> None:
    """components_ @ (x - mean_), divided by the standard deviations if it whitens."""
    whitens = bool(step.model.whiten)
    arrays = reading.arrays(step, "components_", "mean_", *(["explained_variance_"] if whitens else []))
    if arrays is None:
        return
    weights, mean, *variance = arrays
    if variance:
        deviation = np.maximum(np.sqrt(variance[0]), np.finfo(variance[0].dtype).eps)
        weights = weights / deviation[:, None]
    _projection(reading, step, weights, mean)


def _components(reading: Reading, step: Step) -> None:
    """components_ @ x."""
    arrays = reading.arrays(step, "components_")
    if arrays is not None:
        _projection(reading, step, arrays[0], None)


def _ica(reading: Reading, step: Step) -> None:
    """components_ @ (x - mean_); no mean without whitening."""
    arrays = reading.arrays(step, "components_", *(["mean_"] if step.model.whiten else []))
    if arrays is not None:
        _projection(reading, step, arrays[0], arrays[1] if len(arrays) > 1 else None)


def _selection(reading: Reading, step: Step) -> None:
    """The features that get_support() names, in their order."""
    try:
        kept = np.flatnonzero(step.model.get_support())
    except (AttributeError, ValueError):  # NotFittedError is both
        kept = None
    n_features = getattr(step.model, "n_features_in_", None)
    if kept is None or n_features is None:
        message = f"{step.says}is not fitted: it has no features selected"
        reading.fault("ND806", step, message, "call fit(x, y) before the conversion")
        return
    operation = LinearMap(shape=(kept.size,), post=np.arange(kept.size), pre=kept, weights=np.ones(kept.size))
    reading.add(step, step.name, operation, int(n_features), kept.size)
    reading.line(step, "transformer", step.kind, f"{kept.size} of {n_features} features reach the layer after it")


READERS: dict[str, Callable[[Reading, Step], None]] = {
    "StandardScaler": _centred("mean_", "with_mean", "with_std"),
    "RobustScaler": _centred("center_", "with_centering", "with_scaling"),
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
    "PCA": _pca,
    "IncrementalPCA": _pca,
    "FastICA": _ica,
    "TruncatedSVD": _components,
    "GaussianRandomProjection": _components,
    "SparseRandomProjection": _components,
    "SelectorMixin": _selection,
}
"""Class of scikit-learn -> reader."""
