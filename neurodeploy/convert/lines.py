"""Ledger lines of what a calibration chose, and findings of what it cannot avoid."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.convert.calibrate import Calibrated, Goal
from neurodeploy.convert.plan import Planned
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.network import Network
from neurodeploy.network.delays import possible_delays

__all__ = ["chosen_lines", "range_findings"]


def chosen_lines(calibrated: Calibrated, goal: Goal, network: Network) -> Iterator[LedgerLine]:
    """Yield a line for every choice of a calibration: the scheme, the start, constants, delays, the output, and ranges.

    `calibrated`: its result. `goal`: what it aimed at. `network`: the network that was built.
    """
    where = about("network", network.name)
    soft = "a spike takes the threshold off v", "what v had above it is kept"
    hard = "a spike sets v to 0", "what v had above the threshold is lost"
    got, note = hard if goal.hard else soft
    yield LedgerLine(subject=where, quantity="scheme", asked="values", got=got, level="approximate", note=note)
    yield _searched(calibrated, goal, network)
    start = "half the threshold, from neurons of 'clock' that spike once"
    note = "counts of spikes are rounded to the nearest, not down"
    yield LedgerLine(subject=where, quantity="v at the start", asked="0", got=start, level="approximate", note=note)
    neurons = network.population_by_name["clock"].size
    got = f"{neurons} neurons of 'clock', which start each layer with its first input"
    note = "a bias register would add in steps before the input arrives, and to v instead of u"
    yield LedgerLine(subject=where, quantity="biases", asked="constants", got=got, level="exact", note=note)
    delayed = [item for item in network.projections if possible_delays(item).any()]
    if delayed:
        got = ", ".join(f"{item.name} +{int(possible_delays(item).max())}" for item in delayed)
        note = "a layer reads values of one step, whatever the length of their paths"
        yield LedgerLine(subject=where, quantity="delays", asked="no delay", got=got, level="exact", note=note)
    last = calibrated.plan.populations[-1]
    gain = float(calibrated.plan.codings[last.layer].units[0].gain[0])
    got = f"v * {gain / goal.steps:.4g} after {goal.steps} steps of input"
    note = "v adds up what arrives in every step"
    if not goal.values:
        note += "; the answer is the highest"
    yield LedgerLine(
        subject=about("layer", last.layer), quantity="readout", asked="values", got=got, level="approximate", note=note
    )
    yield from (_range(calibrated, item) for item in calibrated.plan.populations if item.kind == "integrate")


def _searched(calibrated: Calibrated, goal: Goal, network: Network) -> LedgerLine:
    score, steps = calibrated.score, goal.steps
    answers = "" if goal.values else f"{score.right:.2%} right, "
    return LedgerLine(
        subject=about("network", network.name),
        quantity="calibration",
        asked="the trained network's output",
        got=f"{answers}{np.sqrt(score.error):.2%} RMS error of the output in {steps} steps",
        level="approximate",
        note=f"{calibrated.samples.n_samples} samples, weights as the target stores them; "
        + ("biases corrected by the mean error of each channel" if calibrated.shifted else "biases as trained"),
    )


def _range(calibrated: Calibrated, item: Planned) -> LedgerLine:
    chosen, gains = calibrated.chosen[item.layer], calibrated.plan.codings[item.layer].units[item.unit].gain
    low, high = float(np.abs(gains).min()), float(np.abs(gains).max())
    reach, room = calibrated.run.reach[item.name], calibrated.stored.room.get(item.name)
    held = f" of {room:.4g}" if room else ""
    return LedgerLine(
        subject=about("population", item.name),
        quantity="largest rate",
        asked=f"{chosen.percentile:g} % of the values above 0 of each {'channel' if chosen.per_channel else 'layer'}",
        got=f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}",
        level="approximate",
        note=f"v reaches {reach:.4g}{held} thresholds on the samples",
    )


def range_findings(calibrated: Calibrated) -> Iterator[Diagnostic]:
    """Yield ND851 for populations whose v leaves the range of the target on the calibration samples."""
    for item in calibrated.plan.populations:
        reach, room = calibrated.run.reach.get(item.name, 0.0), calibrated.stored.room.get(item.name, np.inf)
        if reach >= room:
            message = "has a v that leaves its range on the calibration samples, and wraps or stops there"
            yield finding(
                "ND851", about("population", item.name), message, found=round(reach, 1), limit=round(room, 1),
                unit="thresholds", fixes=["fewer steps"],
            )  # fmt: skip
