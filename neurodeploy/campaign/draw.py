"""Faults drawn for a campaign: the groups that its options select, how many of each, and which.

A group is one stratum of a program's places with one effect and one time. Each group gets its share of the sample, and at least
a few faults so that its own share has an interval; totals weight every group by its size.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.campaign.nouns import CampaignOptions, FaultChoice, When
from neurodeploy.campaign.statistics import sample_size
from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.faults import FaultSpace, FaultStratum, faults_in
from neurodeploy.faults.places import core_of_rows
from neurodeploy.program.fault import FAULT_EFFECTS, Fault, FaultWhat
from neurodeploy.program.program import Program

__all__ = ["Draw", "Group", "draw_faults", "draw_places", "faults_by_core", "groups_of"]

Ints = NDArray[np.int64]
LEAST = 50
"""Faults of a group that are drawn at least, where it has as many."""


@dataclass(frozen=True)
class Group:
    """Faults of one kind in one population, projection or input: `len(group)` of them, by number."""

    stratum: FaultStratum
    """Places."""
    what: FaultWhat
    """What happens there."""
    when: When
    """When."""
    bits: tuple[int, ...]
    """Bits of each word that may be faulty; (0,) for places without bits."""
    n_steps: int
    """Steps in which the fault may begin; 1 if it is there always."""

    def __len__(self) -> int:
        return self.n_words * len(self.bits) * self.n_steps

    @property
    def n_words(self) -> int:
        """Words, or parts without bits."""
        return int(self.stratum.places[0].size)

    @property
    def n_places(self) -> int:
        """Bits, or parts without bits."""
        return self.n_words * len(self.bits)

    def fault(self, number: int) -> Fault:
        """Return the fault with a `number`, from 0."""
        place, step = divmod(number, self.n_steps)
        word, bit = divmod(place, len(self.bits))
        at = word * self.stratum.bits + self.bits[bit]
        return self.stratum.fault(at, self.what, when=self.when, step=None if self.when == "always" else step + 1)


@dataclass(frozen=True)
class Draw:
    """Faults that a campaign tries, in the order in which it tries them: any beginning of it is a sample too."""

    groups: tuple[Group, ...]
    """Groups."""
    faults: tuple[Fault, ...]
    """Faults."""
    group: Ints
    """(n_faults,) number of the group of each."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Faults of each group."""
        return tuple(len(item) for item in self.groups)

    def digest(self) -> str:
        """Return a hash of all faults in their order."""
        text = hashlib.sha256()
        for fault in self.faults:
            text.update(json.dumps(fault.model_dump(exclude_defaults=True), sort_keys=True).encode() + b"\n")
        return text.hexdigest()


def groups_of(program: Program, options: CampaignOptions, n_steps: int) -> tuple[Group, ...]:
    """Return the groups that the `options` of a campaign select in a `program`.

    `n_steps`: steps of a sample. Raises DiagnosticError: ND979 (a name or a number that does not exist, two choices that
    overlap), ND980 (nothing is selected).
    """
    space, found = faults_in(program), list[Group]()
    names = {item.name for item in space.strata}
    for number, choice in enumerate(options.faults):
        wrong = list(_unknown(program, choice, names))
        if wrong:
            where = about("option", f"faults[{number}]", field=wrong[0][0])
            raise DiagnosticError("faults", (finding("ND979", where, wrong[0][1], fixes=wrong[0][2]),))
        groups = list(_of_choice(program, space, choice, n_steps))
        if not groups:
            where = about("option", f"faults[{number}]")
            message = f"selects no {choice.where} of network '{program.network.name}'"
            raise DiagnosticError("faults", (finding("ND980", where, message, fixes=_present(space)),))
        found += groups
    _require_apart(found)
    return tuple(found)


def _present(space: FaultSpace) -> list[str]:
    kinds = dict.fromkeys(item.where for item in space.strata)
    return [f"it has: {', '.join(kinds)}"] if kinds else []


def _unknown(program: Program, choice: FaultChoice, known: set[str]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """(field, message, fixes) of names that do not exist, and effects that a place cannot have."""
    network = program.network
    lists = (
        ("populations", choice.populations, [item.name for item in network.populations]),
        ("projections", choice.projections, [item.name for item in network.projections]),
        ("inputs", choice.inputs, [item.name for item in network.inputs]),
    )
    for field, given, names in lists:
        for name in given:
            if name not in names:
                yield field, f"'{name}' does not exist in network '{network.name}'", nearest(name, names)
            elif name not in known:
                yield field, f"'{name}' has no place for which a fault is defined", ()
    for core in choice.cores:
        if core >= program.tables.n_cores:
            yield (
                "cores",
                f"core {core} holds nothing of the program, whose last core is {program.tables.n_cores - 1}",
                (),
            )
    for what in choice.what:
        if what not in FAULT_EFFECTS[choice.where]:
            yield "what", f"a {choice.where} cannot be '{what}'; it can be {', '.join(FAULT_EFFECTS[choice.where])}", ()


def _of_choice(program: Program, space: FaultSpace, choice: FaultChoice, n_steps: int) -> Iterator[Group]:
    effects = choice.what or (("flip",) if "flip" in FAULT_EFFECTS[choice.where] else ("dead",))
    names = {*choice.populations, *choice.projections, *choice.inputs}
    for stratum in space.of(choice.where).strata:
        if (names and stratum.name not in names) or (choice.fields and stratum.field not in choice.fields):
            continue
        chosen = _on_cores(program, stratum, choice.cores)
        bits = tuple(
            bit for bit in range(stratum.bits) if not choice.bits or bit in choice.bits or stratum.field is None
        )
        if not chosen.places[0].size or not bits:
            continue
        for what in effects:
            whole = what == "dead" and stratum.field is not None
            if whole and stratum.field == "delay":
                continue
            steps = 1 if choice.when == "always" else n_steps
            yield Group(_whole(chosen) if whole else chosen, what, choice.when, (0,) if whole else bits, steps)


def _whole(stratum: FaultStratum) -> FaultStratum:
    """The words of a stratum as places without bits."""
    return replace(stratum, field=None, bits=1)


def _on_cores(program: Program, stratum: FaultStratum, cores: Sequence[int]) -> FaultStratum:
    """The places of a stratum that lie on some cores; all without any."""
    if not cores:
        return stratum
    return replace(stratum, places=tuple(column[np.isin(_cores(program, stratum), cores)] for column in stratum.places))


def faults_by_core(program: Program, group: Group) -> Ints:
    """Return how many faults of a `group` lie on each logical core of a `program`, (n_cores,)."""
    core = _cores(program, group.stratum)
    return np.bincount(core[core >= 0], minlength=program.tables.n_cores) * len(group.bits) * group.n_steps


def _cores(program: Program, stratum: FaultStratum) -> Ints:
    """(places,) logical core of each place; -1 for those outside cores."""
    none: Ints = np.full(stratum.places[0].size, -1, dtype=np.int64)
    if stratum.where in ("core", "in_axon"):
        return stratum.places[0]
    if stratum.where == "synapse":
        wire = next(item for item in program.network.projections if item.name == stratum.name)
        return core_of_rows(program)[program.table_rows[wire.target][stratum.places[1]]]
    if stratum.where in ("neuron", "register", "axon"):
        return core_of_rows(program)[program.table_rows[stratum.name][stratum.places[0]]]
    return none


def _require_apart(groups: Sequence[Group]) -> None:
    """Refuse groups that hold one fault twice: it would count twice. Raises DiagnosticError: ND979."""
    seen = dict[tuple[str, str, str], set[int]]()
    for group in groups:
        bits = seen.setdefault((group.stratum.label, group.what, group.when), set())
        if bits & set(group.bits):
            message = (
                f"selects '{group.stratum.label}' ({group.what}) more than once, so that its faults would count twice"
            )
            raise DiagnosticError("faults", (finding("ND979", about("option", "faults"), message),))
        bits.update(group.bits)


# --- which faults


def draw_faults(groups: Sequence[Group], options: CampaignOptions) -> Draw:
    """Return the faults that a campaign tries, without repetition.

    `groups`: what it draws from. `options`: how many, and the seed.
    """
    rng = np.random.default_rng(options.draw_seed)
    counts = _counts([len(item) for item in groups], options)
    chosen = [_without_repetition(rng, len(item), count) for item, count in zip(groups, counts, strict=True)]
    group = np.repeat(np.arange(len(groups)), counts)
    number = np.concatenate([*chosen, np.zeros(0, dtype=np.int64)])
    order = rng.permutation(number.size)
    pairs = ((int(group[at]), int(number[at])) for at in order)
    return Draw(tuple(groups), tuple(groups[index].fault(at) for index, at in pairs), group[order])


def _counts(sizes: Sequence[int], options: CampaignOptions) -> list[int]:
    """Faults to draw of each group: its share, rounded up, and at least a few of each unless a number is asked for."""
    whole = sum(sizes)
    if options.size == "all":
        return list(sizes)
    if options.size is not None:
        wanted = min(options.size, whole)
        ends = np.floor(np.cumsum(sizes) * (wanted / whole) + 0.5).astype(np.int64)
        return [min(count, size) for count, size in zip(np.diff(ends, prepend=0).tolist(), sizes, strict=True)]
    wanted = sample_size(whole, options.margin, options.confidence)
    return [min(size, max(LEAST, -(-size * wanted // whole))) for size in sizes]


def _without_repetition(rng: np.random.Generator, size: int, count: int) -> Ints:
    """(count,) different numbers below `size`."""
    return rng.choice(size, count, replace=False, shuffle=False).astype(np.int64)


def draw_places(groups: Sequence[Group], rate: float, rng: np.random.Generator) -> tuple[Fault, ...]:
    """Return the faults of one draw in which each place of the `groups` is faulty with probability `rate`, by `rng`.

    A word has one effect of each bit at most: groups with several effects of one place count it once for each.
    """
    found = list[Fault]()
    for group in groups:
        count = int(rng.binomial(group.n_places, rate))
        for place in np.sort(_without_repetition(rng, group.n_places, count)).tolist():
            step = int(rng.integers(group.n_steps)) if group.n_steps > 1 else 0
            found.append(group.fault(place * group.n_steps + step))
    return tuple(found)
