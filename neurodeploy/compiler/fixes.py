"""Fixes for networks that do not fit, each verified by compiling it.

A fix is a single change of the options, the board or the target that makes the network fit. All trials share the stages
that they do not change, and one time limit; fixes that were not tried in time are listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from neurodeploy.compiler.edits import longest_delay
from neurodeploy.compiler.integer_edits import rewritten
from neurodeploy.compiler.rule_fixes import fixed_weights, other_dialect, within_engine
from neurodeploy.compiler.trials import Trials
from neurodeploy.diagnostics import Diagnostic, Fix
from neurodeploy.hardware import on_board
from neurodeploy.mapping import OutOfTimeError
from neurodeploy.quantize import SoftReset
from neurodeploy.resources import core_limits
from neurodeploy.resources.lower_bounds import synapse_cores

__all__ = ["FixSearch", "first_fix", "with_fixes"]

PRUNE_STEPS = tuple(step / 20 for step in range(1, 20))
"""Fractions tried, in steps of 5 %."""


def _unpinned(trials: Trials, item: Diagnostic) -> Iterator[Fix]:
    """Remove the pin of one population, trying those of the finding first; or remove all pins."""
    pins = trials.options.pins
    named = [name for name in pins if name in item.subject.names]
    for name in named or pins:
        rest = {other: cores for other, cores in pins.items() if other != name}
        cores = trials.cores({"pins": rest})
        if cores is not None:
            yield Fix(text=f"without --pin {name} it needs {_cores(cores)}", change={"pins": rest})
            return
    cores = trials.cores({"pins": {}}) if len(pins) > 1 else None
    if cores is not None:
        yield Fix(text=f"without any --pin it needs {_cores(cores)}", change={"pins": {}})


def _unavoided(trials: Trials, _: Diagnostic) -> Iterator[Fix]:
    """Remove the avoided cores."""
    cores = trials.cores({"avoid_cores": ()}) if trials.options.avoid_cores else None
    if cores is not None:
        yield Fix(text=f"without --avoid-cores it needs {_cores(cores)}", change={"avoid_cores": ()})


def _narrower(trials: Trials, item: Diagnostic) -> Iterator[Fix]:
    """The largest smaller weight width that fits."""
    legal = sorted((int(bits) for bits in trials.target.precision.weight_bits.values), reverse=True)
    current = trials.options.weight_bits.get("*", legal[0])
    least = {bits: _least_cores(trials, bits) for bits in legal if bits <= current}
    able = [bits for bits in legal if bits < current and least[bits] <= trials.target.cores]
    per_core = (item.found or 0) / max(least[current], 1) if item.code == "ND401" and current in least else 0
    candidates = (at for at, bits in enumerate(able) if least[bits] * per_core <= trials.target.cores)
    start = next(candidates, len(able) - 1) if trials.tightest_resource == "synapse_memory" else len(able) - 1
    best = trials.smallest_change_near("weight_bits", able, start if item.code == "ND401" else 0)
    if best:
        bits, cores = best
        change = {"weight_bits": {"*": bits}}
        yield Fix(text=f"{bits}-bit weights need {_cores(cores)}", flag=f"--weight-bits {bits}", change=change)


def _least_cores(trials: Trials, bits: int) -> float:
    """Cores that any mapping needs for synapses of `bits` bits, except in projections with an explicit width."""
    quantized = trials.cache.quantized(trials.target, trials.options).quantized
    if quantized is None:
        return 0.0
    return synapse_cores(quantized, trials.target, {item.name: bits for item in quantized.projections} | {
        name: own for name, own in trials.options.weight_bits.items() if name != "*"
    })  # fmt: skip


def _legal(trials: Trials, item: Diagnostic) -> Iterator[Fix]:
    """The largest weight width that fits: for all projections without an explicit width, or for this one."""
    legal = sorted((int(bits) for bits in trials.target.precision.weight_bits.values), reverse=True)
    name = item.subject.name
    for bits in legal:
        for key in ("*", name):
            cores = trials.cores({"weight_bits": {**trials.options.weight_bits, key: bits}})
            if cores is not None:
                flag = f"--weight-bits {bits}" if key == "*" else f"--weight-bits {name}={bits}"
                yield Fix(
                    text=f"{bits}-bit weights need {_cores(cores)}", flag=flag, change={"weight_bits": {key: bits}}
                )
                return


def _within(trials: Trials, item: Diagnostic) -> Iterator[Fix]:
    """The nearest legal register value, for a parameter with one value for the whole population."""
    name, field = item.subject.name, item.subject.field
    population = next((one for one in trials.network.populations if one.name == name), None)
    value = getattr(population.neuron, field, None) if population is not None else None
    if population is None or item.limit is None or not isinstance(value, int):
        return
    changed = population.neuron.model_copy(update={field: int(item.limit)})
    edited = [
        one.model_copy(update={"neuron": changed}) if one is population else one for one in trials.network.populations
    ]
    network = trials.network.model_copy(update={"populations": tuple(edited)})
    cores = trials.cores_of(network)
    if cores is not None:
        yield Fix(text=f"in population '{name}' write neuron.{field} = {int(item.limit)}: it needs {_cores(cores)}")


def _rewritten(trials: Trials, _: Diagnostic) -> Iterator[Fix]:
    """Equivalent integer weights that a format can store: another exponent, or two projections."""
    found = rewritten(trials.network, trials.target, trials.options.weight_bits)
    cores = trials.cores_of(found[0]) if found else None
    if found and cores is not None:
        yield Fix(text=f"{found[1]}: it needs {_cores(cores)}")


def _other_reset(trials: Trials, _: Diagnostic) -> Iterator[Fix]:
    """The other form of a reset that subtracts."""
    forms: dict[SoftReset, str] = {
        "autapse": "with a synapse from each neuron to itself",
        "two_compartments": "with two compartments a neuron, whose arithmetic is not public,",
    }
    for form, how in forms.items():
        change: dict[str, object] = {"soft_reset": form}
        cores = trials.cores(change) if form != trials.options.soft_reset else None
        if cores is not None:
            yield Fix(text=f"{how} it needs {_cores(cores)}", flag=f"--soft-reset {form}", change=change)


def _shorter(trials: Trials, _: Diagnostic) -> Iterator[Fix]:
    """The longest delay limit that fits: the longest of the register, then one bit less each time."""
    longest, span = longest_delay(trials.network), trials.target.precision.delay_steps
    if "*" in trials.options.max_delay:
        longest = min(longest, trials.options.max_delay["*"])
    widths = trials.target.precision.delay_bits.values
    steps = {int(span.high), *((1 << int(bits)) - 1 for bits in widths)}
    able = sorted((step for step in steps if step < min(longest, span.high + 1)), reverse=True)
    best = trials.smallest_change("max_delay", able)
    if best:
        most, cores = best
        text = f"with no delay above {most} step{'s' * (most != 1)} it needs {_cores(cores)}"
        yield Fix(text=text, flag=f"--max-delay {most}", change={"max_delay": {"*": most}})


def _sharing(trials: Trials, _: Diagnostic) -> Iterator[Fix]:
    """The largest number of distinct parameters per population that fits: the limit of a core times a power of two."""
    best = trials.smallest_change("share_parameters", _counts(trials)[::-1])
    if best:
        text = f"with {best[0]} distinct decays and thresholds in each population it needs {_cores(best[1])}"
        flag, change = f"--share-parameters {best[0]}", {"share_parameters": {"*": best[0]}}
        yield Fix(text=f"{text}; {_moved(trials, best[0])}", flag=flag, change=change)


def _varies(value: Any) -> bool:
    """Whether a parameter differs between neurons."""
    return bool(np.ndim(value)) and np.unique(value).size > 1


def _counts(trials: Trials) -> list[int]:
    """Numbers of distinct parameters to try, ascending; empty if no population has more than one."""
    varied = [item.size for item in trials.network.populations if any(_varies(value) for _, value in item.neuron)]
    limits = core_limits(trials.target)
    known_limits = [limits[name].value for name in ("parameter_sets", "threshold_sets") if name in limits]
    if not varied or not known_limits or max(known_limits) < 1:
        return []
    most = max(known_limits)
    less = [most >> step for step in range(1, most.bit_length())]
    more = [most << step for step in range(max(varied).bit_length()) if most << step < max(varied)]
    return sorted({*less, *more})


def _moved(trials: Trials, count: int) -> str:
    """The register that sharing changes most, and by how much."""
    options = trials.options.model_copy(update=trials.for_all("share_parameters", count))
    ledger = trials.cache.quantized(trials.target, options).ledger
    lines = [line for line in ledger if line.option == "share_parameters"]
    worst = max(lines, key=lambda line: line.relative_error or 0.0, default=None)
    moved = (worst.relative_error or 0.0) if worst else 0.0
    return f"{worst.subject}: {worst.quantity} moves by {moved:.1%} at most" if worst else "no register moves"


def _cores(count: int) -> str:
    return f"{count:,} core{'s' * (count != 1)}"


def _larger(trials: Trials, item: Diagnostic) -> Iterator[Fix]:
    """The smallest larger board that fits, among those with at least the counted cores."""
    boards = sorted(trials.target.boards, key=lambda name: trials.target.boards[name].chips.value)
    counted = (item.found or 0) if item.code == "ND401" and not trials.options.pins else 0
    for name in boards:
        bigger = on_board(trials.target, name)
        if bigger.chips <= trials.target.chips or bigger.cores < counted:
            continue
        cores = trials.cores({}, bigger)
        if cores is not None:
            title = trials.target.boards[name].title
            text = f"{title} ({bigger.chips} chips) holds its {_cores(cores)}"
            yield Fix(text=text, flag=f"--board {name}", change={"board": name})
            return


def _elsewhere(trials: Trials, _: Diagnostic) -> Iterator[Fix]:
    """The first other target that holds the network on one chip."""
    for other in trials.others:
        cores = trials.cores({}, other) if other.name != trials.target.name else None
        if cores is not None:
            leave = f", without --board {trials.target.board}" if trials.target.board else ""
            text = f"{other.title} holds it in {_cores(cores)}{leave}"
            yield Fix(text=text, flag=f"--target {other.name}", change={"target": other.name})
            return


def _lighter(trials: Trials, item: Diagnostic) -> Iterator[Fix]:
    """The smallest fraction of each neuron's weakest synapses whose pruning makes the network fit."""
    best = trials.smallest_change("prune", _fractions(item))
    if best:
        text = f"without the weakest {best[0]:.0%} of each neuron's synapses it needs {_cores(best[1])}"
        yield Fix(text=text, flag=f"--prune {best[0]:g}", change={"prune": {"*": best[0]}})


def _fewer_sources(trials: Trials, item: Diagnostic) -> Iterator[Fix]:
    """The smallest fraction of whole sources whose pruning makes the network fit; it frees input axons."""
    best = trials.smallest_change("prune_sources", _fractions(item))
    if best:
        text = f"without the weakest {best[0]:.0%} of each projection's sources it needs {_cores(best[1])}"
        yield Fix(text=text, flag=f"--prune-sources {best[0]:g}", change={"prune_sources": {"*": best[0]}})


def _fractions(item: Diagnostic) -> list[float]:
    """Fractions to try, ascending, from the smallest with which the neuron of the finding fits, if known."""
    known = item.resource != "cores" and item.found and item.limit is not None
    least = 1.0 - (item.limit or 0.0) / (item.found or 1.0) if known else 0.0
    return [step for step in PRUNE_STEPS if step >= least]


Remedy = Callable[[Trials, Diagnostic], Iterator[Fix]]
WORDS: dict[Remedy, str] = {
    _unpinned: "without pins",
    _unavoided: "without avoided cores",
    _narrower: "fewer weight bits",
    _legal: "other weight bits",
    _within: "a legal register value",
    _rewritten: "rewritten integer weights",
    _other_reset: "another form of the reset",
    _shorter: "shorter delays",
    _sharing: "shared parameters",
    _larger: "a larger board",
    _elsewhere: "another target",
    _lighter: "pruned synapses",
    _fewer_sources: "pruned sources",
    within_engine: "a number that the learning engine holds",
    other_dialect: "another dialect",
    fixed_weights: "fixed weights",
}
REMEDIES: dict[str, tuple[Remedy, ...]] = {
    "ND207": (_legal, _elsewhere),
    "ND208": (_within, _rewritten, _elsewhere),
    "ND209": (_rewritten,),
    "ND210": (_within, _elsewhere),
    "ND211": (_shorter, _elsewhere),
    "ND212": (_elsewhere,),
    "ND213": (_other_reset, _elsewhere),
    "ND222": (_other_reset, _elsewhere),
    "ND301": (_elsewhere,),
    "ND302": (_narrower, _shorter, _lighter, _elsewhere),
    "ND303": (_fewer_sources, _elsewhere),
    "ND304": (_lighter, _elsewhere),
    "ND305": (_lighter, _elsewhere),
    "ND306": (_elsewhere,),
    "ND307": (_elsewhere,),
    "ND308": (_shorter, _elsewhere),
    "ND309": (_shorter, _elsewhere),
    "ND310": (_narrower, _shorter, _lighter, _elsewhere),
    "ND311": (fixed_weights, _elsewhere),
    "ND312": (_elsewhere, fixed_weights),
    "ND313": (other_dialect, fixed_weights),
    "ND314": (_elsewhere, fixed_weights),
    "ND315": (within_engine, fixed_weights),
    "ND316": (within_engine, fixed_weights),
    "ND317": (within_engine, fixed_weights),
    "ND401": (_unpinned, _unavoided, _narrower, _shorter, _sharing, _larger, _elsewhere),
    "ND402": (_unpinned, _unavoided, _narrower, _shorter, _sharing, _larger, _elsewhere),
}
"""Code -> remedies in order of trial; pruning changes the network most and is last."""


SAME_NEURONS = {_narrower, _legal, _shorter, _sharing, _lighter, _fewer_sources}
"""Remedies that keep the number of neurons."""


def _applies(remedy: Remedy, trials: Trials) -> bool:
    """Whether a remedy can change anything."""
    target, options = trials.target, trials.options
    there: dict[Remedy, bool] = {
        _unpinned: bool(options.pins),
        _unavoided: bool(options.avoid_cores),
        _shorter: longest_delay(trials.network) > 0,
        _larger: any(board.chips.value > target.chips for board in target.boards.values()),
        _elsewhere: bool(trials.others),
    }
    return there.get(remedy, True) and not (remedy in SAME_NEURONS and trials.too_many_neurons)


class FixSearch(NamedTuple):
    """Findings with their fixes, and the remedies that were not tried in time."""

    findings: tuple[Diagnostic, ...]
    untried: tuple[str, ...]


class _Search:
    """Remedies for all findings of a compilation; each is tried once."""

    def __init__(self, trials: Trials, total: int) -> None:
        self.trials, self.total = trials, total
        self.known = dict[Remedy, tuple[Fix, ...]]()
        self.untried = list[str]()

    def fixes(self, remedy: Remedy, item: Diagnostic) -> tuple[Fix, ...]:
        """Return the fixes of a remedy, computed for the first finding that needs it."""
        if remedy not in self.known:
            found = list[Fix]()
            try:
                if not _applies(remedy, self.trials):
                    return ()
                self.trials.limit.report(f"fixes: {WORDS[remedy]}", len(self.known), self.total)
                found.extend(remedy(self.trials, item))
                self.untried += [f"smaller changes by {WORDS[remedy]}"] if self.trials.cut_short else []
                self.trials.cut_short = False
            except OutOfTimeError:
                self.untried.append(WORDS[remedy])
            self.known[remedy] = tuple(found)
        return self.known[remedy]


def with_fixes(findings: tuple[Diagnostic, ...], trials: Trials) -> FixSearch:
    """Return the findings with the fixes that passed their trials, and the remedies that were not tried in time."""
    search = _Search(trials, len({remedy for item in findings for remedy in REMEDIES.get(item.code, ())}))
    found: list[Diagnostic] = []
    for item in findings:
        fixes = [fix for remedy in REMEDIES.get(item.code, ()) for fix in search.fixes(remedy, item)]
        if item.resource == "cores" and not fixes:
            fixes += search.fixes(_lighter, item)
        found.append(item.model_copy(update={"fixes": (*item.fixes, *fixes)}))
    return FixSearch(tuple(found), tuple(search.untried))


def first_fix(findings: tuple[Diagnostic, ...], trials: Trials) -> tuple[Fix | None, tuple[str, ...]]:
    """Return the first single edit that makes the whole network fit, in the order of REMEDIES, or None; and the untried
    remedies.
    """
    remedies = {
        remedy: item
        for item in findings
        for remedy in (*REMEDIES.get(item.code, ()), *((_lighter,) if item.resource == "cores" else ()))
    }
    search = _Search(trials, len(remedies))
    every = (fix for remedy, item in remedies.items() for fix in search.fixes(remedy, item))
    return next(every, None), tuple(search.untried)
