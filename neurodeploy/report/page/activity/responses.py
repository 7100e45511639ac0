"""Section with what neurons respond to: average images at their spikes, and their spikes for each class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Input
from neurodeploy.report.markup import element, text
from neurodeploy.report.page.activity.averages import image_shape, selectivity, spikes_before, weighted_average
from neurodeploy.report.page.activity.figures import digits
from neurodeploy.report.page.activity.png import DIVERGING, LEVELS, diverging, picture
from neurodeploy.report.page.activity.trains import Train, labels_of, trains_of
from neurodeploy.report.page.blocks import drawing, figure, note
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.quantity import count
from neurodeploy.signals import Recording

__all__ = ["section", "shrunk"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LEAST_NEURONS, MOST_NEURONS, MOST_POPULATIONS = 4, 10, 6
"""Neurons of a population that are drawn, fewer where pictures are large, and populations."""
MOST_PIXELS = 40_000
"""Pixels of all pictures, as long as each population has its least neurons."""
MOST_SIDE, MOST_CHANNELS = 32, 4
"""Pixels on a side of a picture, and channels side by side."""
MOST_LABELS, MOST_ROWS = 24, 16
"""Classes and neurons of a table of classes."""
MOST_SPIKES = 2_000_000
"""Input spikes that are averaged; samples beyond it are left out."""
WINDOW = 10
"""Steps before a spike that count as its cause, for inputs that change within a sample."""
LEFT, TOP, WIDE, CELL = 64, 22, 46, 24
"""Measures of a table of classes: room for neurons and labels, width and height of a cell; pixels."""
SIDE = 72
"""Height of a picture on the page, in pixels."""


class _Seen(NamedTuple):
    """What the pictures show: an input, as an image."""

    item: Input
    shape: tuple[int, int, int]
    values: Floats | None
    """(samples, lines) values, constant over a sample; None: its spikes are averaged."""
    source: Train | None
    n_samples: int
    """Samples that are averaged, from the first on."""


def shrunk(image: Floats) -> Floats:
    """Return an image with at most `MOST_SIDE` pixels on a side, each the mean of a block; edge blocks may be smaller.

    `image`: (channels, height, width).
    """
    channels, height, width = image.shape
    block = -(-max(height, width) // MOST_SIDE)
    if block == 1:
        return image
    rows, columns = -(-height // block), -(-width // block)
    padded = np.full((channels, rows * block, columns * block), np.nan)
    padded[:, :height, :width] = image
    return np.nanmean(padded.reshape(channels, rows, block, columns, block), axis=(2, 4))


def _seen(subject: ReportSubject, recording: Recording, trains: tuple[Train, ...]) -> _Seen | None:
    """The first input that is an image and whose values or spikes are known."""
    for item in subject.program.network.inputs:
        shape = image_shape(item)
        if shape is None:
            continue
        source = next((train for train in trains if train.is_input and train.name == item.name), None)
        values = _values(subject, recording, item)
        if values is not None:
            return _Seen(item, shape, values, source, recording.n_samples)
        if source is not None and len(source.rows):
            held = np.cumsum(source.per_sample(recording.n_samples))
            kept = max(1, int(np.searchsorted(held, MOST_SPIKES, side="right")))
            return _Seen(item, shape, None, source, min(kept, recording.n_samples))
    return None


def _values(subject: ReportSubject, recording: Recording, item: Input) -> Floats | None:
    """(samples, lines) values of an input that stay for a whole sample; None for values over time, events or none."""
    values = None if subject.samples is None else subject.samples.values.get(item.name)
    if values is None or item.encoder.kind in ("spikes", "events") or len(values) < recording.n_samples:
        return None
    if values.shape[1:] != item.sample_shape or np.prod(values.shape[1:]) != item.size:
        return None
    axes = item.sample_axes
    ordered = values if axes is None else np.transpose(values, (0, *(axis + 1 for axis in axes)))
    return np.asarray(ordered[: recording.n_samples], dtype=np.float64).reshape(recording.n_samples, item.size)


def _averages(seen: _Seen, train: Train, neurons: Ints, recording: Recording) -> Floats:
    """(neurons, lines) average input at the spikes of each neuron, all of which spike, less that of all samples or steps."""
    if seen.values is not None:
        return weighted_average(seen.values, train.counts_of(neurons, recording.n_samples))
    assert seen.source is not None, "internal: an input without values has spikes"
    steps = recording.n_steps - recording.first_step + 1
    extent = (recording.first_step, steps, WINDOW)
    found = spikes_before(seen.source, train, neurons, seen.n_samples, extent)
    return found.before - found.always


def _place(train: Train, neuron: int) -> str:
    """The number of a neuron, with its place on the axes of its population."""
    if len(train.shape) == 1:
        return str(neuron)
    return f"{neuron} at ({', '.join(str(int(at)) for at in np.unravel_index(neuron, train.shape))})"


def _picture(seen: _Seen, average: Floats, title: str, neuron: int) -> str:
    """One average as a picture, with its channels side by side, on a scale of its own."""
    small = shrunk(average.reshape(seen.shape)[:MOST_CHANNELS])
    most = float(np.abs(small).max())
    colours = diverging(small)
    gap = np.full((colours.shape[1], 1), LEVELS, dtype=np.uint8)
    parts = [part for channel in colours for part in (gap, channel)][1:]
    pixels = np.concatenate(parts, axis=1)
    height, width = pixels.shape
    wide = round(SIDE * width / height)
    told = f"{title}, differences up to {digits(most)}"
    image = element(
        "image",
        href=picture(pixels, DIVERGING),
        width=wide,
        height=SIDE,
        preserveAspectRatio="none",
        image_rendering="pixelated",
    )
    svg = element(
        "svg", image, viewBox=f"0 0 {wide} {SIDE}", width=wide, height=SIDE, role="img", aria_label=told, data_tip=told
    )
    return element("li", svg, element("span", text(f"{neuron}: \u00b1{digits(most)}")))


def _neurons_each(seen: _Seen, n_populations: int) -> int:
    """How many neurons of each population are drawn."""
    channels, height, width = seen.shape
    block = -(-max(height, width) // MOST_SIDE)
    pixels = min(channels, MOST_CHANNELS) * -(-height // block) * -(-width // block)
    return max(LEAST_NEURONS, min(MOST_NEURONS, MOST_PIXELS // (pixels * n_populations)))


def _pictures(seen: _Seen, train: Train, recording: Recording, most: int) -> str:
    """The averages of the `most` most active neurons of a population."""
    total = train.per_neuron()
    spiking = int(np.count_nonzero(total))
    if not spiking:
        return element("p", text(f"{train.name}: no neuron spiked."), class_="note")
    neurons = np.argsort(-total, kind="stable")[: min(most, spiking)]
    averages = _averages(seen, train, neurons, recording)
    shown = (
        _picture(
            seen, average, f"{train.name}, neuron {_place(train, int(neuron))}: {total[neuron]:,} spikes", int(neuron)
        )
        for neuron, average in zip(neurons, averages, strict=True)
    )
    of = f"{train.name}: the {neurons.size} neurons with the most spikes" if neurons.size < train.size else train.name
    return element("h3", text(of)) + element("ul", *shown, class_="pictures")


def _lead(seen: _Seen, n_samples: int) -> str:
    channels, height, width = seen.shape
    what = f"values of {seen.item.name}" if seen.values is not None else f"spikes of {seen.item.name}"
    when = (
        "over the samples, weighted by the spikes of the neuron"
        if seen.values is not None
        else f"in the {WINDOW} steps before a spike"
    )
    less = "over all samples" if seen.values is not None else "over all steps"
    told = f"Average {what} {when}, less the average {less}. Orange is more than average, blue is less; each picture has its own scale."
    if seen.n_samples < n_samples:
        told += f" The first {seen.n_samples:,} of {n_samples:,} samples are averaged."
    if len(seen.item.shape) == 1:
        told += f" The input is flat: its {seen.item.size} lines are drawn as {height} x {width}."
    if channels > 1:
        told += f" Channels are side by side{f'; the first {MOST_CHANNELS} of {channels} are drawn' if channels > MOST_CHANNELS else ''}."
    block = -(-max(height, width) // MOST_SIDE)
    return told + (f" A pixel is the mean of {block} x {block} lines." if block > 1 else "")


def _classes(train: Train, labels: Ints) -> str:
    """Mean spikes of the most selective neurons for each label, as a table with shades."""
    names, means = selectivity(train, labels)
    if not 2 <= names.size <= MOST_LABELS:
        return ""
    spread = means.max(axis=1) - means.mean(axis=1)
    chosen = np.arange(train.size) if train.size <= MOST_ROWS else np.argsort(-spread, kind="stable")[:MOST_ROWS]
    chosen = chosen[np.argsort(means[chosen].argmax(axis=1), kind="stable")]
    most = float(means[chosen].max()) or 1.0
    parts = [element("text", "label", x=LEFT - 10, y=14, text_anchor="end", class_="soft")]
    parts += [
        element("text", str(int(name)), x=LEFT + (at + 0.5) * WIDE, y=14, text_anchor="middle")
        for at, name in enumerate(names)
    ]
    for row, neuron in enumerate(chosen):
        parts.append(_class_row(row, int(neuron), means[neuron], names, most))
    width, height = LEFT + names.size * WIDE, TOP + chosen.size * CELL
    label = f"Mean spikes of {train.name} for each label"
    svg = drawing(*parts, width=width, height=height, label=label, explored=True)
    kept = f" The {chosen.size} most selective of {train.size:,} neurons." if chosen.size < train.size else ""
    caption = f"{train.name}: mean spikes in a sample, a row for each neuron, a column for each label; at most {count(most)}.{kept}"
    return figure(svg, caption)


def _class_row(row: int, neuron: int, means: Floats, names: Ints, most: float) -> str:
    """One neuron of the table of classes. `row`: place in the table. `most`: mean of the fullest shade."""
    left, top, wide, tall = LEFT, TOP + row * CELL, WIDE, CELL
    ordered = np.argsort(-means, kind="stable")[:4]
    told = ", ".join(f"{count(round(float(means[at]), 2))} at label {names[at]}" for at in ordered if means[at])
    name = element("text", str(neuron), x=left - 10, y=top + 16, text_anchor="end")
    parts = [element("rect", x=left, y=top, width=names.size * wide - 2, height=tall - 2, class_="h0")]
    for at, value in enumerate(means):
        shade = min(7, int(8 * value / most))
        if shade:
            box = element("rect", x=left + at * wide, y=top, width=wide - 2, height=tall - 2, class_=f"h{shade}")
            parts.append(box)
    return name + element("g", *parts, data_tip=f"neuron {neuron}, spikes: {told or 'none'}", tabindex=-1 if row else 0)


def section(subject: ReportSubject) -> Section | None:
    """Return what neurons respond to.

    `subject`: with a recording, and with an input that is an image or with labels; None without them.
    """
    recording = subject.recording
    if recording is None or recording.n_samples < 2 or recording.n_steps < recording.first_step:
        return None
    trains = trains_of(subject, recording)
    populations = [item for item in trains if not item.is_input]
    seen, labels = _seen(subject, recording, trains), labels_of(subject, recording.n_samples)
    drawn = populations[-MOST_POPULATIONS:]
    body = ""
    if seen is not None:
        each = _neurons_each(seen, len(drawn))
        body += element("p", text(_lead(seen, recording.n_samples)))
        body += "".join(_pictures(seen, item, recording, each) for item in drawn)
    tables = "" if labels is None else "".join(_classes(item, labels) for item in drawn)
    if tables:
        body += element("h3", "Classes") + tables
    if not body or not drawn:
        return None
    if recording.payloads:
        body += note("Spikes that carry values count as one, whatever their value.")
    if len(populations) > len(drawn):
        body += note(f"The last {len(drawn)} of {len(populations)} populations are drawn.")
    return Section("responses", "Responses", body)
