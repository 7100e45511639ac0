"""Checks of the options of learning, before a backend runs.

Engines rely on these guarantees:

- `learned` holds every variable of every plastic projection and nothing else, one row for all samples or one for each, in
  integers that the rule can reach: `learned_messages`;
- samples that learn in sequence come one after the other from their first step to their last: `sequence_faults`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.network import Network, Projection, SumOfProducts
from neurodeploy.network.plasticity import DELAY_RANGE, TAG_RANGE
from neurodeploy.network.plasticity_shapes import learned_size
from neurodeploy.program.plastic import plastic_projections
from neurodeploy.program.program import Program
from neurodeploy.quantize.plastic import reachable_weights
from neurodeploy.signals import RunOptions
from neurodeploy.simulate.backend import Backend

__all__ = [
    "ability_faults",
    "apart_findings",
    "kept_variables",
    "learned_bytes",
    "learned_limits",
    "learned_messages",
    "learning_faults",
    "sequence_faults",
]

Array = NDArray[Any]
WORDS = {"sum_of_products": "a sum of products", "pes": "prescribed error sensitivity (PES)"}
"""Kind of a rule -> words for it."""


def kept_variables(projection: Projection) -> tuple[str, ...]:
    """Return the variables of a synapse that a run of a plastic `projection` returns: w, and d and t if its rule has them."""
    rule = projection.plasticity
    return rule.variables if isinstance(rule, SumOfProducts) else ("w",)


def learned_bytes(network: Network, options: RunOptions) -> int:
    """Return the bytes that a run keeps of what one sample learns: 16 bits for each variable, and 64 bits in a kept state.

    `network`: valid. `options`: of the run; in sequence, only the last sample is kept.
    """
    each = (0 if options.learn == "sequential" else 2) + 8 * options.keep_state
    values = (learned_size(network, item, "w") * len(kept_variables(item)) for item in plastic_projections(network))
    return each * sum(values)


def learned_limits(program: Program) -> dict[str, tuple[int, int]]:
    """Return "projection.variable" -> (least, greatest) value that rules can reach, of all that a run of `program` learns."""
    found, modes = dict[str, tuple[int, int]](), {item.projection: item.sign_mode for item in program.formats}
    for item in plastic_projections(program.network):
        if item.plasticity is None or item.name not in modes:
            continue
        weights = reachable_weights(item.plasticity, modes[item.name], program.target.dialect)
        limits = {"w": weights, "d": DELAY_RANGE, "t": TAG_RANGE}
        found |= {f"{item.name}.{variable}": limits[variable] for variable in kept_variables(item)}
    return found


def learned_messages(
    program: Program, synapses: Mapping[str, Array], rows: tuple[int, ...]
) -> Iterator[tuple[str, str]]:
    """Yield ("projection.variable", what is wrong) for arrays that do not fit the plastic projections of a sound `program`.

    `synapses`: name -> (n, n_synapses). `rows`: the allowed n.
    """
    limits, projections = learned_limits(program), {item.name: item for item in program.network.projections}
    for name, (low, high) in limits.items():
        values, (projection, _, variable) = synapses.get(name), name.rpartition(".")
        size = learned_size(program.network, projections[projection], variable)
        if values is None:
            yield name, "is missing"
        elif values.ndim != 2 or values.shape[0] not in rows or values.shape[1] != size or not _whole(values):
            needs = f"integers [{' or '.join(str(row) for row in dict.fromkeys(rows))}, {size}]"
            yield name, f"is {values.dtype} {list(values.shape)}; needs {needs}"
        elif values.size and not low <= int(values.min()) <= int(values.max()) <= high:
            count = int(np.count_nonzero((values < low) | (values > high)))
            yield name, f"has {count:,} values outside {low} to {high}, which the rule cannot reach"
    for name in sorted(synapses.keys() - limits.keys()):
        yield name, "is nothing that the program learns"


def _whole(values: Array) -> bool:
    return values.dtype.kind in "iu" and bool(np.can_cast(values.dtype, np.int64))


def learning_faults(program: Program, samples: int, options: RunOptions) -> list[Diagnostic]:
    """Return ND517 for options of learning without a plastic projection, ND518 for learned values that do not fit, and ND520
    for a sequence of samples that cannot be run.

    `samples`: their number in this run. `options`: of the run.
    """
    if not plastic_projections(program.network):
        return list(_pointless(program, options))
    found = list(sequence_faults(program, samples, options))
    learned = options.learned
    if learned is not None:
        rows = (1,) if options.learn == "sequential" else (1, samples)
        messages = learned_messages(program, learned.synapses, rows)
        where = about("option", "learned")
        found += [finding("ND518", where, f"'{name}' {message}") for name, message in messages]
        if options.resume is not None:
            message = "is given together with a state to resume from, which has weights of its own"
            found.append(finding("ND518", where, message, fixes=["omit one of the two"]))
    return found


def _pointless(program: Program, options: RunOptions) -> Iterator[Diagnostic]:
    where = about("network", program.network.name)
    if options.learn in ("apart", "sequential"):
        yield finding("ND517", where, f"has no plastic projection, so learn={options.learn!r} cannot apply")
    if options.learned is not None:
        yield finding("ND517", where, "has no plastic projection, so learned weights cannot be used")


def sequence_faults(program: Program, samples: int, options: RunOptions) -> Iterator[Diagnostic]:
    """Yield ND520 if several `samples` learn in sequence and a state of them is kept or resumed. `options`: of the run."""
    plastic = bool(plastic_projections(program.network))
    if not plastic or options.learn != "sequential" or samples < 2:
        return
    for given, what in ((options.resume is not None, "resumes from a state"), (options.keep_state, "keeps its state")):
        if given:
            message = f"{samples:,} samples learn in sequence in a run that {what}, in which samples stand side by side"
            fixes = ["one sample for each part of a run", "--learn apart"]
            yield finding("ND520", about("option", "learn"), message, fixes=fixes)


def apart_findings(program: Program, samples: int, options: RunOptions) -> tuple[Diagnostic, ...]:
    """Return ND519 if several `samples` learn and nobody has said whether apart or in sequence. `options`: of the run."""
    plastic = plastic_projections(program.network)
    if not plastic or options.learn is not None or samples < 2:
        return ()
    message = f"is not set: each of {samples:,} samples begins with the same weights and learns apart from the others"
    fixes = [
        "--learn sequential, to learn from one sample after the other",
        "--learn apart, if that is meant",
        "--learn off, to keep the weights",
    ]
    return (finding("ND519", about("option", "learn"), message, fixes=fixes),)


def ability_faults(program: Program, backend: Backend, options: RunOptions) -> list[Diagnostic]:
    """Return ND521 for each plastic projection of `program` that a `backend` cannot let learn. `options`: of the run.

    With learn = off weights stay as they are, which every backend can do; learned ones have more bits than others.
    """
    learns, found = getattr(backend, "learns", ()), list[Diagnostic]()
    where, fixes = about("backend", backend.name), ["--backend emulator"]
    for item in plastic_projections(program.network):
        kind = item.plasticity.kind if item.plasticity is not None else ""
        if kind in learns:
            continue
        if options.learn != "off":
            message = f"cannot run projection '{item.name}', which learns by {WORDS[kind]}"
            found.append(finding("ND521", where, message, fixes=[*fixes, "--learn off, to keep its weights"]))
        elif options.learned is not None:
            message = f"cannot run projection '{item.name}' with learned weights, which have more bits than stored ones"
            found.append(finding("ND521", where, message, fixes=[*fixes, "nd.learned(program, recording)"]))
    return found
