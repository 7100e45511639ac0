"""Verb: fixes for what does not fit, each tried and passed before it is printed. Changes one thing at a time.

A fix is one edit of the options or of the board. It is offered only if the whole compilation then succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from neurodeploy.check import core_limits
from neurodeploy.compiler.edits import SHARED, longest_delay
from neurodeploy.compiler.integer_edits import rewritten
from neurodeploy.compiler.options import Compilation, CompileOptions
from neurodeploy.diagnostics import Diagnostic, Fix
from neurodeploy.network import Network
from neurodeploy.target import on_board
from neurodeploy.target.target import Target

__all__ = ["WHOLE", "Attempt", "first_fix", "with_fixes"]

Compiler = Callable[[Network, Target, CompileOptions], Compilation]
PRUNE_STEPS = tuple(step / 20 for step in range(1, 20))
"""Fractions tried, in steps of 5 %."""


class Attempt:
    """Compiles edits of one network."""

    def __init__(
        self, network: Network, target: Target, options: CompileOptions, compiler: Compiler, others: tuple[Target, ...]
    ) -> None:
        self.network, self.target, self.compiler, self.others = network, target, compiler, others
        self.options = options.model_copy(update={"fixes": False})

    def cores(self, edit: dict[str, object], target: Target | None = None) -> int | None:
        """Cores used after an edit of the options; None if it does not fit."""
        options = self.options.model_copy(update=edit)
        result = self.compiler(self.network, target or self.target, options)
        return result.n_cores if result.program is not None else None

    def with_all(self, option: str, value: float) -> dict[str, object]:
        """The edit that gives an option a value for all names that the user did not name."""
        return {option: {**getattr(self.options, option), "*": value}}


def _narrower(attempt: Attempt, _: Diagnostic) -> Iterator[Fix]:
    """The widest narrower weights that fit."""
    legal = sorted((int(bits) for bits in attempt.target.precision.weight_bits.values), reverse=True)
    current = attempt.options.weight_bits.get("*", legal[0])
    for bits in (bits for bits in legal if bits < current):
        cores = attempt.cores(attempt.with_all("weight_bits", bits))
        if cores is not None:
            yield Fix(
                text=f"{bits}-bit weights need {_cores(cores)}",
                flag=f"--weight-bits {bits}",
                change={"weight_bits": {"*": bits}},
            )
            return


def _legal(attempt: Attempt, item: Diagnostic) -> Iterator[Fix]:
    """The widest weights that the target stores and that fit: for all projections that the user did not name, or for this."""
    legal = sorted((int(bits) for bits in attempt.target.precision.weight_bits.values), reverse=True)
    name = _named(item)
    for bits in legal:
        for key in ("*", name):
            cores = attempt.cores({"weight_bits": {**attempt.options.weight_bits, key: bits}})
            if cores is not None:
                flag = f"--weight-bits {bits}" if key == "*" else f"--weight-bits {name}={bits}"
                yield Fix(
                    text=f"{bits}-bit weights need {_cores(cores)}", flag=flag, change={"weight_bits": {key: bits}}
                )
                return


def _within(attempt: Attempt, item: Diagnostic) -> Iterator[Fix]:
    """The nearest value that the register holds, for a parameter that is one number for the whole population."""
    name, field = _named(item), "refractory_steps" if item.code == "ND210" else item.message.split(" ", 1)[0]
    population = next((one for one in attempt.network.populations if one.name == name), None)
    value = getattr(population.neuron, field, None) if population is not None else None
    if population is None or item.limit is None or not isinstance(value, int):
        return
    changed = population.neuron.model_copy(update={field: int(item.limit)})
    edited = [
        one.model_copy(update={"neuron": changed}) if one is population else one for one in attempt.network.populations
    ]
    network = attempt.network.model_copy(update={"populations": tuple(edited)})
    result = attempt.compiler(network, attempt.target, attempt.options)
    if result.program is not None:
        yield Fix(
            text=f"in population '{name}' write neuron.{field} = {int(item.limit)}: it needs {_cores(result.n_cores or 0)}"
        )


def _rewritten(attempt: Attempt, _: Diagnostic) -> Iterator[Fix]:
    """Integer weights that no format holds in an equal form that is held: another exponent, or two projections."""
    found = rewritten(attempt.network, attempt.target, attempt.options.weight_bits)
    result = attempt.compiler(found[0], attempt.target, attempt.options) if found else None
    if found and result is not None and result.program is not None:
        yield Fix(text=f"{found[1]}: it needs {_cores(result.n_cores or 0)}")


def _named(item: Diagnostic) -> str:
    """The name in the user's file of what a finding is about."""
    return item.where.split("'")[1] if "'" in item.where else ""


def _shorter(attempt: Attempt, _: Diagnostic) -> Iterator[Fix]:
    """The longest shorter delays that fit: the longest that the register holds, then one bit less each."""
    longest, span = longest_delay(attempt.network), attempt.target.precision.delay_steps
    if "*" in attempt.options.max_delay:
        longest = min(longest, attempt.options.max_delay["*"])
    widths = attempt.target.precision.delay_bits.values
    steps = {int(span.high), *((1 << int(bits)) - 1 for bits in widths)}
    for most in sorted((step for step in steps if step < min(longest, span.high + 1)), reverse=True):
        cores = attempt.cores(attempt.with_all("max_delay", most))
        if cores is not None:
            text = f"with no delay above {most} step{'s' * (most != 1)} it needs {_cores(cores)}"
            yield Fix(text=text, flag=f"--max-delay {most}", change={"max_delay": {"*": most}})
            return


def _sharing(attempt: Attempt, _: Diagnostic) -> Iterator[Fix]:
    """The most distinct parameters in each population that fit: what a core holds times a power of two, by bisection."""
    counts, best = _counts(attempt), None
    low, high = 0, len(counts)
    while low < high:
        middle = (low + high) // 2
        cores = attempt.cores(attempt.with_all("share_parameters", counts[middle]))
        if cores is None:
            high = middle
        else:
            low, best = middle + 1, (counts[middle], cores)
    if best:
        text = f"with {best[0]} distinct decays and thresholds in each population it needs {_cores(best[1])}"
        flag, change = f"--share-parameters {best[0]}", {"share_parameters": {"*": best[0]}}
        yield Fix(text=f"{text}; {_moved(attempt, best[0])}", flag=flag, change=change)


def _varies(value: Any) -> bool:
    """Whether a parameter is not the same for all neurons."""
    return bool(np.ndim(value)) and np.unique(value).size > 1


def _counts(attempt: Attempt) -> list[int]:
    """Numbers of distinct parameters to try, ascending; none where no population has more than one."""
    varied = [item.size for item in attempt.network.populations if any(_varies(value) for _, value in item.neuron)]
    limits = core_limits(attempt.target)
    held = [limits[name].value for name in ("parameter_sets", "threshold_sets") if name in limits]
    if not varied or not held or max(held) < 1:
        return []
    most = max(held)
    less = [most >> step for step in range(1, most.bit_length())]
    more = [most << step for step in range(max(varied).bit_length()) if most << step < max(varied)]
    return sorted({*less, *more})


def _moved(attempt: Attempt, count: int) -> str:
    """Which register sharing moves most, and how far."""
    options = attempt.options.model_copy(update=attempt.with_all("share_parameters", count))
    ledger = attempt.compiler(attempt.network, attempt.target, options).ledger
    lines = [line for line in ledger if line.note.startswith(SHARED)]
    worst = max(lines, key=lambda line: line.relative_error or 0.0, default=None)
    moved = (worst.relative_error or 0.0) if worst else 0.0
    return f"{worst.where}: {worst.quantity} moves by {moved:.1%} at most" if worst else "no register moves"


def _cores(count: int) -> str:
    return f"{count:,} core{'s' * (count != 1)}"


def _larger(attempt: Attempt, _: Diagnostic) -> Iterator[Fix]:
    """The smallest larger board that fits."""
    boards = sorted(attempt.target.boards, key=lambda name: attempt.target.boards[name].chips.value)
    for name in boards:
        bigger = on_board(attempt.target, name)
        if bigger.chips <= attempt.target.chips:
            continue
        cores = attempt.cores({}, bigger)
        if cores is not None:
            title = attempt.target.boards[name].title
            yield Fix(
                text=f"{title} ({bigger.chips} chips) holds its {cores:,} cores",
                flag=f"--board {name}",
                change={"board": name},
            )
            return


def _elsewhere(attempt: Attempt, _: Diagnostic) -> Iterator[Fix]:
    """The first other target of which one chip holds it."""
    for other in attempt.others:
        cores = attempt.cores({}, other) if other.name != attempt.target.name else None
        if cores is not None:
            yield Fix(
                text=f"{other.title} holds it in {_cores(cores)}",
                flag=f"--target {other.name}",
                change={"target": other.name},
            )
            return


def _least_fraction(attempt: Attempt, option: str, start: float) -> tuple[float, int] | None:
    """The least of PRUNE_STEPS at or above `start` that fits, and its cores; by bisection."""
    steps = [step for step in PRUNE_STEPS if step >= start]
    low, high, best = 0, len(steps), None
    while low < high:
        middle = (low + high) // 2
        cores = attempt.cores(attempt.with_all(option, steps[middle]))
        if cores is None:
            low = middle + 1
        else:
            high, best = middle, (steps[middle], cores)
    return best


def _lighter(attempt: Attempt, item: Diagnostic) -> Iterator[Fix]:
    """The least pruning of each neuron's weakest synapses that fits."""
    best = _least_fraction(attempt, "prune", _share_over(item))
    if best:
        text = f"without the weakest {best[0]:.0%} of each neuron's synapses it needs {_cores(best[1])}"
        yield Fix(text=text, flag=f"--prune {best[0]:g}", change={"prune": {"*": best[0]}})


def _fewer_sources(attempt: Attempt, item: Diagnostic) -> Iterator[Fix]:
    """The least pruning of whole sources that fits: what a shared input axon table needs."""
    best = _least_fraction(attempt, "prune_sources", _share_over(item))
    if best:
        text = f"without the weakest {best[0]:.0%} of each projection's sources it needs {_cores(best[1])}"
        yield Fix(text=text, flag=f"--prune-sources {best[0]:g}", change={"prune_sources": {"*": best[0]}})


def _share_over(item: Diagnostic) -> float:
    """The share that must go at least for one neuron to fit; nothing is known for whole networks."""
    if item.code in WHOLE or not item.found or item.limit is None:
        return 0.0
    return 1.0 - item.limit / item.found


WHOLE = ("ND401", "ND402")
"""Findings about a whole network, for which pruning is the last resort."""

REMEDIES: dict[str, tuple[Callable[[Attempt, Diagnostic], Iterator[Fix]], ...]] = {
    "ND207": (_legal, _elsewhere),
    "ND208": (_within, _rewritten, _elsewhere),
    "ND209": (_rewritten,),
    "ND210": (_within, _elsewhere),
    "ND211": (_shorter, _elsewhere),
    "ND212": (_elsewhere,),
    "ND213": (_elsewhere,),
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
    "ND401": (_narrower, _shorter, _sharing, _larger, _elsewhere),
    "ND402": (_narrower, _shorter, _sharing, _larger, _elsewhere),
}
"""What can help against which finding; pruning changes the network most and comes last."""


def with_fixes(findings: tuple[Diagnostic, ...], attempt: Attempt) -> tuple[Diagnostic, ...]:
    """Return the findings with the fixes that were tried and passed."""
    cache = dict[str, tuple[Fix, ...]]()
    found: list[Diagnostic] = []
    for item in findings:
        fixes: list[Fix] = []
        for remedy in REMEDIES.get(item.code, ()):
            if remedy.__name__ not in cache:
                cache[remedy.__name__] = tuple(remedy(attempt, item))
            fixes += cache[remedy.__name__]
        if item.code in WHOLE and not fixes:
            fixes += cache.setdefault("_lighter", tuple(_lighter(attempt, item)))
        found.append(item.model_copy(update={"fixes": (*item.fixes, *fixes)}))
    return tuple(found)


def first_fix(findings: tuple[Diagnostic, ...], attempt: Attempt) -> Fix | None:
    """Return the first single edit that makes the whole network fit, in the order of REMEDIES; None if none of them does."""
    remedies = {
        remedy: item
        for item in findings
        for remedy in (*REMEDIES.get(item.code, ()), *((_lighter,) if item.code in WHOLE else ()))
    }
    every = (fix for remedy, item in remedies.items() for fix in remedy(attempt, item))
    return next(every, None)
