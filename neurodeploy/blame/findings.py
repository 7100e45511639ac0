"""Findings of studies and of blame."""

from __future__ import annotations

from collections.abc import Iterator

from neurodeploy.blame.nouns import Blame, LayerBlame
from neurodeploy.convert.notes import Notes, read_notes
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.network import Network, Population
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.network.neurons import CUBA_KINDS

__all__ = ["blame_findings", "has_rates", "require_fixed", "require_floats", "require_notes", "require_rates"]

MOST = 0.5
"""Share of the loss from which a layer is named."""


def has_rates(network: Network) -> bool:
    """Return whether the metadata of a network holds codings of values as rates, which its layers send."""
    notes = read_notes(network)
    return notes is not None and not _of_integers(network, notes)


def require_notes(network: Network, function: str) -> Notes:
    """Return the notes of a converted network. Raises DiagnosticError: ND865."""
    notes = read_notes(network)
    if notes is None:
        message = "was not converted from a trained network: its metadata holds no codings"
        fixes = ["pass the result of nd.convert, or the .nd.json file that it wrote"]
        raise DiagnosticError(function, (finding("ND865", about("network", network.name), message, fixes=fixes),))
    return notes


def require_fixed(network: Network, function: str) -> None:
    """Raise DiagnosticError: ND866 if a projection learns."""
    learning = [item.name for item in network.projections if item.plasticity is not None]
    if learning:
        message = "learns on the chip: there are no weights to compare with those of floats"
        raise DiagnosticError(function, (finding("ND866", about("projection", *learning), message),))


def require_rates(network: Network, notes: Notes, function: str) -> None:
    """Raise DiagnosticError: ND866 for each population of a layer that sends values, not spikes."""
    message = f"which sends values: scheme '{notes.scheme}' has no rates to take apart"
    found = [
        finding("ND866", about("population", item.name), f"is {item.neuron.kind}, {message}")
        for item in _of_integers(network, notes)
    ]
    if found:
        raise DiagnosticError(function, tuple(found))


def _of_integers(network: Network, notes: Notes) -> list[Population]:
    """Populations of layers whose neurons compute with integers and send values."""
    names = {unit.population for layer in notes.layers for unit in layer.units}
    return [item for item in network.populations if item.name in names and item.neuron.kind not in CUBA_KINDS]


def require_floats(network: Network) -> None:
    """Raise DiagnosticError: ND866 if no population has a float form."""
    if all(isinstance(item.neuron, IntegerNeuron) for item in network.populations):
        message = "consists of integers, so that there are no floats to compare them with"
        raise DiagnosticError("blame", (finding("ND866", about("network", network.name), message),))


def blame_findings(result: Blame) -> Iterator[Diagnostic]:
    """Yield ND867 for a loss that may be chance, and ND868 for a layer that causes most of one that is not."""
    lost = result.lost
    if result.shared_by == "error" and lost > 0:
        error = 100 * result.standard_error
        message = f"a loss of {lost:.2f} points is within twice its standard error, {error:.2f}, for {result.n_samples:,} samples"
        yield finding("ND867", about("network", result.network), message, fixes=["give more samples"])
    worst = result.worst
    if result.shared_by == "points" and worst.share >= MOST:
        yield _costly(result, worst)


def _costly(result: Blame, worst: LayerBlame) -> Diagnostic:
    causes = {
        "rounding to whole spikes": (worst.by_steps, f"more steps: --steps {2 * result.steps}"),
        "values above the largest rate": (worst.by_clipping, "a higher percentile: --percentile 100"),
        "rounded weights": (worst.by_weights, "largest rates for each channel: --ranges channel"),
    }
    if worst.kind == "population":
        causes = {
            "its integers": (worst.by_weights, "finer integers found on samples: neurodeploy compile --calibrate FILE")
        }
    cause = max(causes, key=lambda name: causes[name][0])
    back, fix = causes[cause]
    why = f", {back:.0%} of the loss by {cause}" if back > 0 else ""
    if cause == "values above the largest rate" and worst.clipped:
        why += f" ({worst.clipped:.1%} of its values)"
    message = f"causes {worst.share:.0%} of {result.lost:.2f} lost points{why}"
    where = about("layer" if worst.kind == "output" else worst.kind, worst.layer)
    return finding("ND868", where, message, fixes=[fix] if back > 0 else [])
