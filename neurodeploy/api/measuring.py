"""nd.metrics: how good the answers and decoded values of a recording are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from numpy.typing import ArrayLike

from neurodeploy.api.running import labels_of, require_own
from neurodeploy.diagnostics.choices import needs
from neurodeploy.metrics import Metrics
from neurodeploy.metrics import metrics as metrics_of
from neurodeploy.program import Program
from neurodeploy.simulate import Recording

__all__ = ["metrics"]

MetricFunction = Callable[..., float | Mapping[str, float]]


def metrics(
    program: Program,
    recording: Recording,
    *,
    labels: ArrayLike | None = None,
    targets: Mapping[str, ArrayLike] | None = None,
    functions: Iterable[str | MetricFunction] = (),
) -> Metrics:
    """Return accuracy, precision, recall, F1, confusion and ROC of the answers, and the errors of decoded values.

    `labels`: (samples,) classes of the first output, from 0. `targets`: linear output -> (samples, values) for the last step,
    or (samples, steps, values) for all. `functions`: your own, as objects, or by name as "FILE.py:FUNCTION" or
    "MODULE:FUNCTION", which runs that file. A function returns a number, or a mapping of names to numbers; its parameters say
    what it is called with: answers (samples,), labels (samples,), scores (samples, classes), decoded and targets (output ->
    array), recording, program.

    Scores are numbers of spikes, last values or minus the step of the first spike. AUC ranks them, for each class against the
    rest. Give the result to nd.profile or nd.baseline, so that budgets can refer to it: recall.3, f1.macro, auc,
    rmse.OUTPUT, metric.FUNCTION.

    Raises DiagnosticError: ND002 (arguments), ND505 (labels), ND513 and ND514 (recording), ND630 and ND631 (functions), ND632
    (nothing to compare with), ND703 (recording of another program).

    Example: nd.metrics(program, recording, labels=labels).classes[3].recall
    """
    require_own("metrics", program, recording)
    needs("metrics", targets=(targets, (Mapping, type(None))), functions=(functions, (Sequence, Iterator)))
    given = [functions] if isinstance(functions, str) else list(functions)
    for index, item in enumerate(given):
        needs("metrics", **{f"functions[{index}]": (item, (str, Callable))})  # type: ignore[arg-type]
    known = None if labels is None else labels_of("metrics", recording, labels)
    return metrics_of(program, recording, labels=known, targets=targets, functions=given)
