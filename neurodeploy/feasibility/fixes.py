"""Judgement of a network against a target of another architecture, with verified fixes. A fix is one edit. It is
offered for a finding only if the edited network no longer has that finding and has no new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Fix, Subject, about, errors_in, finding
from neurodeploy.feasibility.common import connection_findings, neuron_findings
from neurodeploy.feasibility.crossbar import judge_crossbar
from neurodeploy.feasibility.fixed_shape import judge_fixed
from neurodeploy.feasibility.judgement import CANNOT, Judgement, Use
from neurodeploy.feasibility.layer_per_core import judge_layered
from neurodeploy.feasibility.processors import judge_processors
from neurodeploy.hardware.feasibility_target import CrossbarTarget, FeasibilityTarget, FixedTarget, LayeredTarget
from neurodeploy.network import Network
from neurodeploy.network.neurons import Reset
from neurodeploy.network.prune import prune
from neurodeploy.network.validate import require_valid

__all__ = ["judge"]

PRUNE_STEPS = tuple(step / 20 for step in range(1, 20))
"""Fractions tried, in steps of 5 %."""
LIGHTER = ("ND347", "ND348", "ND350")
"""Codes of findings that fewer synapses can resolve."""


class _Edit(NamedTuple):
    """One change of a network."""

    fix: Fix
    apply: Callable[[Network], Network]


def _judged(network: Network, target: FeasibilityTarget) -> tuple[list[Diagnostic], list[Use], dict[str, int]]:
    found = [*neuron_findings(network, target), *connection_findings(network, target)]
    cores: dict[str, int] = {}
    if isinstance(target, LayeredTarget):
        more, uses, cores = judge_layered(network, target)
    elif isinstance(target, FixedTarget):
        more, uses = judge_fixed(network, target)
    elif isinstance(target, CrossbarTarget):
        more, uses = judge_crossbar(network, target)
    else:
        more, uses = judge_processors(network, target)
    return [*found, *more], uses, cores


def _key(item: Diagnostic) -> tuple[str, Subject, str]:
    """Identity of a finding without its numbers: code, subject with its field, and limited resource."""
    return item.code, item.subject, item.resource


def _clears(network: Network, item: Diagnostic, before: list[Diagnostic], target: FeasibilityTarget) -> bool:
    after = {_key(other) for other in _judged(network, target)[0]}
    return _key(item) not in after and after <= {_key(other) for other in before}


def _neuron_edit(name: str, network: Network, field: str, value: Any, text: str) -> Iterator[_Edit]:
    """The edit of one field of a population's neuron; none if its kind does not have the field or does not accept the
    value.
    """
    try:
        changed = network.population_by_name[name].neuron.model_copy(update={field: value})
    except DiagnosticError:
        return

    def apply(original: Network) -> Network:
        populations = [
            item.model_copy(update={"neuron": changed}) if item.name == name else item for item in original.populations
        ]
        return original.model_copy(update={"populations": tuple(populations)})

    yield _Edit(Fix(text=text), apply)


def _projection_edit(name: str, fields: dict[str, Any], text: str) -> _Edit:
    def apply(network: Network) -> Network:
        changed = [item.model_copy(update=fields) if item.name == name else item for item in network.projections]
        return network.model_copy(update={"projections": tuple(changed)})

    return _Edit(Fix(text=text), apply)


def _resets(name: str, network: Network, target: FeasibilityTarget) -> Iterator[_Edit]:
    """Edits to every reset that the target supports."""
    offered = target.abilities.resets
    kind = network.population_by_name[name].neuron.kind
    for mode in offered.words if offered else ():
        reset: Any = mode if kind == "loihi_cuba" else Reset(mode=mode)  # pyright: ignore[reportArgumentType]
        yield from _neuron_edit(
            name, network, "reset", reset, f"in population '{name}' write neuron.reset = \"{mode}\""
        )


def _population_edits(item: Diagnostic, network: Network, target: FeasibilityTarget) -> Iterator[_Edit]:
    name, field, abilities = item.subject.name, item.subject.field, target.abilities
    if field == "reset":
        yield from _resets(name, network, target)
        return
    values: dict[str, float | None] = {
        "refractory_steps": int(abilities.refractory_steps.value) if abilities.refractory_steps else None,
        "v_floor": abilities.v_floor.value if abilities.v_floor else None,
    }
    if item.limit is not None:
        longest = network.time.dt_s * 2.0**item.limit
        values |= {"tau_m_s": longest, "tau_syn_s": longest}
    value = values.get(field)
    if value is not None:
        text = f"in population '{name}' write neuron.{field} = {value:g}"
        yield from _neuron_edit(name, network, field, value, text)


def _projection_edits(item: Diagnostic, target: FeasibilityTarget) -> Iterator[_Edit]:
    name = item.subject.name
    if item.subject.field == "delay_steps" and target.abilities.delay_steps is not None:
        most = int(target.abilities.delay_steps.value)
        text = f"in projection '{name}' write delay_steps = {most}"
        yield _projection_edit(name, {"delay_steps": most, "delay_axis": "projection"}, text)


def _prunings(network: Network, works: Callable[[Network], bool]) -> Iterator[_Edit]:
    """The smallest pruning fraction that works, by bisection; none if no fraction works."""
    low, high, best = 0, len(PRUNE_STEPS), None
    while low < high:
        middle = (low + high) // 2
        if works(prune(network, {"*": PRUNE_STEPS[middle]})):
            high, best = middle, PRUNE_STEPS[middle]
        else:
            low = middle + 1
    if best is not None:
        share = best
        text = f"without the weakest {share:.0%} of each neuron's synapses this limit is kept"
        fix = Fix(text=text, flag=f"--prune {share:g}", change={"prune": {"*": share}})

        def apply(original: Network) -> Network:
            return prune(original, {"*": share})

        yield _Edit(fix, apply)


def _edits(
    item: Diagnostic, network: Network, target: FeasibilityTarget, works: Callable[[Network], bool]
) -> Iterator[_Edit]:
    if item.code == "ND340":
        yield from _population_edits(item, network, target)
    if item.code == "ND341":
        yield from _projection_edits(item, target)
    if item.code in LIGHTER:
        yield from _prunings(network, works)


def _with_fixes(
    item: Diagnostic, found: list[Diagnostic], network: Network, target: FeasibilityTarget, holders: tuple[Fix, ...]
) -> Diagnostic:
    def works(edited: Network) -> bool:
        return _clears(edited, item, found, target)

    fixes = [edit.fix for edit in _edits(item, network, target, works) if works(edit.apply(network))]
    more = holders if item.severity == "error" else ()
    return item.model_copy(update={"fixes": (*item.fixes, *fixes, *more)})


def _holders(network: Network, others: Iterable[FeasibilityTarget], target: FeasibilityTarget) -> tuple[Fix, ...]:
    """Other targets of the same architecture with limits that the network meets."""
    return tuple(
        Fix(text=f"it keeps every public limit of {other.title}", flag=f"--target {other.name}")
        for other in others
        if other.name != target.name
        and other.architecture == target.architecture
        and not errors_in(_judged(network, other)[0])
    )


def judge(network: Network, target: FeasibilityTarget, *, others: Iterable[FeasibilityTarget] = ()) -> Judgement:
    """Return the features of a valid network that a target does not support, the limits it exceeds, and fixes.

    `others`: targets to suggest instead. Findings: ND340 to ND350, and ND351, which states that the network was judged
    and not compiled.
    """
    require_valid(network)
    found, uses, cores = _judged(network, target)
    refused = errors_in(found)
    holders = _holders(network, others, target) if refused else ()
    findings = tuple(_with_fixes(item, found, network, target, holders) for item in found)
    left = f"; not judged: {'; '.join(target.not_judged)}" if target.not_judged else ""
    message = f"networks are judged against its public limits, and neither compiled nor run{left}"
    learning = [item.name for item in network.projections if item.plasticity is not None]
    if learning:
        message += f"; the rule of {about('projection', *learning)} is not judged, as if its weights were fixed"
    note = finding("ND351", about("target", target.name), message)
    cannot = any(item.code in CANNOT for item in refused)
    return Judgement(
        network=network.name,
        target=target.name,
        verdict="not expressible" if cannot else "over limits" if refused else "within limits",
        findings=(*findings, note),
        uses=tuple(uses),
        cores=cores,
    )
