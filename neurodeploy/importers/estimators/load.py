"""Estimators and pipelines of scikit-learn as trained networks. Only attributes are read; scikit-learn is not imported."""

from __future__ import annotations

from neurodeploy.diagnostics import raise_errors
from neurodeploy.importers.estimators.final import add_estimator
from neurodeploy.importers.estimators.reading import INPUT, Reading, Step, kinds_of
from neurodeploy.importers.estimators.transformers import add_inverse, add_transformer
from neurodeploy.trained.network import Read, TrainedInput, TrainedNetwork, legal_name

__all__ = ["load_estimator"]


def load_estimator(model: object) -> Read:
    """Return the network of a fitted estimator or pipeline of scikit-learn; its last node is the answer.

    `model`: an MLPClassifier or MLPRegressor, a linear classifier or regressor, a search that holds its best estimator, a
    TransformedTargetRegressor, or a Pipeline of affine steps that ends in one. Raises DiagnosticError, all faults at once: ND800 (no such estimator), ND802,
    ND803, ND806 (not fitted), ND831 (a step that is no affine map).
    """
    steps = steps_of(Step(type(model).__name__, model))
    *before, last = [step for step in steps if not step.of_targets] or [Step("Pipeline", None)]
    reading = Reading()
    for number, step in enumerate(before):
        add_transformer(reading, step, None if "__" in step.name else number)
    answer = add_estimator(reading, last)
    for step in steps:
        if step.of_targets:
            add_inverse(reading, step)
    raise_errors("convert", reading.findings)
    network = TrainedNetwork(
        name=legal_name(last.kind),
        source="scikit-learn",
        inputs=(TrainedInput(name=INPUT, shape=(reading.n_features or 1,)),),
        nodes=tuple(reading.nodes),
        classes=answer.classes,
        task=answer.task,
    )
    return Read(network=network, ledger=tuple(reading.ledger), findings=tuple(reading.findings))


def steps_of(step: Step) -> list[Step]:
    """Return the steps of a pipeline, of pipelines in it, and of the best estimator of a search; else the step itself.

    The transformer of the targets of a regressor follows the regressor.
    """
    best = getattr(step.model, "best_estimator_", None)
    if best is not None:
        return steps_of(Step(type(best).__name__ if step.name == step.kind else step.name, best))
    outer = "" if step.name == step.kind else f"{step.name}__"
    regressor = getattr(step.model, "regressor_", None)
    if regressor is not None and "TransformedTargetRegressor" in kinds_of(step.model):
        name = f"{outer}{type(regressor).__name__.lower()}" if outer else type(regressor).__name__
        targets = Step(f"{outer}transformer", step.model.transformer_, of_targets=True)
        return [*steps_of(Step(name, regressor)), targets]
    if "Pipeline" not in kinds_of(step.model):
        return [step]
    return [inner for name, model in step.model.steps for inner in steps_of(Step(f"{outer}{name}", model))]
