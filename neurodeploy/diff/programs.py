"""Differences of two programs: their networks, the figures of their targets, their integers and their cores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.diagnostics import about
from neurodeploy.diff.fields import flat
from neurodeploy.diff.networks import network_rows
from neurodeploy.diff.nouns import Difference, Differences, Value, difference, moved_figures
from neurodeploy.diff.parts import CHOICES
from neurodeploy.diff.provenance import program_reasons, provenance_of
from neurodeploy.diff.units import unit_of_total
from neurodeploy.hardware.target import Target
from neurodeploy.profile.build import resource_use
from neurodeploy.program.program import Program

__all__ = ["program_differences", "program_figures"]


def program_figures(program: Program) -> dict[str, int]:
    """Return cores, chips and, of each limited resource, the fullest core and the total of all, as budgets name them."""
    chips = np.unique(program.tables.core_id // int(program.target.chip.cores.value)).size
    found = {"cores": program.tables.n_cores, "chips": int(chips)}
    for item in resource_use(program):
        found |= {item.name: item.worst, f"{item.name}.total": sum(item.per_core)}
    return found


def _target(base: Target, head: Target) -> Iterator[Difference]:
    """Rows of the choice of a target, and of its figures where the two have the same name."""
    where = about("target", head.name)
    for word in ("name", "board", "rule_set"):
        one, other = getattr(base, word), getattr(head, word)
        if one != other:
            yield difference(where, word, one, other, kind="moved")
    if base.dialect.name != head.dialect.name:
        yield difference(where, "dialect", base.dialect.name, head.dialect.name)
    if base.name != head.name:
        return
    one, other = (dict(flat(item.model_dump(mode="json", exclude=set(_left_out(base, head))))) for item in (base, head))
    for path in dict.fromkeys((*one, *other)):
        if one.get(path) != other.get(path) and not path.endswith((".source", ".citation", ".note")):
            yield difference(where, path, one.get(path), other.get(path), _unit(one, other, path))


def _left_out(base: Target, head: Target) -> tuple[str, ...]:
    return (*CHOICES, "dialect", "precision") if base.dialect.name != head.dialect.name else CHOICES


def _unit(base: dict[str, Value], head: dict[str, Value], path: str) -> str:
    """The unit that stands beside a figure."""
    beside = f"{path.rpartition('.')[0]}.unit"
    unit = head.get(beside, base.get(beside))
    return unit if isinstance(unit, str) and path.endswith(".value") else ""


def _formats(program: Program) -> dict[str, Value]:
    """Stored bits, exponents and encodings of the weights of each projection."""
    found = dict[str, Value]()
    for field in ("weight_bits", "exponent", "encoding"):
        values = dict[str, set[str]]()
        for item in program.formats:
            values.setdefault(item.projection, set()).add(str(getattr(item, field)))
        found |= {f"{name}/{field}": ", ".join(sorted(words)) for name, words in values.items()}
    return found


def _integers(base: Program, head: Program) -> Iterator[Difference]:
    one, other = _formats(base), _formats(head)
    for key in dict.fromkeys((*one, *other)):
        if one.get(key) != other.get(key):
            name, _, field = key.rpartition("/")
            yield difference(
                about("projection", name), f"stored {field.replace('_', ' ')}", one.get(key), other.get(key)
            )


def _cores_of(program: Program, name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(size,) physical core of each neuron of a population."""
    tables = program.tables
    core = np.repeat(tables.core_id, np.diff(tables.compartment_ptr))
    return core[program.table_rows[name]]


def _moves(base: Program, head: Program) -> Iterator[Difference]:
    """Neurons that lie on another core, by population, for populations of the same size."""
    sizes = {item.name: item.size for item in base.populations}
    for item in head.populations:
        if sizes.get(item.name) != item.size:
            continue
        one, other = _cores_of(base, item.name), _cores_of(head, item.name)
        moved = int((one != other).sum())
        if moved:
            why = f"{moved:,} of {item.size:,} neurons lie on another core"
            cores = (", ".join(str(core) for core in np.unique(cores)[:6].tolist()) for cores in (one, other))
            yield difference(about("population", item.name), "cores", *cores, kind="moved", why=why)


def _faults(base: Program, head: Program) -> Iterator[Difference]:
    """A row where the programs run under other hardware faults."""
    if base.faults != head.faults:
        alone = [sum(item not in other.faults for item in one.faults) for one, other in ((base, head), (head, base))]
        why = f"{alone[0]:,} only in the first, {alone[1]:,} only in the second"
        yield difference(
            about("program", head.network.name), "hardware faults", len(base.faults), len(head.faults), why=why
        )


def program_differences(base: Program, head: Program, names: tuple[str, str] = ("base", "head")) -> Differences:
    """Return how two programs differ, and why. `base`, `head`: the programs. `names`: what to call them.

    Findings and sealed samples are not compared, as the digest of a program leaves them out.
    """
    rows = list(
        moved_figures(program_figures(base), program_figures(head), unit_of_total, about("program", head.network.name))
    )
    rows += [*network_rows(base.network, head.network), *_target(base.target, head.target)]
    rows += [*_integers(base, head), *_moves(base, head), *_faults(base, head)]
    if not rows and base.digest() != head.digest():
        rows.append(difference(about("program", head.network.name), "digest", base.digest()[:12], head.digest()[:12]))
    reasons = program_reasons(provenance_of(base), provenance_of(head))
    return Differences(of="programs", base=names[0], head=names[1], rows=tuple(rows), reasons=reasons)
