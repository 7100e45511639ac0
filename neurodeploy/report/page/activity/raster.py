"""Section with the raster: every spike of a few samples, or their density where there are too many to write down."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.report.markup import element, text
from neurodeploy.report.page.activity.pack import gaps, packed
from neurodeploy.report.page.activity.trains import SampleShown, Train, samples_shown, trains_of
from neurodeploy.report.page.section import Plot, Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.signals import Recording

__all__ = ["Grid", "fair_share", "grid_of", "section"]

Ints = NDArray[np.int64]
LETTERS = 500_000
"""Letters of the page that all spikes may take; the largest trains become grids above it."""
MOST_TRAINS = 40
"""Inputs and populations that are drawn; more would leave each less than a line of the drawing."""
MOST_COLUMNS = 400
"""Columns of a grid, about those that a drawing of this width can show."""
MOST_STATIC = 2_000
"""Spikes up to which the page has a drawing for readers without scripts as well."""
WIDTH, BAND, GAP, LEFT = 720, 56, 8, 130
"""Measures of that drawing: width of the plot, height of a band, space between bands, space for names; pixels."""


class Grid(NamedTuple):
    """Spikes of one train in one sample, counted in cells."""

    per_row: int
    """Neurons in a row of cells; the last row may hold fewer."""
    per_column: int
    """Steps in a column of cells; the last column may hold fewer."""
    counts: Ints
    """(columns, rows) spikes in each cell."""


def fair_share(sizes: Iterable[int], total: int) -> float:
    """Return the size up to which items are kept whole so that all of them, larger ones cut to it, fit; infinite if all fit.

    `sizes`: size of each item. `total`: room for all of them.
    """
    ascending = sorted(sizes)
    left = float(total)
    for at, size in enumerate(ascending):
        share = left / (len(ascending) - at)
        if size > share:
            return share
        left -= size
    return math.inf


def grid_of(rows: Ints, size: int, first: int, steps: int, cells: int) -> Grid:
    """Return the spikes of a sample in at most `cells` cells, or in one row of cells.

    `rows`: (n, 2) step and neuron. `size`: number of neurons. `first`: first step. `steps`: number of steps.
    """
    per_column = -(-steps // min(steps, MOST_COLUMNS))
    columns = -(-steps // per_column)
    per_row = -(-size // max(1, min(size, cells // columns)))
    height = -(-size // per_row)
    flat = (rows[:, 0] - first) // per_column * height + rows[:, 1] // per_row
    return Grid(per_row, per_column, np.bincount(flat, minlength=columns * height).reshape(columns, height))


def _events(rows: Ints, size: int, first: int) -> dict[str, Any]:
    """One sample as the gaps between (step, neuron) as numbers step * size + neuron."""
    return {"n": len(rows), "events": packed(gaps((rows[:, 0] - first) * size + rows[:, 1]))}


def _cells(rows: Ints, size: int, first: int, steps: int, letters: float) -> dict[str, Any]:
    """One sample as a grid: for each cell with spikes, the gap to it and the number of its spikes."""
    grid = grid_of(rows, size, first, steps, int(letters / 4))  # a gap and a count take up to three bytes, four letters
    flat = grid.counts.ravel()
    full = np.flatnonzero(flat)
    pairs = np.stack([gaps(full), flat[full]], axis=1).ravel()
    return {"n": len(rows), "row": grid.per_row, "column": grid.per_column, "cells": packed(pairs)}


def _written(trains: Sequence[Train], samples: Sequence[SampleShown], recording: Recording) -> list[dict[str, Any]]:
    """Every train with its spikes in each sample."""
    first, steps = recording.first_step, recording.n_steps - recording.first_step + 1
    of_train = [[item.of_sample(sample.number) for sample in samples] for item in trains]
    whole = [[_events(rows, item.size, first) for rows in every] for item, every in zip(trains, of_train, strict=True)]
    share = fair_share((len(one["events"]) for every in whole for one in every), LETTERS)
    found = list[dict[str, Any]]()
    for item, every, written in zip(trains, of_train, whole, strict=True):
        of_sample = [
            one if len(one["events"]) <= share else _cells(rows, item.size, first, steps, share)
            for rows, one in zip(every, written, strict=True)
        ]
        found.append({"name": item.name, "input": item.is_input, "size": item.size, "samples": of_sample})
    return found


def _said(data: list[dict[str, Any]], n_trains: int) -> list[str]:
    """Sentences on what the drawing does not show spike by spike."""
    found = list[str]()
    for item in data:
        grids = [one for one in item["samples"] if "cells" in one]
        if grids:
            rows, columns = max(one["row"] for one in grids), max(one["column"] for one in grids)
            cell = f"{rows:,} neuron{'s' if rows > 1 else ''} and {columns:,} step{'s' if columns > 1 else ''}"
            found.append(f"{item['name']}: too many spikes to draw each; a cell is the count of {cell}.")
    if n_trains > len(data):
        found.append(f"{n_trains - len(data):,} more populations are not drawn; the table of rates has all of them.")
    return found


def _values_sent(subject: ReportSubject, recording: Recording) -> list[str]:
    """What the raster does not show of graded spikes."""
    named = [item.name for item in subject.program.populations if item.name in recording.payloads]
    if not named:
        return []
    return [f"Spikes of {', '.join(named)} carry values; the raster shows when they are sent, not the values."]


def _no_states(subject: ReportSubject, recording: Recording) -> list[str]:
    """How to record states, where the run has none."""
    if recording.states:
        return []
    name = subject.program.network.populations[0].name
    told = f'No state was recorded, so the page has no traces: a probe of the network, or nd.run(..., probes="{name}.v"), records one.'
    return [told]


def _static(trains: Sequence[Train], sample: SampleShown, recording: Recording) -> str:
    """The first sample as a drawing without script; empty where it has too many spikes."""
    rows_of = [item.of_sample(sample.number) for item in trains]
    if sum(map(len, rows_of)) > MOST_STATIC:
        return element("p", "The raster needs a browser that runs scripts.")
    first, steps = recording.first_step, recording.n_steps - recording.first_step + 1
    parts = list[str]()
    for at, (item, rows) in enumerate(zip(trains, rows_of, strict=True)):
        top = at * (BAND + GAP)
        parts.append(element("text", text(item.name), x=LEFT - 8, y=top + BAND / 2 + 4, text_anchor="end"))
        parts.append(element("rect", x=LEFT, y=top, width=WIDTH, height=BAND, class_="none"))
        dots = "".join(f"M{step} {neuron}.5h.8" for step, neuron in (rows - [first, 0]).tolist())
        line = f"var(--series-{at % 8 + 1})"
        path = element("path", d=dots, stroke=line, stroke_width=max(0.8, item.size / BAND), fill="none")
        box = {"x": LEFT, "y": top, "width": WIDTH, "height": BAND, "viewBox": f"0 0 {steps} {item.size}"}
        parts.append(element("svg", path, **box, preserveAspectRatio="none") if dots else "")
    height = len(trains) * (BAND + GAP) + 16
    axis = element("text", f"steps {first} to {recording.n_steps}", x=LEFT, y=height - 4)
    box = f"0 0 {LEFT + WIDTH} {height}"
    return element("p", text(sample.title)) + element("svg", *parts, axis, viewBox=box, role="img", aria_label="Raster")


def section(subject: ReportSubject) -> Section | None:
    """Return the raster of up to four samples. `subject`: with a recording; None without one, or without a sample."""
    recording = subject.recording
    if recording is None:
        return None
    samples, every = samples_shown(subject, recording), trains_of(subject, recording)
    trains = every[:MOST_TRAINS]
    if not samples or not trains or recording.n_steps < recording.first_step:
        return None
    series = _written(trains, samples, recording)
    data = {
        "first": recording.first_step,
        "steps": recording.n_steps - recording.first_step + 1,
        "samples": [item.title for item in samples],
        "series": series,
    }
    of_samples = f"{len(samples)} of {recording.n_samples:,} samples" if recording.n_samples > 1 else "the one sample"
    lead = f"Spikes of {of_samples}, one row for each neuron; inputs come first."
    keys = (
        "Drag to zoom; a double click shows everything again. With the keyboard: + and - zoom, arrows move, 0 resets."
    )
    body = element("p", text(lead)) + element("p", text(keys), class_="note")
    body += "".join(element("p", text(line), class_="note") for line in _said(series, len(every)))
    body += element("div", id="raster-plot", class_="plot")
    body += element("noscript", _static(trains, samples[0], recording))
    more = [*_values_sent(subject, recording), *_no_states(subject, recording)]
    body += "".join(element("p", text(line), class_="note") for line in more)
    return Section("raster", "Raster", body, (Plot("raster-plot", "raster", data),))
