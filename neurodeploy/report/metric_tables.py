"""Tables of metrics."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from neurodeploy.metrics import ClassMetrics, Metrics
from neurodeploy.report.tables import plain_table

__all__ = ["metric_report"]

SQUARE = 12
"""Largest number of classes whose confusion is shown as a square, which then fits 80 columns."""
WORST = 10
"""Rows of a list that is cut."""


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _class_rows(found: Metrics) -> tuple[ClassMetrics, ...]:
    """All classes, or the worst ones by F1 of many."""
    if len(found.classes) <= 2 * WORST:
        return found.classes
    scored = [item for item in found.classes if item.f1 is not None]
    return tuple(sorted(scored, key=lambda item: (item.f1, item.number))[:WORST])


def _classes(found: Metrics) -> Table:
    rows, count = _class_rows(found), len(found.classes)
    title = "metrics by class" if len(rows) == count else f"metrics of the {len(rows)} worst of {count:,} classes"
    table = plain_table(title, "class", "samples", "answers", "precision", "recall", "F1", "AUC")
    for item in rows:
        shares = (_share(value) for value in (item.precision, item.recall, item.f1, item.auc))
        table.add_row(item.name, f"{item.support:,}", f"{item.answered:,}", *shares)
    for name, mean in (("mean of classes", found.macro), ("mean of samples", found.weighted)):
        if mean is not None:
            area = _share(found.auc) if mean is found.macro else ""
            table.add_row(name, "", "", _share(mean.precision), _share(mean.recall), _share(mean.f1), area)
    return table


def _square(found: Metrics) -> Table:
    table = plain_table("", "", *(item.name for item in found.classes))
    for item, row in zip(found.classes, [] if found.confusion is None else found.confusion.tolist(), strict=True):
        table.add_row(item.name, *(f"{count:,}" if count else "." for count in row))
    return table


def _pairs(found: Metrics) -> Table:
    """The most frequent wrong answers."""
    table = plain_table("most frequent wrong answers", "label", "answer", "samples")
    counts = np.array(found.confusion)
    np.fill_diagonal(counts, 0)
    for flat in np.argsort(-counts, axis=None, kind="stable")[:WORST]:
        label, answer = divmod(int(flat), len(found.classes))
        if counts[label, answer]:
            table.add_row(found.classes[label].name, found.classes[answer].name, f"{counts[label, answer]:,}")
    return table


def _errors(found: Metrics) -> Table:
    table = plain_table("errors of linear outputs", "output", "values", "MAE", "RMSE", "largest", "R2")
    for item in found.regression:
        errors = (f"{value:.4g}" for value in (item.mae, item.rmse, item.max_error))
        table.add_row(item.output, f"{item.values:,}", *errors, _share(item.r2))
    return table


def _own(found: Metrics) -> Table:
    table = plain_table("metrics of your own", "metric", "value", "function")
    for item in found.own:
        table.add_row(item.name, f"{item.value:.6g}", item.source)
    return table


def metric_report(found: Metrics | None) -> Iterator[RenderableType]:
    """Yield the tables of metrics; nothing without metrics. `found`: metrics of a recording."""
    if found is None:
        return
    if found.confusion is not None:
        shown = f"balanced accuracy {_share(found.balanced_accuracy)}; AUC {_share(found.auc)}"
        yield from (Text(""), _classes(found), Text(shown, style="dim"), Text(""))
        if len(found.classes) <= SQUARE:
            yield from (Text("samples by label (row) and answer (column)", style="bold"), _square(found))
        else:
            yield _pairs(found)
    if found.regression:
        yield from (Text(""), _errors(found))
    if found.own:
        yield from (Text(""), _own(found))
