"""States that a backend records: the network's probes, those of a run, and v of outputs that read the membrane.

A state belongs to a population, or to a plastic projection if its variable is learned; names of the two may be equal.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast, get_args

from neurodeploy.base.plain import as_items
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network import Linear, Membrane, Network, Output, Probe, Sigma
from neurodeploy.network.plasticity_shapes import LEARNED_VARIABLES, learned_size
from neurodeploy.network.validate_probes import probe_faults
from neurodeploy.signals import Probes

__all__ = ["ProbedVariable", "membrane_probe", "probed_size", "probed_variables", "probes_named", "reads_v"]

STATES: tuple[str, ...] = get_args(Probe.model_fields["variable"].annotation)


class ProbedVariable(NamedTuple):
    """One state to record."""

    name: str
    population: str
    """Name of the population, or of the plastic projection if the variable is learned."""
    variable: str
    """v, u or another state of the neuron kind; w, d, t, x1, x2, y1, y2 or y3 of a plastic projection."""

    @property
    def learned(self) -> bool:
        """Whether it is a variable of a plastic projection."""
        return self.variable in LEARNED_VARIABLES


def membrane_probe(output: str) -> str:
    """Return the name of the probe that records v for an output that reads it."""
    return f"{output}.v"


def reads_v(output: Output) -> bool:
    """Return whether an output reads v, and not spikes."""
    decoder = output.decoder
    return isinstance(decoder, Membrane) or (isinstance(decoder, Linear) and decoder.reads == "v")


def probed_size(network: Network, item: ProbedVariable) -> int:
    """Return the number of values of a state in one step: neurons, sources, targets or synapses; 0 of an unknown one.

    `network`: valid. `item`: the state.
    """
    if item.learned:
        sizes = (
            learned_size(network, each, item.variable) for each in network.projections if each.name == item.population
        )
        return next(sizes, 0)
    population = network.population_by_name.get(item.population)
    return 0 if population is None else population.size


def probes_named(network: Network, probes: Probes) -> tuple[Probe, ...]:
    """Return the probes that `probes` names.

    One item or a list of items: "population", "population.variable", (population, variable) or Probe. A plastic projection
    takes the place of the population for what it learns: "projection" is short for "projection.w".

    Raises DiagnosticError: ND510 (malformed, or an unknown population, projection or state).
    """
    defaults = {item.name: "w" for item in network.projections if item.plasticity is not None}
    defaults |= dict.fromkeys(network.population_by_name, "v")
    found, faults = list[Probe](), list[Diagnostic]()
    for item in _items(probes):
        if isinstance(item, Probe):
            found.append(item)
            continue
        name, variable = _split(item, defaults) if isinstance(item, str) else item
        if variable not in STATES:
            message = f"no neuron kind or plastic projection has a state {variable!r}; states are {', '.join(STATES)}"
            faults.append(
                finding("ND510", about("probe", f"{name}.{variable}"), message, fixes=nearest(str(variable), STATES))
            )
        else:
            found.append(Probe(name=f"{name}.{variable}", target=name, variable=cast("Any", variable)))
    if faults:
        raise DiagnosticError("run", (*faults, *probe_faults(network, found, "ND510", unknown="ND510")))
    return tuple(found)


def _items(probes: object) -> list[Any]:
    """Items that may each be a probe. Raises DiagnosticError: ND510."""
    items: list[Any] | None = [probes] if isinstance(probes, (str, Probe)) else as_items(probes)
    pairs = [as_items(item) for item in items or ()]
    if items is None or not all(
        isinstance(item, (str, Probe)) or (pair and len(pair) == 2 and all(isinstance(word, str) for word in pair))
        for item, pair in zip(items, pairs, strict=True)
    ):
        message = 'must be "population.variable" or (population, variable), or a list of these'
        raise DiagnosticError("run", (finding("ND510", about("probe"), message),))
    return items


def _split(text: str, defaults: dict[str, str]) -> tuple[str, str]:
    """(target, variable) of a text; `defaults`: name -> variable if none is given.

    Names may contain dots, so the longest matching name wins.
    """
    if text in defaults:
        return text, defaults[text]
    for name in sorted(defaults, key=len, reverse=True):
        if text.startswith(f"{name}."):
            return name, text[len(name) + 1 :]
    name, dot, variable = text.rpartition(".")
    return (name, variable) if dot else (text, "v")


def probed_variables(network: Network, more: tuple[Probe, ...] = ()) -> tuple[ProbedVariable, ...]:
    """Return the states to record, in order, each once. `more`: additional probes of a run."""
    variables = [ProbedVariable(item.name, item.target, item.variable) for item in (*network.probes, *more)]
    for item in network.outputs:
        if reads_v(item):
            kind = getattr(network.population_by_name.get(item.source), "neuron", None)
            variable = "u" if isinstance(item.decoder, Membrane) and isinstance(kind, Sigma) else "v"
            variables.append(ProbedVariable(membrane_probe(item.name), item.source, variable))
    return tuple(dict.fromkeys(variables))
