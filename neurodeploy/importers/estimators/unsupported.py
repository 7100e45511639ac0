"""Estimators that do not become spikes, each with its reason and with what to use instead."""

from __future__ import annotations

from typing import NamedTuple

from neurodeploy.importers.estimators.reading import Reading, Step

__all__ = ["NONE", "refuse"]


NONE = (None, "passthrough")
"""Steps that do nothing."""


class Family(NamedTuple):
    """Estimators that are refused for one reason."""

    words: tuple[str, ...]
    """Parts of the names of their classes."""
    why: str
    instead: str


LEARNS = "train a network on its answers: {mlp}().fit(x, model.predict(x))"
FAMILIES = (
    Family(("BaseSVC", "LibSVM", "GaussianProcess", "KernelRidge"), "compares a sample with stored samples by a kernel", LEARNS),
    Family(("Tree", "Forest", "Boosting", "AdaBoost", "Bagging"), "compares features one after the other, along trees", LEARNS),
    Family(("KNeighbors", "RadiusNeighbors", "NearestCentroid", "LabelPropagation"), "measures distances to stored samples", LEARNS),
    Family(("NB", "QuadraticDiscriminant"), "multiplies probabilities of features", LEARNS),
    Family(("IsolationForest", "OneClass", "LocalOutlier", "EllipticEnvelope"), "judges how rare a sample is",
           "train an MLPRegressor to return its own input, and judge by its error"),
    Family(("KMeans", "Cluster", "DBSCAN", "MeanShift", "Mixture"), "groups samples without labels",
           "train an MLPClassifier on the groups: MLPClassifier().fit(x, model.labels_)"),
    Family(("Poisson", "Gamma", "Tweedie", "GeneralizedLinear"), "answers the exponential of a sum", "fit a Ridge to the logarithm of the targets"),
    Family(("MultiOutput", "OneVs", "OutputCode", "Chain", "Voting", "Stacking", "Calibrated", "Threshold"),
           "holds other estimators and combines their answers", "convert one of its own estimators, or " + LEARNS),
)  # fmt: skip


def refuse(reading: Reading, step: Step, kinds: tuple[str, ...]) -> None:
    """Add the finding ND800 of an estimator, or of a transformer at the end of a pipeline."""
    if step.model in NONE:
        reading.fault(
            "ND800", step, "ends in no estimator, so that it gives no answer", "add the estimator, and fit it"
        )
        return
    if "BaseSearchCV" in kinds:
        reading.arrays(step, "best_estimator_")
        return
    if "TransformedTargetRegressor" in kinds:  # with its regressor_, it is read
        reading.arrays(step, "regressor_")
        return
    if "TransformerMixin" in kinds and not {"ClassifierMixin", "RegressorMixin", "ClusterMixin"} & {*kinds}:
        message = f"{step.says}transforms samples and gives no answer"
        reading.fault("ND800", step, message, "convert the pipeline that ends in the estimator after it")
        return
    family = next((item for item in FAMILIES if any(word in kind for kind in kinds for word in item.words)), None)
    why = family.why if family else "is of no kind that is known to be layers of weights"
    mlp = "MLPRegressor" if "RegressorMixin" in kinds else "MLPClassifier"
    instead = (family.instead if family else LEARNS).format(mlp=mlp)
    reading.fault("ND800", step, f"{step.says}{why}, which no layers of neurons compute", instead)
