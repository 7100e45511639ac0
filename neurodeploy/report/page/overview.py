"""Sections at the top of the page: the verdict and its budgets, what ran where, and accuracy against the float reference."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_letters, digits
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, comparison
from neurodeploy.network import Network
from neurodeploy.profile import Estimate, Profile, profile_measures
from neurodeploy.report.markup import element, text
from neurodeploy.report.page.blocks import card, cards, drawing, figure, note, table, tag
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.quantity import count, interval, si
from neurodeploy.simulate import Recording, answers
from neurodeploy.simulate.decode import units_of

__all__ = ["accuracy", "ran", "verdict", "wilson"]

EXCEEDED, UNKNOWN = "ND604", "ND605"
"""Findings of budgets."""
NAME = ascii_letters + digits + "_."
"""Characters of the name of a figure."""
CLASSES = 16
"""Largest number of classes of which the confusion is drawn."""
MOST_RULES = 8
"""Learning rules that are listed."""


def verdict(subject: ReportSubject) -> Section:
    """Return the verdict: errors and warnings, the main figures, and every budget. `subject`: what the page is about."""
    body = [element("p", *_judged(subject)), cards(_figures(subject))]
    broken = [item for item in subject.findings if item.code in (EXCEEDED, UNKNOWN)]
    if broken or subject.met_budgets:
        rows = [
            (item.subject.name, "exceeded" if item.code == EXCEEDED else "no figure", _found(item)) for item in broken
        ]
        rows += [(name, "met", _measured(subject.profile, name)) for name in subject.met_budgets]
        body.append(table(("budget", "verdict", "figure"), rows, caption="Budgets"))
    elif subject.profile:
        body.append(
            note("No budget was set. One looks like --budget 'energy_per_inference<=2uJ' or --budget 'cores<=4'.")
        )
    body += [note(line) for line in _left_out(subject)]
    return Section("verdict", "Verdict", "".join(body))


def _left_out(subject: ReportSubject) -> Iterator[str]:
    """Why sections that one may look for are not on the page."""
    recording, network = subject.recording, subject.program.network
    if recording is None:
        yield "No sample of a run is complete, so the page shows what was compiled, and neither activity nor cost."
        return
    if not network.outputs:
        yield "Accuracy is not shown, because the network has no output."
    elif subject.samples is None:
        yield "Accuracy is not shown, because the samples of the recording were not given."
    elif subject.samples.labels is None:
        yield "Accuracy is not shown, because the samples have no labels."
    elif subject.profile is not None and subject.profile.accuracy is None:
        yield "Accuracy is not shown, because the run is not complete."
    if recording.recorded is not None:
        yield "Traffic is not shown, because the spikes of some populations were not recorded."
    if subject.profile is not None and not subject.profile.floors:
        yield f"The floorline is not shown, because {subject.program.target.file} has no public time of an event."


def _found(item: Diagnostic) -> str:
    return comparison(item) or item.message


def _measured(profile: Profile | None, text: str) -> str:
    """The figure of a budget, in its unit; empty if it is none of the profile's."""
    measures = profile_measures(profile) if profile else {}
    item = measures.get(text[: len(text) - len(text.lstrip(NAME))])
    if item is None or item.value is None:
        return ""
    if item.unit == "fraction":
        return f"{item.value:.2%}"
    shown = si(item.value, item.unit) if item.unit in ("J", "s", "W") else f"{count(item.value)} {item.unit}"
    return f"{shown} ({item.value / item.whole:.1%})" if item.whole else shown


def _judged(subject: ReportSubject) -> list[str]:
    levels = [item.severity for item in subject.findings]
    errors, warnings = levels.count("error"), levels.count("warning")
    over = sum(item.code == EXCEEDED for item in subject.findings)
    counted = ((errors, "error"), (warnings, "warning"))
    others = ", ".join(_plural(n, word) for n, word in counted if n) or "no warning"
    place = f"a placement on {_plural(subject.program.tables.n_cores, 'core')} was found"
    if over:
        said = tag(f"{_plural(over, 'budget')} exceeded", "error")
    elif errors:
        said = tag("Has errors", "error")
    else:
        said = tag("Fits", "good") if not subject.met_budgets else tag("Fits, within its budgets", "good")
    return [said, f" {text(f'It fits {subject.program.target.title}: {place}; {others}.')}"]


def _plural(n: int, word: str) -> str:
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def _figures(subject: ReportSubject) -> list[str]:
    profile, program = subject.profile, subject.program
    cores = program.tables.n_cores
    if profile is None:
        return [card("Cores", f"{cores:,}", f"of {program.target.cores:,}")]
    least = f"at least {profile.cores_lower_bound:,} on any mapping"
    found = [card("Cores", f"{cores:,} of {program.target.cores:,}", least)]
    if profile.accuracy is not None:
        found.insert(0, card("Accuracy", f"{profile.accuracy:.2%}", _against(profile)))
    found.append(_estimate("Energy per inference", profile.energy_per_inference))
    found.append(_estimate("Time per inference", profile.time_per_inference))
    spikes = sum(item.spikes_per_inference for item in profile.populations)
    found.append(
        card("Spikes per inference", count(spikes), f"{count(profile.synops_per_inference)} synaptic operations")
    )
    full = max(profile.resources, key=lambda item: item.worst / item.limit if item.limit else 0, default=None)
    if full is not None and full.limit:
        named = f"{full.name.replace('_', ' ')} of the fullest core"
        found.append(card("Fullest resource", f"{full.worst / full.limit:.1%}", named))
    return found


def _against(profile: Profile) -> str:
    if profile.reference_accuracy is None or profile.accuracy is None:
        return f"{profile.n_samples:,} samples"
    points = 100 * (profile.accuracy - profile.reference_accuracy)
    return f"{points:+.2f} points against float"


def _estimate(name: str, item: Estimate | None) -> str:
    if item is None:
        return card(name, "no figure", "none is published for this target")
    return card(name, si(item.value, item.unit), f"{interval(item).partition(' (')[2].rstrip(')')}, {item.kind}")


def ran(subject: ReportSubject) -> Section | None:
    """Return what ran where; None without a recording. `subject`: what the page is about."""
    recording, program = subject.recording, subject.program
    if recording is None:
        return None
    target = program.target
    where = {"reference": "the float reference", "emulator": "the emulator of neurodeploy", "silicon": "silicon"}
    kind = where.get(recording.ran_on, "an emulator of the vendor")
    engine = f", engine {recording.engine}" if recording.engine else ""
    why = f": {recording.engine_note}" if recording.engine_note else ""
    first, last = recording.first_step, recording.n_steps
    length = f"{last:,} steps" if first == 1 else f"steps {first:,} to {last:,}"
    state = "" if recording.complete else "; the run was stopped before its end"
    rows = {
        "Ran on": f"{kind} (backend {recording.backend}{engine}{why})",
        "Compiled for": f"{target.title}, {f'board {target.board}' if target.board else 'one chip'} ({target.file})",
        "Arithmetic": f"dialect {target.dialect.name}; synapse memory is counted by the rule set {target.rule_set}",
        "Run": f"{recording.n_samples:,} samples of {length}, drain included; random seed {recording.seed}{state}",
        "Step": f"{program.network.time.dt_s:g} s in the network",
        "Network": _described(subject),
        **_learning(program.network),
    }
    listed = "".join(element("dt", text(name)) + element("dd", text(value)) for name, value in rows.items())
    return Section("ran", "What ran where", element("dl", listed) + _activity(subject.profile))


def _described(subject: ReportSubject) -> str:
    network = subject.program.network
    parts = (
        (len(network.inputs), "input"),
        (len(network.populations), "population"),
        (len(network.projections), "projection"),
    )
    return ", ".join(_plural(n, word) for n, word in parts)


def _learning(network: Network) -> dict[str, str]:
    """The learning rule of each plastic projection; nothing without any."""
    rules = [f"{item.name}: {item.plasticity.text}" for item in network.projections if item.plasticity is not None]
    more = f"; and {len(rules) - MOST_RULES} more" if len(rules) > MOST_RULES else ""
    return {"Learning": "; ".join(rules[:MOST_RULES]) + more} if rules else {}


def _activity(profile: Profile | None) -> str:
    if profile is None:
        return ""
    rows = [
        (
            item.name,
            f"{item.size:,}",
            count(item.spikes_per_inference),
            f"{item.rate_per_step:.4f}",
            f"{item.silent_neurons:,}",
        )
        for item in profile.populations
    ]
    heads = ("population", "neurons", "spikes per inference", "spikes per neuron and step", "neurons that never fired")
    return table(heads, rows, caption="Activity", numbers=range(1, 5), tall=len(rows) > 14)


class _Answers(NamedTuple):
    """Answers of the chip and of the reference, and the labels, (n,) each."""

    chip: NDArray[np.int64]
    labels: NDArray[np.int64]
    reference: NDArray[np.int64] | None


def _answered(subject: ReportSubject, recording: Recording | None, *, integers: bool) -> NDArray[np.int64] | None:
    if recording is None or not subject.program.network.outputs:
        return None
    read = subject.program.network.outputs[0].source
    if recording.recorded is not None and read not in recording.recorded:
        return None
    return answers(subject.program.network, recording, units_of(subject.program) if integers else None)


def _on_chip(subject: ReportSubject) -> bool:
    """Whether the recording has the integers of the chip."""
    return subject.recording is not None and subject.recording.ran_on != "reference"


def _gathered(subject: ReportSubject) -> _Answers | None:
    chip = _answered(subject, subject.recording, integers=_on_chip(subject))
    labels = subject.samples.labels if subject.samples is not None else None
    part = subject.profile is not None and subject.profile.accuracy is None
    if part or chip is None or labels is None or labels.size < chip.size:
        return None
    reference = _answered(subject, subject.reference, integers=False)
    if reference is not None and reference.size != chip.size:
        reference = None
    return _Answers(chip, labels[: chip.size].astype(np.int64), reference)


def wilson(correct: int, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a fraction, as fractions (Wilson 1927, J. Am. Stat. Assoc. 22, 209).

    `correct`: samples with a correct answer, of `n`, at least 1.
    """
    z = 1.959964
    middle = (correct + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(correct * (n - correct) / n + z * z / 4)
    return float(middle - half), float(middle + half)


def accuracy(subject: ReportSubject) -> Section | None:
    """Return accuracy against the float reference; None without labels or answers. `subject`: what the page is about."""
    found = _gathered(subject)
    if found is None:
        return None
    n = found.labels.size
    rows, right = list[tuple[str, ...]](), found.chip == found.labels
    own = "the chip's integers" if _on_chip(subject) else "this run, in floats"
    for name, given in ((own, found.chip), ("float reference", found.reference)):
        if given is not None:
            correct = int((given == found.labels).sum())
            low, high = wilson(correct, n)
            rows.append((name, f"{correct / n:.2%}", f"{correct:,} of {n:,}", f"{low:.1%} - {high:.1%}"))
    body = [table(("answers of", "accuracy", "correct", "95 % interval"), rows, numbers=(1, 2, 3))]
    if found.reference is not None:
        same = int((found.chip == found.reference).sum())
        lost = int(((found.reference == found.labels) & ~right).sum())
        won = int((right & (found.reference != found.labels)).sum())
        said = f"Both give the same answer to {same:,} of {n:,} samples ({same / n:.2%})."
        moved = f" The chip loses {lost:,} that float answers correctly, and wins {won:,}." if lost or won else ""
        body.append(element("p", text(said + moved)))
    else:
        body.append(note("The float reference was not run on these samples, so nothing says what the integers cost."))
    classes = int(max(found.labels.max(initial=0), found.chip.max(initial=0))) + 1
    if 1 < classes <= CLASSES:
        body.append(_confusion(found, classes))
    return Section("accuracy", "Accuracy against float", "".join(body))


def _confusion(found: _Answers, n: int) -> str:
    """Samples by label (rows) and answer (columns), the share of the row as a colour."""
    valid = (found.labels >= 0) & (found.chip >= 0)
    table_ = np.bincount(found.labels[valid] * n + found.chip[valid], minlength=n * n).reshape(n, n)
    size, left, top = 30, 58, 40
    parts = [
        element("text", "answer", x=left + n * size / 2, y=12, text_anchor="middle", class_="soft"),
        element("text", "label", x=0, y=top + n * size / 2, class_="soft"),
    ]
    for at in range(n):
        parts.append(element("text", str(at), x=left + at * size + size / 2, y=top - 8, text_anchor="middle"))
        parts.append(element("text", str(at), x=left - 8, y=top + at * size + size / 2 + 4, text_anchor="end"))
    for row, column in np.ndindex(n, n):
        parts += _square(table_, row, column, (left + column * size, top + row * size, size))
    width, height = left + n * size + 4, top + n * size + 4
    caption = "Samples by label and answer; a stronger colour is a larger share of the samples of the label"
    return figure(drawing(*parts, width=width, height=height, label=caption), caption)


def _square(counts: NDArray[np.int64], row: int, column: int, place: tuple[float, float, float]) -> list[str]:
    x, y, size = place
    value, total = int(counts[row, column]), max(int(counts[row].sum()), 1)
    level = 0 if not value else min(1 + int(6 * value / total), 7)
    shape = element(
        "rect", x=x + 1, y=y + 1, width=size - 2, height=size - 2, rx=3, class_=f"h{level}" if value else "none"
    )
    if not value:
        return [shape]
    label = f"{value:,}" if value < 1000 else f"{value / 1000:.0f}k"
    return [
        shape,
        element("text", label, x=x + size / 2, y=y + size / 2 + 4, text_anchor="middle", class_=f"on{level}"),
    ]
