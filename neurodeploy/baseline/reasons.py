"""Why figures of a baseline moved: what changed in the program, then in the run."""

from __future__ import annotations

from collections.abc import Iterator

from neurodeploy.baseline.nouns import BaselineEntry
from neurodeploy.diff.nouns import Reason
from neurodeploy.diff.provenance import program_reasons

__all__ = ["reasons_of"]


def _edits(base: BaselineEntry, head: BaselineEntry) -> Iterator[Reason]:
    for name in dict.fromkeys((*base.edits, *head.edits)):
        one, other = base.edits.get(name, "default"), head.edits.get(name, "default")
        if one != other:
            yield Reason(kind="options", text=f"option {name} changed: {one} -> {other}")


def _run(base: BaselineEntry, head: BaselineEntry) -> Iterator[Reason]:
    if base.stimulus != head.stimulus or base.n_samples != head.n_samples:
        counts = f": {base.n_samples:,} -> {head.n_samples:,} samples" if base.n_samples != head.n_samples else ""
        yield Reason(kind="stimulus", text=f"samples changed{counts}")
    if base.labels != head.labels:
        words = ["none" if item is None else item[:8] for item in (base.labels, head.labels)]
        yield Reason(kind="stimulus", text=f"labels changed: {words[0]} -> {words[1]}")
    for word, text in (("first_step", "first step"), ("n_steps", "last step"), ("seed", "seed of the run")):
        one, other = getattr(base, word), getattr(head, word)
        if one != other:
            yield Reason(kind="run", text=f"{text} changed: {one:,} -> {other:,}")
    if base.backend != head.backend:
        yield Reason(kind="backend", text=f"backend changed: {base.backend} -> {head.backend}")


def reasons_of(base: BaselineEntry, head: BaselineEntry) -> tuple[Reason, ...]:
    """Return every change between two entries in what their figures depend on; the version of neurodeploy comes last.

    `base`, `head`: of one program, or of two versions of it.
    """
    found = [*_edits(base, head), *program_reasons(base, head), *_run(base, head)]
    if base.neurodeploy != head.neurodeploy:
        text = f"version of neurodeploy changed: {base.neurodeploy} -> {head.neurodeploy}"
        found.append(Reason(kind="version", text=text))
    if not found and base.spikes != head.spikes:
        text = "the same program gave other spikes on the same samples: the backend does not repeat itself"
        found.append(Reason(kind="unknown", text=text))
    return tuple(found)
