"""Section with what the conversion to integers cost: ranges of weights, rounded registers, values that left their range."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.quantize.report import RMS_TOLERANCE, SAME, VANISHED_TOLERANCE
from neurodeploy.report.markup import element, text
from neurodeploy.report.page.activity.figures import digits, percent, signed
from neurodeploy.report.page.activity.rates import saturated
from neurodeploy.report.page.activity.trains import Train, answers_of, trains_of
from neurodeploy.report.page.activity.weight_ranges import WeightRange, weight_ranges
from neurodeploy.report.page.blocks import drawing, figure, key, note, table
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.quantity import count
from neurodeploy.signals import Recording

__all__ = ["section", "spike_difference"]

Ints = NDArray[np.int64]
MOST_ROWS = 100
"""Rows of a table; those with the largest errors are kept."""
LETTERS = 26
"""Letters of a name in the drawing; the middle of longer ones is left out."""
LEFT, BAR, LINE, RIGHT = 210, 420, 30, 170
"""Measures of the drawing of ranges: room for names, width and height of a row, room for limits; pixels."""
DRAWN = 24
"""Projections in the drawing."""


def _loss(fraction: float) -> str:
    return "exact" if fraction <= SAME else percent(fraction)


def _range_row(item: WeightRange, at: int) -> str:
    """One row of the drawing: the storable range, and in it the weights; both on a scale of the wider one."""
    least, low, middle, high, greatest = (float(value) for value in item.quantiles)
    left, right = min(item.storable[0], least, 0.0), max(item.storable[1], greatest, 0.0)
    per, top = BAR / ((right - left) or 1.0), at * LINE + 6

    def x(value: float) -> float:
        return LEFT + (value - left) * per

    told = f"{item.projection}\nweights {digits(least)} to {digits(greatest)}, median {digits(middle)}"
    told += f"\nstorable {digits(item.storable[0])} to {digits(item.storable[1])} in steps of {digits(item.step)}"
    start, width = x(item.storable[0]), (item.storable[1] - item.storable[0]) * per
    bar = element("rect", x=start, y=top, width=width, height=18, rx=3, class_="none")
    outside = [
        element("rect", x=x(one), y=top + 4, width=max(0.0, x(other) - x(one)), height=10, fill="var(--error)")
        for one, other in ((least, item.storable[0]), (item.storable[1], greatest))
        if other > one
    ]
    ends = element("line", x1=x(least), y1=top + 9, x2=x(greatest), y2=top + 9, class_="axis")
    box = element("rect", x=x(low), y=top + 4, width=max(1.5, x(high) - x(low)), height=10, rx=2, class_="s1")
    zero = element("line", x1=x(0.0), y1=top - 2, x2=x(0.0), y2=top + 20, class_="axis")
    tip = element(
        "rect", x=LEFT, y=top, width=BAR, height=18, fill="transparent", data_tip=told, tabindex=-1 if at else 0
    )
    name = (
        item.projection if len(item.projection) <= LETTERS else f"{item.projection[:12]}\u2026{item.projection[-13:]}"
    )
    words = element("text", text(name), x=LEFT - 10, y=top + 13, text_anchor="end")
    limit = f"{digits(item.storable[0])} to {digits(item.storable[1])}"
    return (
        words
        + bar
        + ends
        + box
        + "".join(outside)
        + zero
        + tip
        + element("text", text(limit), x=LEFT + BAR + 10, y=top + 13, class_="soft")
    )


def _ranges(found: list[WeightRange]) -> str:
    """The drawing of ranges and the table of losses."""
    drawn = found[:DRAWN]
    height = len(drawn) * LINE + 6
    width = LEFT + BAR + RIGHT
    rows = "".join(_range_row(item, at) for at, item in enumerate(drawn))
    label = "Ranges of weights within the storable ranges"
    svg = drawing(rows, width=width, height=height, label=label, explored=True)
    caption = "Weights in the units of the network, each row on its own scale; the upright line is 0."
    names = [
        ("none", "storable range"),
        ("s1", "5th to 95th percentile of the weights, with a line from least to greatest"),
    ]
    left = found[DRAWN:]
    more = note(f"{len(left)} more {'are' if len(left) > 1 else 'is'} in the table only.") if left else ""
    heads = ("projection", "weights", "bits", "levels used", "RMS error", "clipped", "dead")
    body = table(heads, (_loss_row(item) for item in found[:MOST_ROWS]), numbers=range(1, 7), tall=len(found) > 12)
    told = "Clipped weights are beyond the storable range; dead ones are not 0 and round to 0."
    if len(found) > MOST_ROWS:
        told += f" The {MOST_ROWS} projections with the largest errors of {len(found)} are listed."
    return key(names) + figure(svg, caption) + more + body + note(told)


def _loss_row(item: WeightRange) -> tuple[str, ...]:
    used = f"{item.levels_used:,} of {item.levels:,}"
    share = f"{item.vanished:,} ({percent(item.vanished / item.n_weights)})" if item.vanished else "0"
    clipped = f"{item.clipped:,} ({percent(item.clipped / item.n_weights)})" if item.clipped else "0"
    return item.projection, f"{item.n_weights:,}", str(item.bits), used, _loss(item.rms_relative), clipped, share


def _registers(subject: ReportSubject) -> str:
    """Values of populations that the conversion rounded or replaced, the largest errors first."""
    lines = [item for item in subject.program.ledger if item.subject.kind == "population" and item.level != "exact"]
    if not lines:
        return ""
    lines.sort(key=lambda item: -(item.relative_error or 0.0))
    rows = [
        (str(item.subject.name), item.quantity, item.asked, item.got, _error(item.relative_error), item.level)
        for item in lines[:MOST_ROWS]
    ]
    heads = ("population", "value", "asked", "stored", "error", "kind")
    return element("h3", "Registers") + table(heads, rows, numbers=(4,), prose=(2, 3), tall=len(rows) > 12)


def _error(value: float | None) -> str:
    return "" if value is None else _loss(value)


def _overflow_words(recording: Recording, name: str) -> tuple[str, str, str]:
    """Steps in which the accumulator, the current and the voltage left their ranges, with the neurons concerned."""
    steps = recording.overflows.get(name)
    if steps is None:
        return "not counted", "not counted", "not counted"
    told = [f"{int(row.sum()):,} in {int(np.count_nonzero(row)):,} neurons" if row.any() else "0" for row in steps]
    return told[0], told[1], told[2]


def _run_rows(subject: ReportSubject, recording: Recording) -> Iterable[tuple[str, ...]]:
    """For each population: overflows, silent and saturated neurons, and spikes beside those of the float reference."""
    floats = {}
    if subject.reference is not None and subject.reference.n_samples == recording.n_samples:
        floats = {item.name: item for item in trains_of(subject, subject.reference) if not item.is_input}
    for item in trains_of(subject, recording):
        if item.is_input:
            continue
        spikes = item.per_neuron()
        hot = saturated(subject.program, item.name, spikes, recording).size
        dead = int(np.count_nonzero(spikes == 0))
        judged = (f"{dead:,} of {item.size:,}", f"{hot:,}")
        yield item.name, *_overflow_words(recording, item.name), *judged, *_differences(item, floats, recording)


def _differences(item: Train, floats: dict[str, Train], recording: Recording) -> tuple[str, ...]:
    if not floats:
        return ()
    mine, other = len(item.rows) / recording.n_samples, floats.get(item.name)
    if other is None:
        return count(mine), "not recorded", "", ""
    theirs = len(other.rows) / recording.n_samples
    change = f"{signed(100 * (mine - theirs) / theirs)} %" if theirs else ""
    return count(mine), count(theirs), change, digits(spike_difference(item, other, recording.n_samples))


def spike_difference(one: Train, other: Train, n_samples: int) -> float:
    """Return the mean of |spikes of a neuron in a sample - those in another run| over neurons and samples.

    `one`, `other`: the same population in two runs. `n_samples`: samples of each.
    """
    keys = [item.column(0) * item.size + item.column(2) for item in (one, other)]
    signs = np.repeat([1.0, -1.0], [key.size for key in keys])
    _, at = np.unique(np.concatenate(keys), return_inverse=True)  # grows with the spikes, not with the neurons
    return float(np.abs(np.bincount(at, signs)).sum()) / max(1, n_samples * one.size)


def _run(subject: ReportSubject, recording: Recording) -> str:
    rows = list(_run_rows(subject, recording))
    if not rows or not recording.n_samples:
        return ""
    heads = ("population", "sum wrapped", "u out of range", "v limited", "silent", "saturated")
    compared = len(rows[0]) > len(heads)
    heads += ("spikes / sample", "in floats", "change", "per neuron") if compared else ()
    body = table(heads, rows, numbers=range(4, len(heads)), tall=len(rows) > 12)
    told = "The first three columns count steps of neurons over all samples in which the sum of weights wrapped, the current "
    told += "left its range, and the voltage was held at its limit."
    if compared:
        told += " The last one is the mean difference between the spikes of a neuron in a sample and in the float reference."
    return element("h3", "In the run") + body + note(told) + _answers(subject, recording)


def _answers(subject: ReportSubject, recording: Recording) -> str:
    """How many answers differ from the float reference."""
    if subject.reference is None or subject.reference.n_samples != recording.n_samples:
        return ""
    mine, theirs = answers_of(subject, recording), answers_of(subject, subject.reference)
    if mine is None or theirs is None:
        return ""
    other = np.flatnonzero(mine != theirs)
    if not other.size:
        return element("p", f"All {mine.size:,} answers are those of the float reference.")
    first = ", ".join(str(int(at)) for at in other[:8]) + (", \u2026" if other.size > 8 else "")
    samples = "sample" if other.size == 1 else "samples"
    return element("p", f"{other.size:,} of {mine.size:,} answers differ from the float reference: {samples} {first}.")


def _verdict(found: list[WeightRange], *, integers: bool) -> str:
    """What the weights lost, in a sentence or two. `integers`: the network gives all of them as integers."""
    if not found:
        return "No projection has weights."
    worst = max(found, key=lambda item: item.rms_relative)
    if worst.rms_relative <= SAME:
        told = " The network gives them as integers; neurodeploy blame shows what that cost a converted network."
        return "All weights are stored exactly." + (told if integers else "")
    clipped, dead, every = (
        sum(values) for values in zip(*((i.clipped, i.vanished, i.n_weights) for i in found), strict=True)
    )
    told = f"Rounding changes the weights of {worst.projection} most: {_loss(worst.rms_relative)} RMS error"
    told += f", above the {_loss(RMS_TOLERANCE)} of ND201. " if worst.rms_relative > RMS_TOLERANCE else ". "
    told += f"{clipped:,} of {every:,} weights are clipped" if clipped else f"None of {every:,} weights is clipped"
    told += f", and {dead:,} round to 0" if dead else ""
    many = [item.projection for item in found if item.vanished > VANISHED_TOLERANCE * item.n_weights]
    return told + (f" (more than {VANISHED_TOLERANCE:.0%} of {', '.join(many[:4])})." if many else ".")


def section(subject: ReportSubject) -> Section | None:
    """Return the losses of the conversion and of the run.

    `subject`: the recording adds what left its range, the reference adds differences of spikes and answers.
    """
    found = sorted(weight_ranges(subject.program), key=lambda item: -item.rms_relative)
    integers = all(isinstance(item.neuron, IntegerNeuron) for item in subject.program.network.populations)
    body = element("p", text(_verdict(found, integers=integers)))
    if found:
        body += element("h3", "Weights") + _ranges(found)
    body += _registers(subject)
    if subject.recording is not None:
        body += _run(subject, subject.recording)
    return Section("quantization", "Quantization", body)
