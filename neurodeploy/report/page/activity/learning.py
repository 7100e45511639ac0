"""Section with what plastic projections learned: rules, weights before and after, and weights as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Network
from neurodeploy.report.learned_tables import COLUMNS, learned_row
from neurodeploy.report.markup import element, text
from neurodeploy.report.page.activity.png import DIVERGING, LEVELS, diverging, picture
from neurodeploy.report.page.activity.responses import shrunk
from neurodeploy.report.page.blocks import drawing, figure, key, note, table
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.signals import Recording
from neurodeploy.simulate.learned_summary import (
    LearnedProjection,
    field_shape,
    learned_projections,
    rule_texts,
    runs_of_rule,
)
from neurodeploy.simulate.probes import probed_variables

__all__ = ["section"]

Floats = NDArray[np.float64]
MOST_FIELDS, MOST_CHANNELS, SIDE = 36, 3, 84
"""Targets whose weights are drawn, channels of each, and height of a picture in pixels."""
LEAST_SOURCES = 4
"""Fewest sources whose weights are worth a picture."""
BINS, WIDE, HIGH, EDGE = 32, 640.0, 130.0, 22.0
"""Bars of a histogram; width and height of drawings, and height of the scale below, in pixels."""
APPROXIMATE = (
    "Learning is exact against the models of lava and nengo-loihi, whose authors say that they approximate the chip."
)


def section(subject: ReportSubject) -> Section | None:
    """Return what was learned. `subject`: with a recording of a program with plastic projections; None without."""
    recording = subject.recording
    found = () if recording is None else learned_projections(subject.program, recording)
    if recording is None or not found:
        return None
    lead = f"Weights in mantissas after step {recording.n_steps:,}. {APPROXIMATE}"
    body = note(lead) + table(COLUMNS, map(learned_row, found), numbers=range(1, len(COLUMNS)))
    for item in found:
        body += _projection(subject.program.network, recording, item)
    return Section("learning", "Learning", body)


def _projection(network: Network, recording: Recording, item: LearnedProjection) -> str:
    rule = item.synapses.rule
    often = runs_of_rule(rule, recording)
    epoch = f"every {rule.epoch_steps:,} steps" if rule.epoch_steps > 1 else "in every step"
    told = f"The rule changes weights {epoch}, {often:,} times in each sample."
    parts = [element("h3", text(item.name))]
    parts += [element("p", element("code", text(line))) for line in rule_texts(rule)]
    parts += [note(told), _histogram(item), _course(network, recording, item), _fields(network, item)]
    return "".join(parts)


def _histogram(item: LearnedProjection) -> str:
    """Weights before as a line, and after as bars."""
    low, high = (float(end) for end in item.limits)
    edges = np.linspace(low, high, BINS + 1)
    after = np.histogram(item.after, edges)[0] / len(item.after)
    before = np.histogram(np.clip(item.before, low, high), edges)[0]
    top, step = max(float(after.max()), float(before.max()), 1.0), WIDE / BINS
    heights = [(HIGH - EDGE) * counts / top for counts in (before, after)]
    bars = [
        element(
            "rect",
            x=step * at + 1,
            y=HIGH - EDGE - height,
            width=step - 2,
            height=height,
            class_="s1",
            data_tip=f"{edges[at]:.0f} to {edges[at + 1]:.0f}: {after[at]:,.4g} after, {before[at]:,} before",
        )
        for at, height in enumerate(heights[1])
    ]
    points = " ".join(
        f"{x:.1f},{HIGH - EDGE - height:.1f}"
        for at, height in enumerate(heights[0])
        for x in (step * at, step * (at + 1))
    )
    line = element("polyline", points=points, class_="curve t2")
    base = element("line", x1=0, x2=WIDE, y1=HIGH - EDGE, y2=HIGH - EDGE, class_="axis")
    label = f"Weights of {item.name} before and after learning"
    drawn = drawing(*bars, line, base, *_ends(low, high), width=WIDE, height=HIGH, label=label)
    return key((("s1", "after"), ("s2", "before"))) + figure(drawn, f"{label}; the scale is what the rule can reach.")


def _ends(low: float, high: float) -> list[str]:
    """The ends of the scale, and 0 between them."""
    zero = [(-low / (high - low) * WIDE, 0.0, "middle")] if low < 0 < high else []
    places = [(0.0, low, "start"), *zero, (WIDE, high, "end")]
    return [
        element("text", text(f"{value:g}"), x=x, y=HIGH - 6, text_anchor=anchor, class_="soft")
        for x, value, anchor in places
    ]


def _course(network: Network, recording: Recording, item: LearnedProjection) -> str:
    """The mean weight over the steps of the first sample, if a probe recorded the weights."""
    names = {one.name for one in probed_variables(network) if (one.population, one.variable) == (item.name, "w")}
    states: Any = next(
        (recording.states[name] for name in (*names, f"{item.name}.w") if name in recording.states), None
    )
    if states is None or 0 in states.shape:
        return ""
    means: Floats = states[0].astype(np.float64).mean(axis=1)
    low, high = float(means.min()), float(means.max())
    span, across = max(high - low, 1e-9), max(means.size - 1, 1)
    points = " ".join(
        f"{WIDE * at / across:.1f},{6 + (HIGH - EDGE - 12) * (high - value) / span:.1f}"
        for at, value in enumerate(means)
    )
    line = element("polyline", points=points, class_="curve t1")
    steps = (("start", 0.0, recording.first_step), ("end", WIDE, recording.n_steps))
    scale = [
        element("text", text(f"step {step:,}"), x=x, y=HIGH - 6, text_anchor=anchor, class_="soft")
        for anchor, x, step in steps
    ]
    label = f"Mean weight of {item.name} in the first sample, from {means[0]:.4g} to {means[-1]:.4g}"
    return figure(drawing(line, *scale, width=WIDE, height=HIGH, label=label), f"{label}.")


def _fields(network: Network, item: LearnedProjection) -> str:
    """The learned weights of some targets as pictures: of those whose weights changed most."""
    channels, height, width = field_shape(network, item.synapses.projection.source)
    if channels * height * width < LEAST_SOURCES or item.synapses.projection.operation.kind == "one_to_one":
        return ""
    weights = item.fields().astype(np.float64)
    change = np.zeros(weights.shape[0])
    np.add.at(change, item.synapses.listed.post, np.abs(item.after[0] - item.before).astype(np.float64))
    chosen = np.sort(np.argsort(-change, kind="stable")[:MOST_FIELDS])
    most = max(float(np.abs(weights[chosen]).max()), 1.0)
    shown = [_picture(weights[k].reshape(channels, height, width), most, int(k)) for k in chosen]
    of = f"the {len(chosen)} targets whose weights changed most" if len(chosen) < len(weights) else "all targets"
    told = f"Learned weights onto {of}, one picture for each. Orange is above 0, blue below; all have one scale, up to {most:,.0f}."
    if channels > 1:
        told += " Channels are side by side."
    if item.after.shape[0] > 1:
        told += " They are those of the first sample."
    return note(told) + element("ul", *shown, class_="pictures")


def _picture(field: Floats, most: float, neuron: int) -> str:
    """The weights of one target, with its channels side by side."""
    small = shrunk(field[:MOST_CHANNELS])
    scaled = diverging(np.append(small.ravel(), [most, -most]))[:-2].reshape(small.shape)
    gap = np.full((len(scaled[0]), 1), LEVELS, dtype=np.uint8)
    pixels = np.concatenate([part for channel in scaled for part in (gap, channel)][1:], axis=1)
    height, width = pixels.shape
    wide = max(round(SIDE * width / height), 1) if height > 1 else min(12 * width, 240)
    high = SIDE if height > 1 else 12
    told = f"target {neuron}: weights from {field.min():,.0f} to {field.max():,.0f}, mean {field.mean():,.1f}"
    image = element(
        "image", href=picture(pixels, DIVERGING), width=wide, height=high, preserveAspectRatio="none", image_rendering="pixelated"
    )  # fmt: skip
    svg = element(
        "svg", image, viewBox=f"0 0 {wide} {high}", width=wide, height=high, role="img", aria_label=told, data_tip=told
    )
    return element("li", svg, element("span", text(f"{neuron}")))
