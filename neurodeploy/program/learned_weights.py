"""The program with the weights that its plastic projections have learned.

Mapping, scales and weight formats stay those of the program, so that nothing but the weights differs. A learning engine
holds every mantissa, a stored synapse only multiples of the step of its format: learned mantissas are rounded to these, with
a ledger line and ND523. The network gets the weights in its own units, such that rounding them at the same scale gives the
same mantissas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.network import Dense, Operation, Projection, Sparse, SumOfProducts, WeightFormat
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.network.operations import OneToOne
from neurodeploy.program.plastic import PlasticSynapses, plastic_synapses
from neurodeploy.program.program import Program
from neurodeploy.quantize.fold import fold
from neurodeploy.quantize.storable import stored_range

__all__ = ["unit_of_weights", "with_learned_weights"]

Array = NDArray[Any]
Ints = NDArray[np.int64]


class _Stored(NamedTuple):
    """The learned weights of a projection as its format stores them."""

    synapses: PlasticSynapses
    learned: Ints
    """(n,) mantissas as learned."""
    mantissas: Ints
    """(n,) the nearest ones that are stored."""

    @property
    def moved(self) -> Ints:
        """(n,) |stored - learned|."""
        return np.abs(self.mantissas - self.learned)


def with_learned_weights(program: Program, learned: Mapping[str, Array], *, plastic: bool = True) -> Program:
    """Return a sound `program` that begins with learned weights, without a sealed output.

    `learned`: "projection.variable" -> (n_synapses,) w, d and t of every plastic projection, by source and then by target.
    `plastic`: whether the projections go on learning; otherwise they become fixed.

    The findings of the program are followed by ND523 for each projection whose weights are rounded.
    """
    stored = {name: _stored(program, item, learned[f"{name}.w"]) for name, item in plastic_synapses(program).items()}
    entries = program.tables.entry_mantissa.copy()
    for item in stored.values():
        entries[item.synapses.entry] = item.mantissas
    projections = [
        _changed(program, stored[item.name], learned, plastic=plastic) if item.name in stored else item
        for item in program.network.projections
    ]
    kept = [line for line in program.ledger if not (line.subject.name in stored and line.quantity == "weights")]
    return program.model_copy(
        update={
            "network": program.network.model_copy(update={"projections": tuple(projections)}),
            "tables": program.tables.model_copy(update={"entry_mantissa": entries}),
            "ledger": (*kept, *(_line(name, item) for name, item in stored.items())),
            "golden": None,
            "activity": None,
            "findings": (
                *program.findings,
                *(found for name, item in stored.items() for found in _rounded(name, item)),
            ),
        }
    )


def _stored(program: Program, item: PlasticSynapses, learned: Array) -> _Stored:
    low, high, step = stored_range(program.target, item.style.weight_bits, item.style.sign_mode)
    whole = learned.astype(np.int64)
    nearest = np.rint(whole / step).astype(np.int64) * step
    return _Stored(item, whole, np.clip(nearest, -(-low // step) * step, high // step * step))


def _changed(program: Program, item: _Stored, learned: Mapping[str, Array], *, plastic: bool) -> Projection:
    """The projection with learned weights, and with a rule that begins with the learned delays and tags, or none."""
    old, rule = item.synapses.projection, item.synapses.rule
    changes: dict[str, Any] = {}
    population = program.network.population_by_name[old.target]
    if isinstance(population.neuron, IntegerNeuron):
        weights: Array = item.mantissas
        style = item.synapses.style
        changes["weight_format"] = WeightFormat(
            weight_bits=style.weight_bits, exponent=style.exponent, sign_mode=style.sign_mode
        )
    else:
        weights = item.mantissas * unit_of_weights(program, item.synapses)
    changes["operation"] = _operation(old.operation, item.synapses, weights)
    if not plastic:
        changes["plasticity"] = None
    elif isinstance(rule, SumOfProducts):
        starts = {"delay": learned.get(f"{old.name}.d"), "tag": learned.get(f"{old.name}.t")}
        given = {name: _like_weights(old.operation, item.synapses, x) for name, x in starts.items() if x is not None}
        changes["plasticity"] = rule.model_copy(update=given)
    return old.model_copy(update=changes)


def unit_of_weights(program: Program, synapses: PlasticSynapses) -> Array:
    """Return (n,) the weight of one mantissa of each of the `synapses`, in the units of the network of a sound `program`.

    Only for targets of floats: v of the chip is `scale` times v of the network, and weights have the gain of their target.
    """
    projection, style, dialect = synapses.projection, synapses.style, program.target.dialect
    placed = next(item for item in program.populations if item.name == projection.target)
    gain = fold(program.network.population_by_name[projection.target], program.network.time.dt_s).weight_gain
    if placed.scale is None:
        raise RuntimeError("only populations of floats have a scale")
    volts = float(1 << dialect.weight_shift_bits) * 2.0**style.exponent / placed.scale
    own = gain[synapses.listed.post]
    return np.divide(volts, own, out=np.zeros(own.shape), where=own != 0)


def _operation(old: Operation, synapses: PlasticSynapses, weights: Array) -> Operation:
    values = _like_weights(old, synapses, weights)
    if isinstance(old, Sparse):
        return Sparse(shape=old.shape, post=old.post, pre=old.pre, weights=values)
    return Dense(weights=values) if isinstance(old, Dense) else OneToOne(weights=values)


def _like_weights(operation: Operation, synapses: PlasticSynapses, values: Array) -> Array:
    """One value for each synapse, by source and then by target, in the shape of the weights of the operation."""
    listed = synapses.listed
    if isinstance(operation, Dense):
        made = np.zeros((listed.n_target, listed.n_source), dtype=values.dtype)
        made[listed.post, listed.pre] = values
        return made
    if isinstance(operation, Sparse):
        made = np.zeros(operation.weights.shape, dtype=values.dtype)
        made[np.lexsort((operation.post, operation.pre))] = values
        return made
    return np.array(values)


def _line(name: str, item: _Stored) -> LedgerLine:
    before = item.learned.astype(np.float64)
    rms = float(np.sqrt(np.mean(before**2))) if before.size else 0.0
    error = float(np.sqrt(np.mean(item.moved.astype(np.float64) ** 2))) if before.size else 0.0
    style = item.synapses.style
    return LedgerLine(
        subject=about("projection", name),
        quantity="weights",
        asked=f"{before.size:,} learned mantissas",
        got=f"{style.weight_bits} bits x 2^{style.exponent}, {style.sign_mode}",
        level="rounded" if error else "exact",
        relative_error=error / rms if rms else 0.0,
        note=f"{np.count_nonzero(item.moved):,} rounded, by at most {item.moved.max(initial=0)}",
    )


def _rounded(name: str, item: _Stored) -> Iterator[Diagnostic]:
    count = int(np.count_nonzero(item.moved))
    if count:
        bits, most = item.synapses.style.weight_bits, int(item.moved.max())
        message = f"{count:,} of {item.moved.size:,} learned weights are rounded to the {bits} bits that are stored, "
        message += f"by at most {most} mantissa{'s' if most > 1 else ''}"
        yield finding("ND523", about("projection", name), message)
