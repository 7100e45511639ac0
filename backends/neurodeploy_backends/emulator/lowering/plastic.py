"""Plastic projections for the kernels: their synapses leave the blocks, because their weights change while a program runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.arithmetic import learned_weights
from neurodeploy.native.structs import Span, fields_of
from neurodeploy.network import Pes, SumOfProducts
from neurodeploy.program.program import Program
from neurodeploy.quantize.plastic import reachable_weights
from neurodeploy_backends.emulator.engine.plastic_tables import (
    LEAST_MANTISSA,
    LINK,
    MANTISSAS,
    Plasticity,
)
from neurodeploy_backends.emulator.lowering.parts import BlockStats, Classes, Part
from neurodeploy_backends.emulator.lowering.pes import NO_PES, pes_numbers, pes_part
from neurodeploy_backends.emulator.lowering.rules import NO_PRODUCTS, RuleTables, rule_tables, third_sources
from neurodeploy_backends.emulator.spec_learning import LIMITS
from neurodeploy_backends.emulator.spec_plastic import Plastic, plastic_of

__all__ = ["NO_PLASTICITY", "Link", "PlasticLayout", "add_ranges", "links_of", "plastic_layout", "statistics_of_links"]

Array = NDArray[Any]


def _nothing() -> Plasticity:
    values: list[Any] = [
        np.zeros(0, dtype=kind.dtypes[0]) if isinstance(kind, Span) else 0 for _, kind in fields_of(Plasticity)
    ]
    return Plasticity(*values)._replace(pes=NO_PES)


NO_PLASTICITY = _nothing()
"""That of a program without plastic projections."""


class Link(NamedTuple):
    """A plastic projection between two parts."""

    item: Plastic
    rule: SumOfProducts | Pes
    source: int
    target: int
    place: Array
    """(n,) row of each synapse's target, from the first of its part."""
    delay: Array
    """(n,) uint8 steps."""
    kinds: Array
    """(delays,) class of its synapses by delay."""
    weight: Array
    """(MANTISSAS,) what a mantissa adds, not yet in the unit of the accumulators."""
    least: int
    """Least mantissa that the rule can reach."""
    most: int

    @property
    def products(self) -> SumOfProducts:
        """Its sum of products; one of none if it is PES."""
        return NO_PRODUCTS if isinstance(self.rule, Pes) else self.rule


class PlasticLayout(NamedTuple):
    """Everything about plastic projections that samples share."""

    links: list[Link]
    shared: Plasticity
    """With the state of no sample: its arrays of state are empty."""


def links_of(program: Program, parts: list[Part], classes: Classes) -> list[Link]:
    """The plastic projections of a program whose populations are not cut."""
    return [_link(program, parts, classes, item) for item in plastic_of(program).values()]


def _link(program: Program, parts: list[Part], classes: Classes, item: Plastic) -> Link:
    numbers, name = {part.name: number for number, part in enumerate(parts)}, item.projection.name
    formats = {style.projection: number for number, style in enumerate(program.formats)}
    entry = np.flatnonzero(item.of_entry >= 0)
    entry, target = entry[np.argsort(item.of_entry[entry])], numbers[item.projection.target]
    row = np.empty(parts[target].size, dtype=np.int64)
    row[parts[target].neurons] = np.arange(parts[target].size)
    mantissas = np.arange(LEAST_MANTISSA, LEAST_MANTISSA + MANTISSAS)
    least, most = reachable_weights(item.rule, item.synapses.sign_mode, program.target.dialect)
    return Link(
        item=item,
        rule=item.rule,
        source=numbers[item.projection.source],
        target=target,
        place=row[item.synapses.post],
        delay=program.tables.entry_delay[entry].astype(np.uint8),
        kinds=classes.of[formats.get(name, 0)],  # of any format where there are no synapses
        weight=learned_weights(program.target.dialect, mantissas, item.exponent),
        least=least,
        most=most,
    )


def _reached(link: Link) -> Array:
    """Weights that its synapses can have."""
    return link.weight[link.least - LEAST_MANTISSA : link.most + 1 - LEAST_MANTISSA]


def statistics_of_links(links: list[Link]) -> list[BlockStats]:
    """Statistics of the plastic synapses, one for each class, as `parts.statistics_of` gives those of blocks."""
    found = list[BlockStats]()
    for link in links:
        bits = int(np.bitwise_or.reduce(_reached(link)))
        zeros = max((bits & -bits).bit_length() - 1, 0)  # an exponent can leave nothing of any weight
        delays, counts = np.unique(link.delay, return_counts=True)
        kinds = link.kinds[delays]
        for kind in np.unique(kinds):
            own, count = delays[kinds == kind], int(counts[kinds == kind].sum())
            ends = int(own[0]), int(own[-1])
            found.append(BlockStats(link.source, link.target, int(kind), count, zeros, False, *ends))
    return found


def add_ranges(links: list[Link], parts: list[Part], classes: Classes, low: Array, high: Array) -> None:
    """Add the least and the greatest that plastic synapses can add to the sums of one step, (planes, rows)."""
    for link in links:
        reached = _reached(link)
        at = classes.plane[link.kinds[link.delay]], parts[link.target].start + link.place
        np.add.at(low, at, min(int(reached.min()), 0))
        np.add.at(high, at, max(int(reached.max()), 0))


# --- the tables of the kernels


def plastic_layout(
    parts: list[Part], links: list[Link], plane_of: Callable[[BlockStats], int], units: list[int], senders: set[str]
) -> PlasticLayout:
    """The tables of all plastic projections.

    `plane_of`: gives the plane of the target to which a class adds. `units`: low bits that the accumulators of a part leave
    out. `senders`: populations and inputs whose spikes carry values.
    """
    planes: list[dict[int, int]] = [{} for _ in parts]
    for item in statistics_of_links(links):
        planes[item.target][item.kind] = plane_of(item)
    numbers = {part.name: number for number, part in enumerate(parts)}
    rules = rule_tables([link.products for link in links])
    items = [link.item for link in links]
    pes, part = pes_numbers(items), pes_part(items, numbers)
    table: Any = np.zeros(len(links), dtype=LINK)
    at = _Offsets()
    for number, link in enumerate(links):
        row = at.of(link) | rules.rows[number] | _weights_of(link, parts, units[link.target])
        row |= third_sources(link.products, numbers) | {"weight": number * MANTISSAS, "pes": pes[number]}
        row |= dict(zip(("w_low", "w_high"), LIMITS[link.item.synapses.sign_mode], strict=True))
        for name, value in row.items():
            table[name][number] = value
    shared = _shared(parts, links, table, rules, planes, units, senders)
    return PlasticLayout(links, shared._replace(pes=part))


class _Offsets:
    """Places of the projections in the arrays, one after the other."""

    def __init__(self) -> None:
        self.pointer = self.synapse = self.plane = self.learned = self.trace = self.spiked = self.target = self.left = (
            self.right
        ) = 0

    def of(self, link: Link) -> dict[str, int]:
        """Fields of the next projection's record."""
        synapses = link.item.synapses
        n, n_source, n_target = synapses.pre.size, synapses.n_source, synapses.n_target
        most, rule = int(link.delay.max(initial=0)), link.products
        products = len(rule.dw) + len(rule.dd) + len(rule.dt)
        row = {"source": link.source, "target": link.target, "n": n, "n_source": n_source, "n_target": n_target}
        row |= {"rows": self.pointer, "columns": self.pointer + n_source + 1, "synapse": self.synapse}
        row |= {"plane": self.plane, "learned": self.learned, "trace": self.trace, "spiked": self.spiked}
        row |= {"target_at": self.target, "most_delay": most, "left": self.left, "right": self.right}
        row |= {"reads": sum(1 << "wdt".index(variable) for variable in rule.variables)}
        self.pointer += n_source + n_target + 2
        self.synapse += n
        self.plane += most + 1
        self.learned += 3 * n
        self.trace += 2 * n_source + 3 * n_target
        self.spiked += n_source + n_target
        self.target += n_target
        self.left += products * n_source
        self.right += products * n_target
        return row


def _weights_of(link: Link, parts: list[Part], unit: int) -> dict[str, int]:
    """How weights are added: `dense` rows, and the `shift` of a mantissa if it is one for all."""
    source, target, n = parts[link.source], parts[link.target], link.place.size
    ordered = not (np.diff(source.neurons) != 1).any()
    whole = n == source.size * target.size and bool(
        (link.place.reshape(-1, target.size) == np.arange(target.size)).all()
    )
    one = bool((link.delay == link.delay[:1]).all())
    mantissas, shift = np.arange(link.least, link.most + 1), 0
    reached = _reached(link) >> unit
    while shift < 24 and not np.array_equal(mantissas << shift, reached):
        shift += 1
    return {"dense": int(ordered and whole and one), "shift": shift if shift < 24 else -1}


def _by_target(link: Link) -> tuple[Array, Array]:
    """(synapses by target and then by source, pointer to those of each target)."""
    synapses = link.item.synapses
    order = np.argsort(synapses.post, kind="stable").astype(np.int32)
    return order, np.searchsorted(synapses.post[order], np.arange(synapses.n_target + 1))


def _shared(
    parts: list[Part],
    links: list[Link],
    table: Array,
    rules: RuleTables,
    planes: list[dict[int, int]],
    units: list[int],
    senders: set[str],
) -> Plasticity:
    columns = [_by_target(link) for link in links]
    pointer, plane = list[Array](), list[Array]()
    for link, (_, starts) in zip(links, columns, strict=True):
        synapses = link.item.synapses
        pointer += [np.searchsorted(synapses.pre, np.arange(synapses.n_source + 1)), starts]
        most = int(link.delay.max(initial=0))
        plane.append(np.array([planes[link.target].get(int(kind), 0) for kind in link.kinds[: most + 1]]))
    weight = [(link.weight >> units[link.target]).astype(np.int32) for link in links]
    return NO_PLASTICITY._replace(
        links=table,
        kinds=rules.traces,
        terms=rules.terms,
        factors=rules.factors,
        pointer=_joined(pointer, np.int64),
        pre=_joined([link.item.synapses.pre for link in links], np.int32),
        post=_joined([link.item.synapses.post for link in links], np.int32),
        place=_joined([link.place for link in links], np.int32),
        delay=_joined([link.delay for link in links], np.uint8),
        column=_joined([order for order, _ in columns], np.int32),
        column_pre=_joined(
            [link.item.synapses.pre[order] for link, (order, _) in zip(links, columns, strict=True)], np.int32
        ),
        weight=_joined(weight, np.int32),
        plane=_joined(plane, np.int64),
        decay=rules.decay,
        fraction=rules.fraction,
        computed=rules.computed,
        third_weight=_joined([_third_weights(link) for link in links], np.int64),
        learns=1,
        valued=np.array([part.name in senders for part in parts], dtype=np.uint8),
    )


def _joined(arrays: list[Array], dtype: Any) -> Array:
    return np.concatenate([*arrays, np.zeros(0, dtype=np.int64)]).astype(dtype)


def _third_weights(link: Link) -> Array:
    """(3 * n_target,) factor of what sets y1, y2 and y3 of each target."""
    found = np.zeros((3, link.item.synapses.n_target), dtype=np.int64)
    for third in link.products.third_factors:
        found[int(third.trace[1]) - 1] = np.asarray(third.weight)
    return found.ravel()
