"""Options of metrics: their table, functions of one's own, and targets of linear outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer
from numpy.typing import ArrayLike

from neurodeploy.cli.common_options import usage
from neurodeploy.cli.paths import read_option
from neurodeploy.diagnostics import about
from neurodeploy.io.archive import open_npz_arrays
from neurodeploy.metrics import Function, functions_of, metrics
from neurodeploy.profile import Budget, Profile, asks_for_metrics
from neurodeploy.program import Program
from neurodeploy.simulate import Recording

__all__ = ["MetricChoices", "with_metric_options", "with_metrics"]

PANEL = "Metrics"
OPTIONS: dict[str, tuple[Any, object]] = {
    "metrics": (
        Annotated[
            bool,
            typer.Option(
                "--metrics",
                help="Print precision, recall, F1 and AUC of each class, and which classes are confused; needs labels.",
                rich_help_panel=PANEL,
            ),
        ],
        False,
    ),
    "metric": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--metric",
                metavar="FILE.py:FUNCTION",
                help="A function of your own that returns a number, which budgets know as metric.FUNCTION; repeatable.",
                rich_help_panel=PANEL,
            ),
        ],
        None,
    ),
    "targets": (
        Annotated[
            Path | None,
            read_option(
                "--targets", "Targets (.npz): for each linear output an array (samples, values), or with all steps."
            ),
        ],
        None,
    ),
}
"""Parameter -> annotation and default."""
OPTIONS["targets"][0].__metadata__[0].rich_help_panel = PANEL


class MetricChoices(NamedTuple):
    """Values of the options of metrics."""

    shown: bool = False
    functions: tuple[Function, ...] = ()
    targets: Path | None = None
    if_labelled: bool = False
    """Compute them if there are labels, and otherwise nothing, because no option asks for them."""

    def for_budgets(self, budgets: Iterable[Budget]) -> MetricChoices | None:
        """Return the choices if an option, or one of the budgets, asks for metrics; else None."""
        return (
            self
            if self.shown or self.if_labelled or self.functions or self.targets or asks_for_metrics(budgets)
            else None
        )


def with_metric_options(function: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command that runs a network: add the options of metrics.

    The command receives MetricChoices in its parameter `metrics`. Functions are loaded before the run.
    """

    @wraps(function)
    def collected(**given: Any) -> None:
        shown, named, targets = (given.pop(name) for name in OPTIONS)
        function(**given, metrics=MetricChoices(bool(shown), functions_of(named or ()), targets))

    annotations = get_type_hints(collected, include_extras=True)
    del annotations["metrics"]
    annotations |= {name: annotation for name, (annotation, _) in OPTIONS.items()}
    own = [item for name, item in signature(function).parameters.items() if name != "metrics"]
    added = [Parameter(name, Parameter.KEYWORD_ONLY, default=default) for name, (_, default) in OPTIONS.items()]
    declared = [item.replace(kind=Parameter.KEYWORD_ONLY, annotation=annotations[item.name]) for item in (*own, *added)]
    collected.__signature__ = signature(function).replace(parameters=declared)  # pyright: ignore[reportAttributeAccessIssue]
    collected.__annotations__ = annotations
    return collected


def with_metrics(
    figures: Profile, program: Program, recording: Recording, labels: ArrayLike | None, choices: MetricChoices
) -> Profile:
    """Return a profile with the metrics of its recording.

    `figures`, `program`, `recording`: of one run. `labels`: (n_samples,) classes; None: there are none. `choices`: what to
    compute. Raises DiagnosticError: ND632 (there is nothing to compare with), and as nd.metrics.
    """
    known = labels if program.network.outputs else None
    nothing = known is None and not choices.functions and choices.targets is None
    if nothing and choices.if_labelled and not choices.shown:
        return figures
    if nothing:
        fixes = ("samples with labels", "--targets FILE.npz for linear outputs")
        raise usage(
            "ND632", about("samples"), "have no labels, and there are no targets, to compute metrics from", *fixes
        )
    targets = None if choices.targets is None else open_npz_arrays(choices.targets)
    found = metrics(program, recording, labels=known, targets=targets, functions=choices.functions)
    return figures.model_copy(update={"metrics": found})
