"""Why figures moved: what changed in what they depend on, from the description of the network to the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from neurodeploy.baseline.nouns import BaselineEntry
from neurodeploy.diff.nouns import Reason

__all__ = ["part_reasons", "reasons_of"]

LISTED = 4
"""Names that a reason lists."""


def _listed(names: Sequence[str]) -> str:
    more = len(names) - LISTED
    shown = ", ".join(names[:LISTED])
    return f"{shown} and {more:,} more" if more > 0 else shown


def _changed(base: Mapping[str, str], head: Mapping[str, str]) -> list[str]:
    return [name for name in base if name in head and base[name] != head[name]]


def part_reasons(base: Mapping[str, str], head: Mapping[str, str]) -> Iterator[Reason]:
    """Yield what changed between the parts of two networks: weights by projection, then other arrays, fields, and parts that
    only one of them has.

    `base` and `head`: part -> digest, as `network_parts` returns them.
    """
    changed = _changed(base, head)
    weights = [name for name in changed if _is_weights(name)]
    fields = [name for name in changed if not _is_weights(name)]
    if weights:
        yield Reason(kind="weights", text=f"weights changed: {_listed([_owner(name) for name in weights])}")
    if fields:
        yield Reason(kind="network", text=f"network changed: {_listed(list(dict.fromkeys(map(_spoken, fields))))}")
    for text, some, other in (("added to", head, base), ("removed from", base, head)):
        names = list(dict.fromkeys(_owner(name) for name in some if name not in other and _owner(name) not in other))
        if names:
            yield Reason(kind="network", text=f"{text} the network: {_listed(names)}")


def _is_weights(part: str) -> bool:
    return part.startswith("projection ") and part.endswith(("weights", "kernel", "data"))


def _owner(part: str) -> str:
    return part.partition(": ")[0]


def _spoken(part: str) -> str:
    owner, _, array = part.partition(": ")
    return f"{owner} ({array})" if array else owner


def _options(base: BaselineEntry, head: BaselineEntry) -> Iterator[Reason]:
    names = dict.fromkeys((*base.options, *head.options))
    for name in names:
        one, other = base.options.get(name, {}), head.options.get(name, {})
        if one != other:
            yield Reason(kind="options", text=f"option {name} changed: {_table(one)} -> {_table(other)}")
    if base.placement_seed != head.placement_seed:
        text = f"seed of the mapping changed: {base.placement_seed} -> {head.placement_seed}"
        yield Reason(kind="options", text=text)


def _table(values: Mapping[str, int]) -> str:
    return _listed([f"{name}={value}" for name, value in values.items()]) or "default"


def _target(base: BaselineEntry, head: BaselineEntry) -> Iterator[Reason]:
    for word in ("target", "board", "dialect", "rule_set"):
        one, other = getattr(base, word), getattr(head, word)
        if one != other:
            text = f"{word.replace('_', ' ')} changed: {one or 'one chip'} -> {other or 'one chip'}"
            yield Reason(kind="target", text=text)
    if base.target == head.target:
        parts = dict.fromkeys((*base.target_parts, *head.target_parts))
        moved = [name for name in parts if base.target_parts.get(name) != head.target_parts.get(name)]
        if moved:
            text = f"figures of target '{head.target}' or their sources changed: {_listed(moved)}"
            yield Reason(kind="target", text=text)


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
    """Return every change between two entries in what their figures depend on.

    The conversion to integers and the mapping are named only where nothing before them explains that they changed: with the
    same network, target and options, another result is the work of another version of neurodeploy.
    """
    before = [*part_reasons(base.network_parts, head.network_parts), *_target(base, head), *_options(base, head)]
    found = list(before)
    if base.integers != head.integers and not before:
        found.append(Reason(kind="quantization", text="the same network was converted to other integers"))
    if base.placement != head.placement:
        text = "neurons lie on other cores" if found else "the same network was mapped to other cores"
        found.append(Reason(kind="placement", text=text))
    found += _run(base, head)
    if base.neurodeploy != head.neurodeploy:
        text = f"version of neurodeploy changed: {base.neurodeploy} -> {head.neurodeploy}"
        found.append(Reason(kind="version", text=text))
    if not found and base.spikes != head.spikes:
        text = "the same program gave other spikes on the same samples: the backend does not repeat itself"
        found.append(Reason(kind="unknown", text=text))
    return tuple(found)
