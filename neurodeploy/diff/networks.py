"""Differences of two networks, part by part."""

from __future__ import annotations

from collections.abc import Iterator

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics import Subject, SubjectKind, about
from neurodeploy.diff.fields import LONGEST, field_differences
from neurodeploy.diff.nouns import Difference, Differences, difference
from neurodeploy.diff.parts import network_parts
from neurodeploy.diff.provenance import part_reasons
from neurodeploy.network import Network, SumOfProducts, equation_text

__all__ = ["network_differences", "network_rows"]

PARTS: dict[str, SubjectKind] = {
    "populations": "population",
    "projections": "projection",
    "inputs": "input",
    "outputs": "output",
    "probes": "probe",
}
"""List of a network -> kind of its items."""
EQUATIONS = ("dw", "dd", "dt")


def _parts(base: tuple[Noun, ...], head: tuple[Noun, ...], kind: SubjectKind) -> Iterator[Difference]:
    one, other = ({getattr(item, "name", ""): item for item in items} for items in (base, head))
    for name in dict.fromkeys((*one, *other)):
        where = about(kind, name)
        if name in one and name in other:
            yield from field_differences(where, one[name], other[name], without=("plasticity",))
            yield from _rules(where, one[name], other[name])
        else:
            yield difference(where, kind, _told(one.get(name)), _told(other.get(name)))
    shared = [[name for name in items if name in one and name in other] for items in (one, other)]
    if shared[0] != shared[1]:
        yield difference(about(kind, "*"), "order", ", ".join(shared[0]), ", ".join(shared[1]))


def _rules(where: Subject, base: Noun, head: Noun) -> Iterator[Difference]:
    """Rows of the learning rules of two projections: equations as text, or the rules in a few words if their kinds differ."""
    one, other = (getattr(item, "plasticity", None) for item in (base, head))
    if one == other:
        return
    if one is None or other is None or type(one) is not type(other):
        before, after = (None if rule is None else _short(rule.text) for rule in (one, other))
        yield difference(where, "plasticity", before, after)
        return
    for row in field_differences(where, one, other, without=EQUATIONS):
        yield row.model_copy(update={"figure": f"plasticity.{row.figure}"})
    if isinstance(one, SumOfProducts) and isinstance(other, SumOfProducts):
        for name in EQUATIONS:
            before, after = (_short(equation_text(getattr(rule, name))) or None for rule in (one, other))
            if getattr(one, name) != getattr(other, name):
                yield difference(where, f"plasticity.{name}", before, after)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _told(item: Noun | None) -> str | None:
    """A part in a few words; None if there is none."""
    if item is None:
        return None
    shape, source, target = (getattr(item, field, None) for field in ("shape", "source", "target"))
    if source is not None:
        return f"{source} -> {target}" if target is not None else f"of {source}"
    return f"{list(shape)}" if shape is not None else f"of {target}"


def network_rows(base: Network, head: Network) -> tuple[Difference, ...]:
    """Return a row for each field, array and part in which two networks differ. Metadata never affect results and are left
    out. `base`, `head`: the networks.
    """
    parts = (row for field, kind in PARTS.items() for row in _parts(getattr(base, field), getattr(head, field), kind))
    others = (*PARTS, "metadata")
    return (*field_differences(about("network", head.name), base, head, without=others), *parts)


def network_differences(base: Network, head: Network, names: tuple[str, str] = ("base", "head")) -> Differences:
    """Return how two networks differ. `base`, `head`: the networks. `names`: what to call them."""
    reasons = tuple(part_reasons(network_parts(base), network_parts(head)))
    return Differences(of="networks", base=names[0], head=names[1], rows=network_rows(base, head), reasons=reasons)
