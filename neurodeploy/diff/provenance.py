"""What a program depends on, as digests by part, and the reasons why two programs differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from neurodeploy.base.noun import Name, Noun, array_sha256, json_digest
from neurodeploy.diff.nouns import Reason
from neurodeploy.diff.parts import network_parts, target_parts
from neurodeploy.program.program import Program
from neurodeploy.program.registers import registers

__all__ = ["Digest", "Provenance", "arrays_digest", "part_reasons", "program_reasons", "provenance_of"]

Digest = Annotated[str, Field(pattern="^[0-9a-f]{16}([0-9a-f]{48})?$")]
"""sha256 in hexadecimal, or its first 16 digits where a list of them is long."""
LISTED = 4
"""Names that a reason lists."""


class Provenance(Noun):
    """A program by the digests of all it follows from."""

    network: Name
    """Name of the network."""
    program: Digest
    """Digest of the program."""
    network_parts: dict[str, Digest]
    """Part of the network -> digest. A part is "projection NAME" and so on; its arrays are parts of their own, such as
    "projection NAME: operation/weights"."""
    target: Name
    """Name of the target."""
    board: str | None = None
    """Board of the target; None: one chip."""
    dialect: str
    """Arithmetic that the program is compiled for."""
    rule_set: str
    """Rule set that counts synapse memory."""
    target_parts: dict[str, Digest]
    """Group of figures of the target, such as limits or energy -> digest."""
    options: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Option of the conversion to integers -> projection or population -> value."""
    placement_seed: int
    """Seed of the mapping."""
    integers: Digest
    """Digest of the registers of all neurons, the formats of all synapses and what the conversion to integers changed."""
    placement: Digest
    """Digest of which neuron lies on which physical core."""


def arrays_digest(arrays: Mapping[str, Any]) -> str:
    """Return the digest of arrays by name: their shapes, kinds of number and values."""
    rows = {name: [list(array.shape), array.dtype.kind, array_sha256(array)] for name, array in arrays.items()}
    return json_digest(rows)


def _integers(program: Program) -> str:
    """Digest of the integers of a program, in the order of neurons and not of cores."""
    values = {
        f"{item.name}/{register}": array
        for item in program.populations
        for register, array in registers(program, item.name).items()
    }
    formats = sorted(json_digest(item.model_dump(mode="json")) for item in program.formats)
    ledger = sorted(json_digest(item.model_dump(mode="json")) for item in program.ledger)
    return json_digest({"registers": arrays_digest(values), "formats": formats, "ledger": ledger})


def _placement(program: Program) -> str:
    columns = ("core_id", "compartment_ptr", "population", "neuron")
    return arrays_digest({name: getattr(program.tables, name) for name in columns})


def provenance_of(program: Program) -> Provenance:
    """Return the digests of a program and of all it follows from."""
    target, options = program.target, program.quantize_options
    chosen = {name: dict(getattr(options, name)) for name in type(options).model_fields}
    return Provenance(
        network=program.network.name,
        program=program.digest(),
        network_parts=network_parts(program.network),
        target=target.name,
        board=target.board,
        dialect=target.dialect.name,
        rule_set=target.rule_set,
        target_parts=target_parts(target),
        options={name: values for name, values in chosen.items() if values},
        placement_seed=program.placement_seed,
        integers=_integers(program),
        placement=_placement(program),
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - LISTED
    shown = ", ".join(names[:LISTED])
    return f"{shown} and {more:,} more" if more > 0 else shown


def part_reasons(base: Mapping[str, str], head: Mapping[str, str]) -> Iterator[Reason]:
    """Yield what changed between the parts of two networks: weights by projection, then other arrays, fields, and parts that
    only one of them has.

    `base` and `head`: part -> digest, as `network_parts` returns them.
    """
    changed = [name for name in base if name in head and base[name] != head[name]]
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


def _options(base: Provenance, head: Provenance) -> Iterator[Reason]:
    for name in dict.fromkeys((*base.options, *head.options)):
        one, other = base.options.get(name, {}), head.options.get(name, {})
        if one != other:
            yield Reason(kind="options", text=f"option {name} changed: {_table(one)} -> {_table(other)}")
    if base.placement_seed != head.placement_seed:
        text = f"seed of the mapping changed: {base.placement_seed} -> {head.placement_seed}"
        yield Reason(kind="options", text=text)


def _table(values: Mapping[str, int]) -> str:
    return _listed([f"{name}={value}" for name, value in values.items()]) or "default"


def _target(base: Provenance, head: Provenance) -> Iterator[Reason]:
    for word in ("target", "board", "dialect", "rule_set"):
        one, other = getattr(base, word), getattr(head, word)
        if one != other:
            text = f"{word.replace('_', ' ')} changed: {one or 'one chip'} -> {other or 'one chip'}"
            yield Reason(kind="target", text=text)
    if base.target == head.target:
        parts = dict.fromkeys((*base.target_parts, *head.target_parts))
        moved = [name for name in parts if base.target_parts.get(name) != head.target_parts.get(name)]
        moved = [name for name in moved if name != "dialect" or base.dialect == head.dialect]
        if moved:
            text = f"figures of target '{head.target}' or their sources changed: {_listed(moved)}"
            yield Reason(kind="target", text=text)


def program_reasons(base: Provenance, head: Provenance) -> tuple[Reason, ...]:
    """Return every change between two programs, from the description to the mapping.

    The conversion to integers is named only where nothing before it explains that it changed: with the same network, target
    and options, other integers are the work of another version of neurodeploy. `base`, `head`: of the two programs.
    """
    found = [*part_reasons(base.network_parts, head.network_parts), *_target(base, head), *_options(base, head)]
    explained = bool(found)
    if base.integers != head.integers and not explained:
        found.append(Reason(kind="quantization", text="the same network was converted to other integers"))
    if base.placement != head.placement:
        text = "neurons lie on other cores" if explained else "the same network was mapped to other cores"
        found.append(Reason(kind="placement", text=text))
    return tuple(found)
