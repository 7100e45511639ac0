"""Verb: fixes for what does not fit, each tried and passed before it is printed. Changes one thing at a time.

A fix is one edit of the options or of the board. It is offered only if the whole compilation then succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from neurodeploy.compiler.options import Compilation, CompileOptions
from neurodeploy.diagnostics import Diagnostic, Fix
from neurodeploy.network import Network
from neurodeploy.target import on_board
from neurodeploy.target.target import Target

__all__ = ["with_fixes"]

Compiler = Callable[[Network, Target, CompileOptions], Compilation]
PRUNE_STEPS = tuple(step / 20 for step in range(1, 20))
"""Fractions tried, in steps of 5 %."""


class _Attempt:
    """Compiles edits of one network."""

    def __init__(self, network: Network, target: Target, options: CompileOptions, compiler: Compiler) -> None:
        self.network, self.target, self.compiler = network, target, compiler
        self.options = options.model_copy(update={"fixes": False})

    def cores(self, edit: dict[str, object], target: Target | None = None) -> int | None:
        """Cores used after an edit of the options; None if it does not fit."""
        options = self.options.model_copy(update=edit)
        result = self.compiler(self.network, target or self.target, options)
        return result.n_cores if result.program is not None else None


def _narrower(attempt: _Attempt, _: Diagnostic) -> Iterator[Fix]:
    """The widest narrower weights that fit."""
    legal = sorted((int(bits) for bits in attempt.target.precision.weight_bits.values), reverse=True)
    current = attempt.options.weight_bits.get("*", legal[0])
    for bits in (bits for bits in legal if bits < current):
        cores = attempt.cores({"weight_bits": {**attempt.options.weight_bits, "*": bits}})
        if cores is not None:
            yield Fix(
                text=f"{bits}-bit weights need {cores:,} cores",
                flag=f"--weight-bits {bits}",
                change={"weight_bits": {"*": bits}},
            )
            return


def _larger(attempt: _Attempt, _: Diagnostic) -> Iterator[Fix]:
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


def _least_fraction(attempt: _Attempt, option: str, start: float) -> tuple[float, int] | None:
    """The least of PRUNE_STEPS at or above `start` that fits, and its cores; by bisection."""
    steps = [step for step in PRUNE_STEPS if step >= start]
    low, high, best = 0, len(steps), None
    while low < high:
        middle = (low + high) // 2
        edit: dict[str, object] = {option: {"*": steps[middle]}}
        cores = attempt.cores(edit)
        if cores is None:
            low = middle + 1
        else:
            high, best = middle, (steps[middle], cores)
    return best


def _lighter(attempt: _Attempt, item: Diagnostic) -> Iterator[Fix]:
    """The least pruning of each neuron's weakest synapses that fits."""
    best = _least_fraction(attempt, "prune", _share_over(item))
    if best:
        text = f"without the weakest {best[0]:.0%} of each neuron's synapses it needs {best[1]:,} cores"
        yield Fix(text=text, flag=f"--prune {best[0]:g}", change={"prune": {"*": best[0]}})


def _fewer_sources(attempt: _Attempt, item: Diagnostic) -> Iterator[Fix]:
    """The least pruning of whole sources that fits: what a shared input axon table needs."""
    best = _least_fraction(attempt, "prune_sources", _share_over(item))
    if best:
        text = f"without the weakest {best[0]:.0%} of each projection's sources it needs {best[1]:,} cores"
        yield Fix(text=text, flag=f"--prune-sources {best[0]:g}", change={"prune_sources": {"*": best[0]}})


def _share_over(item: Diagnostic) -> float:
    """The share that must go at least for one neuron to fit; nothing is known for whole networks."""
    if item.code in WHOLE or not item.found or item.limit is None:
        return 0.0
    return 1.0 - item.limit / item.found


WHOLE = ("ND401", "ND402")
"""Findings about a whole network, for which pruning is the last resort."""

REMEDIES: dict[str, tuple[Callable[[_Attempt, Diagnostic], Iterator[Fix]], ...]] = {
    "ND302": (_narrower, _lighter),
    "ND303": (_fewer_sources,),
    "ND305": (_lighter,),
    "ND310": (_narrower, _lighter),
    "ND401": (_narrower, _larger),
    "ND402": (_narrower, _larger),
}
"""What can help against which finding; pruning changes the network most and comes last."""


def with_fixes(
    findings: tuple[Diagnostic, ...],
    network: Network,
    target: Target,
    options: CompileOptions,
    compiler: Compiler,
) -> tuple[Diagnostic, ...]:
    """Return the findings with the fixes that were tried and passed."""
    attempt, cache = _Attempt(network, target, options, compiler), dict[str, tuple[Fix, ...]]()
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
