"""Section with rates: spikes in each step, and how they are spread over the neurons."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Program
from neurodeploy.report.markup import element, text
from neurodeploy.report.page.activity.trains import Train, listed, trains_of
from neurodeploy.report.page.section import Plot, Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.quantity import count
from neurodeploy.signals import Recording

__all__ = ["Spread", "rate_of", "saturated", "section", "spread_of"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MOST_POINTS = 400
"""Points of a line; longer runs are drawn as means of several steps."""
PER_CHART, MOST_CHARTS = 8, 4
"""Lines in one drawing, as many as there are colours, and the most drawings."""
LATE = 10
"""Steps that a saturated neuron may start late, as for ND534."""
BINS = 12
"""Bars of a histogram beside that of silent neurons."""
LOW, HIGH = 10, 90
"""Percentiles of the samples between which the band lies."""


class Spread(NamedTuple):
    """Numbers of spikes of the neurons of one population, over all samples."""

    spikes: Ints
    """(size,) spikes of each neuron."""
    silent: Ints
    """Neurons that never spiked."""
    saturated: Ints
    """Neurons that spiked in nearly every possible step."""


def rate_of(train: Train, n_samples: int, first: int, steps: int) -> tuple[Floats, Floats, Floats, int]:
    """Return the spikes in each step, in percent of the neurons: mean, `LOW` and `HIGH` percentile over samples, (points,)
    each, and the steps of a point.

    `train`: with all samples. `n_samples`: their number. `first`, `steps`: first step and number of steps of each.
    """
    per = -(-steps // MOST_POINTS)
    points = -(-steps // per)
    flat = train.column(0) * points + (train.column(1) - first) // per
    spikes = np.bincount(flat, minlength=n_samples * points).reshape(n_samples, points)
    length = np.minimum(per, steps - per * np.arange(points))
    percent = 100.0 * spikes / (train.size * length)
    low, high = np.percentile(percent, [LOW, HIGH], axis=0)
    return percent.mean(axis=0), low, high, per


def saturated(program: Program, name: str, spikes: Ints, recording: Recording) -> Ints:
    """Return the neurons that spiked in nearly every possible step, as ND534 counts them.

    `name`: the population. `spikes`: (size,) its spikes over all samples of `recording`.
    """
    steps = recording.n_steps - recording.first_step + 1
    if steps < 2 * LATE or not recording.n_samples:
        return np.zeros(0, dtype=np.int64)
    delay = np.maximum(program.tables.refract_delay[program.table_rows[name]].astype(np.int64), 1)
    return np.flatnonzero(spikes >= -(-(steps - LATE) // delay) * recording.n_samples)


def spread_of(program: Program, train: Train, recording: Recording) -> Spread:
    """Return the spikes of each neuron. `train`: of a population of `program`, with the spikes of `recording`."""
    spikes = train.per_neuron()
    return Spread(spikes, np.flatnonzero(spikes == 0), saturated(program, train.name, spikes, recording))


def _bars(spread: Spread, n_samples: int) -> str:
    """A small histogram of spikes for each sample; the first bar counts the silent neurons."""
    rates = spread.spikes / n_samples
    spiking = rates[spread.spikes > 0]
    heights = np.zeros(BINS, dtype=np.int64)
    top = float(spiking.max(initial=0.0))
    if spiking.size:
        heights = np.histogram(spiking, bins=BINS, range=(0.0, top))[0]
    every, wide, tall = [spread.silent.size, *heights.tolist()], 9, 30
    most = max(*every, 1)
    parts = list[str]()
    for at, n in enumerate(every):
        height = max(1.5, tall * n / most) if n else 0.0
        left = at * wide + (5 if at else 0)
        low, high = count(top * (at - 1) / BINS), count(top * at / BINS)
        told = f"{n:,} with {low} to {high} spikes for each sample" if at else f"{n:,} silent"
        kind = "s8" if at == 0 else "s1"
        title = element("title", told)
        parts.append(element("rect", title, x=left, y=tall - height, width=wide - 2, height=height, class_=kind))
    width = (BINS + 1) * wide + 5
    base = element("line", x1=0, y1=tall + 0.5, x2=width, y2=tall + 0.5, class_="axis")
    label = f"Histogram: {spread.silent.size:,} silent, at most {count(top)} spikes for each sample"
    return element("svg", *parts, base, viewBox=f"0 0 {width} {tall + 1}", width=width, role="img", aria_label=label)


HEADS = ("", "neurons", "spikes / sample", "spikes / neuron", "silent", "saturated", "neurons by rate")


def _row(program: Program, train: Train, recording: Recording) -> str:
    spread = spread_of(program, train, recording)
    per_sample = len(train.rows) / recording.n_samples
    cells = [
        element("th", text(train.name), scope="row"),
        *(
            element("td", text(value), class_="n")
            for value in (f"{train.size:,}", count(per_sample), count(per_sample / train.size))
        ),
    ]
    for numbers in (spread.silent, spread.saturated):
        named = f" ({listed(numbers, 4)})" if 0 < numbers.size < train.size else ""
        cells.append(element("td", text(f"{numbers.size:,}{named}"), class_="wrap" if named else None))
    return element("tr", *cells, element("td", _bars(spread, recording.n_samples)))


def _charts(trains: tuple[Train, ...], recording: Recording) -> list[Plot]:
    first, steps = recording.first_step, recording.n_steps - recording.first_step + 1
    found = list[Plot]()
    for at in range(0, min(len(trains), PER_CHART * MOST_CHARTS), PER_CHART):
        series, per = list[dict[str, Any]](), 1
        for item in trains[at : at + PER_CHART]:
            mean, low, high, per = rate_of(item, recording.n_samples, first, steps)
            line: dict[str, Any] = {"name": item.name, "mean": _short(mean)}
            if recording.n_samples > 1:
                line |= {"low": _short(low), "high": _short(high)}
            series.append(line)
        points = -(-steps // per)
        data = {"first": first, "per": per, "points": points, "unit": "% of neurons", "series": series}
        found.append(Plot(f"rates-plot-{at // PER_CHART + 1}", "rates", data))
    return found


def _short(values: Floats) -> list[float]:
    """Percent with two decimals, which is finer than a drawing shows."""
    return [int(value) if value == int(value) else value for value in np.round(values, 2).tolist()]


def section(subject: ReportSubject) -> Section | None:
    """Return spikes by step and by neuron. `subject`: with a recording; None without one, or without a complete sample."""
    recording = subject.recording
    if recording is None or not recording.n_samples or recording.n_steps < recording.first_step:
        return None
    trains = trains_of(subject, recording)
    if not trains:
        return None
    plots = _charts(trains, recording)
    per = int(plots[0].data["per"])
    of_samples = f"mean over {recording.n_samples:,} samples" if recording.n_samples > 1 else "the one sample"
    band = f"; the band holds the {LOW}th to the {HIGH}th percentile of the samples" if recording.n_samples > 1 else ""
    points = f" Each point is the mean of {per} steps." if per > 1 else ""
    body = element("p", text(f"Share of the neurons or lines that spike in each step: {of_samples}{band}.{points}"))
    body += "".join(element("div", id=plot.name, class_="plot") for plot in plots)
    if len(trains) > PER_CHART * MOST_CHARTS:
        body += element(
            "p", f"The drawings show the first {PER_CHART * MOST_CHARTS} of {len(trains):,}.", class_="note"
        )
    rows = [_row(subject.program, item, recording) for item in trains if not item.is_input]
    head = element("tr", *(element("th", text(name), scope="col", class_=_kind(at)) for at, name in enumerate(HEADS)))
    table = element("table", element("thead", head), element("tbody", *rows))
    steps = recording.n_steps - recording.first_step + 1
    told = "Silent neurons never spike; saturated ones spike in nearly every possible step"
    if steps < 2 * LATE:
        told += f", which is not judged in runs of fewer than {2 * LATE} steps"
    body += element("div", table, class_="scroll tall", tabindex=0, role="region", aria_label="Rates of populations")
    body += element("p", text(told + ". The first bar counts silent neurons."), class_="note")
    return Section("rates", "Rates", body, tuple(plots))


def _kind(column: int) -> str | None:
    return "n" if 1 <= column <= 3 else None
