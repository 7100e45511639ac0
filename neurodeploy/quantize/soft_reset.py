"""Subtracting resets by a synapse: a neuron whose spike takes the threshold off v becomes one that every chip has.

A spike of these chips sets v to 0 and leaves u alone. So u integrates, v repeats u, and a synapse from each neuron to itself
takes the threshold off u one step later, after the decay that it would have undergone (s: 1 in the step of a spike):

  v[t] = keep * (v[t-1] - threshold * s[t-1]) + drive[t]      the network's neuron, before its reset
  u[t] = keep * u[t-1] + drive[t] - keep * threshold * s[t-1],  v[t] = u[t]      the same numbers

Only arithmetic that is public for every chip and simulator is used. A constant drive cannot be the bias register, which adds
to v and not to u: a neuron that spikes in every step delivers it, from step 2 on. Places and rounds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine, Level
from neurodeploy.hardware.target import Target
from neurodeploy.network import (
    CubaLif,
    Current,
    If,
    Lif,
    Membrane,
    Network,
    OneToOne,
    Population,
    Projection,
    Reset,
    Sparse,
)
from neurodeploy.network.connectivity import connectivity_of
from neurodeploy.network.discretize import factors
from neurodeploy.network.neurons import Explicit
from neurodeploy.network.plasticity_shapes import LEARNED_VARIABLES
from neurodeploy.quantize.quantized import SoftReset

__all__ = ["Lowered", "by_autapses", "is_autapse", "unchanged", "with_autapses"]

Array = NDArray[np.float64]
TWO_STATES = "its synaptic current and its voltage both have memory, and a spike of the chip clears one of the two"
PERIODIC = "a spike just before a periodic reset would take off the threshold after it"
FLOOR = "v_floor limits v, and the current that integrates has no limit"
FIXES = {
    TWO_STATES: "a lif neuron, whose input is not filtered",
    PERIODIC: "no state_reset",
    FLOOR: "no v_floor, where v seldom falls that far",
}
"""Reason -> what to change in the network."""


class Lowered(NamedTuple):
    """A network without subtracting resets of float kinds, and what was changed."""

    network: Network
    """The network; populations, inputs, outputs and probes have the names that they had."""
    ledger: tuple[LedgerLine, ...]
    """A line for each change."""
    findings: tuple[Diagnostic, ...]
    """ND222 for each population that has no such form, and ND223 for states that read differently."""
    resets: frozenset[str]
    """Names of the projections that take off the threshold or deliver a bias."""


class _Equation(NamedTuple):
    """v[t] = keep * v[t-1] + gain * I[t] + constant, (size,) each."""

    keep: Array
    gain: Array
    constant: Array
    threshold: Array


def by_autapses(target: Target, soft_reset: SoftReset) -> bool:
    """Return whether resets become autapses: a compartment of the target does not subtract, and the option asks for them."""
    offered = target.neurons
    if soft_reset != "autapse":
        return False
    alone = "subtract" in offered.resets and "subtract" not in offered.extensions
    return not alone and "cuba_lif" in offered.kinds


def unchanged(network: Network) -> Lowered:
    """Return the network as it is."""
    return Lowered(network, (), (), frozenset())


def with_autapses(network: Network) -> Lowered:
    """Return the network with every subtracting reset of an if, lif or cuba_lif population replaced by a synapse.

    Spikes stay the same, in floats: exactly, except for a constant drive of a leaky neuron, which begins in step 2 of a
    sample. A network without such resets is returned unchanged. Findings: ND222 (errors), ND223 (notes).
    """
    work = _Work(network)
    for population in network.populations:
        neuron = population.neuron
        if isinstance(neuron, (If, Lif, CubaLif)) and neuron.reset.mode == "subtract":
            work.lower(population, neuron)
    if not work.changed:
        return Lowered(network, tuple(work.ledger), tuple(work.findings), frozenset())
    populations = tuple(work.changed.get(item.name, item) for item in network.populations)
    lowered = network.model_copy(
        update={
            "populations": (*populations, *work.sources),
            "projections": (*(work.merged.get(item.name, item) for item in network.projections), *work.projections),
        }
    )
    findings = (*work.findings, *_reading_findings(network, work.integrating))
    return Lowered(lowered, tuple(work.ledger), findings, frozenset({*work.merged, *work.added}))


def is_autapse(projection: Projection) -> bool:
    """Return whether a projection connects each neuron to itself and to no other, without additional delay."""
    own = projection.source == projection.target and isinstance(projection.operation, OneToOne)
    return own and not np.any(projection.delay_steps)


class _Work:
    """Changes collected while the populations of one network are replaced."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.changed: dict[str, Population] = {}
        self.merged: dict[str, Projection] = {}
        self.sources: list[Population] = []
        self.projections: list[Projection] = []
        self.ledger: list[LedgerLine] = []
        self.findings: list[Diagnostic] = []
        self.integrating: list[str] = []
        self.taken = {item.name for item in (*network.populations, *network.inputs, *network.projections)}

    @property
    def added(self) -> list[str]:
        """Names of the added projections."""
        return [item.name for item in self.projections]

    def note(self, population: Population, quantity: str, asked: str, got: str, level: Level, note: str) -> None:
        """Add a ledger line."""
        where, error = about("population", population.name), 0.0 if level == "exact" else None
        line = LedgerLine(subject=where, quantity=quantity, asked=asked, got=got, level=level, note=note)
        self.ledger.append(line.model_copy(update={"relative_error": error}))

    def free(self, name: str) -> str:
        """Return the name, or the first numbered one that is not taken."""
        numbered = (name if number == 1 else f"{name}_{number}" for number in range(1, len(self.taken) + 2))
        found = next(item for item in numbered if item not in self.taken)
        self.taken.add(found)
        return found

    def lower(self, population: Population, neuron: If | Lif | CubaLif) -> None:
        """Replace one population."""
        equation = _equation(neuron, population.size, self.network.time.dt_s)
        if neuron.refractory_steps or not equation.keep.any():
            why = "v is held at 0 after the spike" if neuron.refractory_steps else "v keeps nothing of the step before"
            self.note(population, "reset", "subtract", "zero", "exact", f"{why}: the spikes are the same")
            reset = neuron.model_copy(update={"reset": Reset(mode="zero")})
            self.changed[population.name] = population.model_copy(update={"neuron": reset})
            return
        reasons = [*_reasons(self.network, population, neuron, equation)]
        if reasons:
            message = f"reset 'subtract' has no form in one compartment: {'; '.join(reasons)}"
            fixes = ["reset = zero", *dict.fromkeys(FIXES[text] for text in reasons if text in FIXES)]
            self.findings.append(finding("ND222", about("population", population.name), message, fixes=fixes))
            return
        if neuron.v_floor is not None:
            self.note(population, "v_floor", _shown(neuron.v_floor), "none", "exact", "v never falls below 0")
        self.integrate(population, neuron, equation)

    def integrate(self, population: Population, neuron: If | Lif | CubaLif, equation: _Equation) -> None:
        """Replace a population by one whose current integrates."""
        name, keep, gain = population.name, equation.keep, equation.gain
        made = CubaLif(
            tau_m_s=self.network.time.dt_s,
            tau_syn_s=self.network.time.dt_s,
            discretization=Explicit(keep_v=0.0, gain_v=1.0, keep_i=_plain(keep, population), gain_i=1.0),
            w_in=_plain(gain, population),
            v_leak=_plain(np.where(keep == 1, equation.constant, 0.0), population),
            v_threshold=neuron.v_threshold,
            comparison=neuron.comparison,
        )
        self.changed[name] = population.model_copy(update={"neuron": made})
        self.integrating.append(name)
        weights = -keep * equation.threshold / gain
        own = next((item for item in self.network.projections if item.target == name and is_autapse(item)), None)
        got = "a synapse from each neuron to itself takes the threshold off u, which integrates"
        cost = f"{population.size:,} more input axons, output axons and synapses, and a parameter set"
        if own is None:
            label = self.free(f"{name}_reset")
            link = Projection(name=label, source=name, target=name, operation=OneToOne(weights=_fewest(weights)))
            self.projections.append(link)
        else:
            label, cost = own.name, "no more axons or synapses: each neuron has a synapse to itself"
            self.merged[label] = _added_to(own, weights)
        self.note(population, "reset", "subtract", got, "exact", f"projection '{label}': {cost}")
        if np.any(equation.constant):
            lossless = bool((keep[equation.constant != 0] == 1).all())
            self.drive(population, equation.constant / gain, lossless=lossless)

    def drive(self, population: Population, weights: Array, *, lossless: bool) -> None:
        """Add a neuron that spikes in every step and delivers the constant drive of a population."""
        label, size = self.free(f"{population.name}_bias"), population.size
        post = np.flatnonzero(weights)
        synapses = Sparse(shape=(size, 1), post=post, pre=np.zeros_like(post), weights=weights[post])
        self.sources.append(Population(name=label, shape=(1,), neuron=If(v_threshold=0.5, bias=1.0)))
        self.projections.append(Projection(name=label, source=label, target=population.name, operation=synapses))
        got = f"neuron '{label}', which spikes in every step, with the bias as its weights"
        note = "it arrives from step 2 of a sample on; the chip's bias register adds to v, which keeps nothing"
        if lossless:
            note = (
                "it arrives from step 2 of a sample on; that of step 1 is in the bias register, which every v contains"
            )
        self.note(population, "bias", "added in every step", got, "exact" if lossless else "approximate", note)


def _equation(neuron: If | Lif | CubaLif, size: int, dt_s: float) -> _Equation:
    def full(value: Any) -> Array:
        return np.broadcast_to(np.asarray(value, dtype=np.float64).ravel(), (size,)).copy()

    keep, gain, _, gain_i = (full(value) for value in factors(neuron, dt_s))
    into = gain * full(neuron.r) * (gain_i * full(neuron.w_in) if isinstance(neuron, CubaLif) else 1.0)
    leak = full(0.0 if isinstance(neuron, If) else neuron.v_leak)
    return _Equation(keep, into, into * full(neuron.bias) + gain * leak, full(neuron.v_threshold))


def _reasons(
    network: Network, population: Population, neuron: If | Lif | CubaLif, equation: _Equation
) -> Iterator[str]:
    """Yield why a population has no form in one compartment."""
    if isinstance(neuron, CubaLif) and np.any(factors(neuron, network.time.dt_s).keep_i):
        yield TWO_STATES
    if population.state_reset is not None:
        yield PERIODIC
    if neuron.v_floor is not None and _falls(network, population, neuron, equation):
        yield FLOOR
    if np.any(equation.gain == 0):
        yield "its gain is 0, so no synapse changes v"


def _falls(network: Network, population: Population, neuron: If | Lif | CubaLif, equation: _Equation) -> bool:
    """Whether v can fall below its floor, as far as signs show."""
    if np.any(equation.constant < 0) or np.any(equation.threshold < 0) or np.any(np.asarray(neuron.v_floor) > 0):
        return True
    currents = {item.name for item in network.inputs if isinstance(item.encoder, Current)}
    arriving = [item for item in network.projections if item.target == population.name]
    weights = [connectivity_of(item, network.source_size(item.source)).weights for item in arriving]
    down = any(bool((values < 0).any()) for values in weights) or np.any(equation.gain < 0)
    return bool(down) or any(item.source in currents for item in arriving)


def _added_to(own: Projection, weights: Array) -> Projection:
    """A projection of each neuron to itself with the weights added."""
    given = np.asarray(getattr(own.operation, "weights"), dtype=np.float64).ravel()  # noqa: B009  # a one-to-one operation
    operation = OneToOne(weights=np.broadcast_to(given, weights.shape) + weights)
    return own.model_copy(update={"operation": operation, "weight_format": None})


def _plain(values: Array, population: Population) -> Any:
    """One number if all are equal, otherwise one for each neuron in the shape of the population."""
    return float(values[0]) if (values == values[0]).all() else values.reshape(population.shape)


def _fewest(weights: Array) -> Array:
    """One weight for all neurons if all are equal."""
    return weights[0] * np.ones(()) if (weights == weights[0]).all() else weights


def _shown(value: Any) -> str:
    lowest, highest = float(np.min(np.asarray(value))), float(np.max(np.asarray(value)))
    return f"{lowest:g}" if lowest == highest else f"{lowest:g} to {highest:g}"


def _reading_findings(network: Network, integrating: list[str]) -> Iterator[Diagnostic]:
    """ND223 for each probe and membrane output of an integrating population."""
    for probe in network.probes:
        if probe.target in integrating and probe.variable not in LEARNED_VARIABLES:
            reads = "v before the threshold is taken off" if probe.variable == "u" else "0 in the steps of spikes"
            message = f"{probe.variable} of population '{probe.target}' reads {reads}, not v - v_threshold"
            yield finding("ND223", about("probe", probe.name), message)
    for item in network.outputs:
        if item.source in integrating and isinstance(item.decoder, Membrane):
            message = (
                f"v of population '{item.source}' reads 0 if the neuron spikes in the last step, not v - v_threshold"
            )
            yield finding("ND223", about("output", item.name), message)
