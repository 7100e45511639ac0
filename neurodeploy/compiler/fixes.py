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

    def cores(self, target: Target | None = None, **edit: object) -> int | None:
        """Cores used after the edit; None if it does not fit."""
        options = self.options.model_copy(update=edit)
        result = self.compiler(self.network, target or self.target, options)
        return result.n_cores if result.program is not None else None


def _narrower(attempt: _Attempt) -> Iterator[Fix]:
    """The widest narrower weights that fit."""
    legal = sorted((int(bits) for bits in attempt.target.precision.weight_bits.values), reverse=True)
    current = attempt.options.weight_bits.get("*", legal[0])
    for bits in (bits for bits in legal if bits < current):
        cores = attempt.cores(weight_bits={**attempt.options.weight_bits, "*": bits})
        if cores is not None:
            yield Fix(
                text=f"{bits}-bit weights need {cores:,} cores",
                flag=f"--weight-bits {bits}",
                change={"weight_bits": {"*": bits}},
            )
            return


def _larger(attempt: _Attempt) -> Iterator[Fix]:
    """The smallest larger board that fits."""
    boards = sorted(attempt.target.boards, key=lambda name: attempt.target.boards[name].chips.value)
    for name in boards:
        bigger = on_board(attempt.target, name)
        if bigger.chips <= attempt.target.chips:
            continue
        cores = attempt.cores(bigger)
        if cores is not None:
            title = attempt.target.boards[name].title
            yield Fix(
                text=f"{title} ({bigger.chips} chips) holds its {cores:,} cores",
                flag=f"--board {name}",
                change={"board": name},
            )
            return


def _lighter(attempt: _Attempt) -> Iterator[Fix]:
    """The least pruning that fits, by bisection over PRUNE_STEPS."""
    low, high, best = 0, len(PRUNE_STEPS), None
    while low < high:
        middle = (low + high) // 2
        cores = attempt.cores(prune={"*": PRUNE_STEPS[middle]})
        if cores is None:
            low = middle + 1
        else:
            high, best = middle, (PRUNE_STEPS[middle], cores)
    if best:
        fraction, cores = best
        text = f"without the weakest {fraction:.0%} of each neuron's synapses it needs {cores:,} cores"
        yield Fix(text=text, flag=f"--prune {fraction:g}", change={"prune": {"*": fraction}})


REMEDIES: dict[str, tuple[Callable[[_Attempt], Iterator[Fix]], ...]] = {
    "ND302": (_narrower, _lighter),
    "ND303": (_lighter,),
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
                cache[remedy.__name__] = tuple(remedy(attempt))
            fixes += cache[remedy.__name__]
        if item.code in ("ND401", "ND402") and not fixes:
            fixes += cache.setdefault("_lighter", tuple(_lighter(attempt)))
        found.append(item.model_copy(update={"fixes": (*item.fixes, *fixes)}))
    return tuple(found)
