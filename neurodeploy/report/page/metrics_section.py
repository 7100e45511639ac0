"""Section of metrics: of each class, of linear outputs, and of the user's own functions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from neurodeploy.metrics import Metrics
from neurodeploy.report.markup import element, number, text
from neurodeploy.report.page.blocks import figure, folded, note, table
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject

__all__ = ["metrics_section"]

OPEN, CURVES = 12, 8
"""Largest number of classes whose table is not folded, and of curves that are drawn."""
SIDE, LEFT, BOTTOM = 260.0, 44.0, 34.0
"""Pixels of the plot of curves, of the labels on its left and of those below."""


def metrics_section(subject: ReportSubject) -> Section | None:
    """Return the metrics of the run; None if none were computed. `subject`: what the page is about."""
    found = subject.profile.metrics if subject.profile else None
    if found is None or not (found.classes or found.regression or found.own):
        return None
    return Section("metrics", "Metrics", "".join(_parts(found)))


def _share(value: float | None) -> str:
    return "\u2013" if value is None else f"{value:.4f}"


def _parts(found: Metrics) -> Iterator[str]:
    if found.classes:
        yield element("p", text(f"Balanced accuracy {_share(found.balanced_accuracy)}, AUC {_share(found.auc)}."))
        shown = _classes(found)
        yield shown if len(found.classes) <= OPEN else folded(f"All {len(found.classes):,} classes", shown)
        if found.curves and len(found.curves) <= CURVES:
            yield _curves(found)
    if found.regression:
        rows = [
            (
                item.output,
                f"{item.values:,}",
                *(f"{v:.4g}" for v in (item.mae, item.rmse, item.max_error)),
                _share(item.r2),
            )
            for item in found.regression
        ]
        heads = ("output", "values", "mean absolute error", "root mean square error", "largest error", "R\u00b2")
        yield table(heads, rows, caption="Errors of linear outputs", numbers=range(1, 6))
    if found.own:
        own = [(item.name, f"{item.value:.6g}", item.source) for item in found.own]
        yield table(("metric", "value", "function"), own, caption="Metrics of your own", numbers=(1,))
    for item in found.findings:
        yield note(f"{item.subject}: {item.message}.")


def _classes(found: Metrics) -> str:
    rows = [
        (
            item.name,
            f"{item.support:,}",
            f"{item.answered:,}",
            *(_share(value) for value in (item.precision, item.recall, item.f1, item.auc)),
        )
        for item in found.classes
    ]
    for name, mean in (("mean of classes", found.macro), ("mean of samples", found.weighted)):
        if mean is not None:
            rows.append((name, "", "", _share(mean.precision), _share(mean.recall), _share(mean.f1), ""))
    heads = ("class", "samples", "answers", "precision", "recall", "F1", "AUC")
    return table(heads, rows, numbers=range(1, 7), tall=len(rows) > 16)


def _curves(found: Metrics) -> str:
    parts = [
        element("path", d=f"M{number(LEFT)} {number(SIDE)}L{number(LEFT + SIDE)} 0", class_="rule"),
        element("path", d=f"M{number(LEFT)} 0v{number(SIDE)}h{number(SIDE)}", class_="axis"),
        element("text", "false positives", x=LEFT + SIDE / 2, y=SIDE + 28, text_anchor="middle", class_="soft"),
    ]
    for share in (0.0, 0.5, 1.0):
        parts.append(
            element("text", f"{share:g}", x=LEFT + SIDE * share, y=SIDE + 14, text_anchor="middle", class_="soft")
        )
        parts.append(
            element(
                "text",
                f"{share:g}",
                x=LEFT - 6,
                y=SIDE * (1 - share) + (10 if share == 1 else 4),
                text_anchor="end",
                class_="soft",
            )
        )
    names = {item.number: item.name for item in found.classes}
    for at, curve in enumerate(found.curves):
        points = list(zip(curve.false_positive_rate.tolist(), curve.true_positive_rate.tolist(), strict=True))
        kept = [points[0], *(b for a, b in pairwise(points) if a != b)]
        path = "L".join(f"{number(LEFT + SIDE * x)} {number(SIDE * (1 - y))}" for x, y in kept)
        tip = f"class {names.get(curve.number, curve.number)}"
        parts.append(element("path", d=f"M{path}", class_=f"curve t{at % 8 + 1}", data_tip=tip))
    size = {
        "viewBox": f"0 -4 {number(LEFT + SIDE + 12)} {number(SIDE + BOTTOM + 4)}",
        "width": LEFT + SIDE + 12,
        "height": SIDE + BOTTOM + 4,
    }
    caption = (
        "ROC curves: true positives (upwards) against false positives of each class, for every threshold on its score"
    )
    return figure(element("svg", *parts, role="group", aria_label=caption, **size), caption)
