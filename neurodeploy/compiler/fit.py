"""Fit of one network on many targets and boards: which hold it, how full they are, and which change would help.

Networks are compiled for Loihi-style targets and judged against others. If one chip or a smaller board of a target
holds a network, so does every larger board, because the same mapping is legal there. A neuron that fits no core fits no
board.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from neurodeploy.base.noun import Name, Noun
from neurodeploy.compiler.compile import compile_with, fix_seconds
from neurodeploy.compiler.edits import edited_network
from neurodeploy.compiler.fixes import first_fix
from neurodeploy.compiler.options import Compilation, CompileOptions, Verdict
from neurodeploy.compiler.quantize_cache import QuantizeCache
from neurodeploy.compiler.trials import Trials
from neurodeploy.diagnostics import Diagnostic, Fix, errors_in
from neurodeploy.feasibility import Judgement, judge
from neurodeploy.hardware import FeasibilityTarget, on_board
from neurodeploy.hardware.feasibility_target import CrossbarTarget, ProcessorTarget
from neurodeploy.hardware.target import Target
from neurodeploy.mapping import TimeLimit
from neurodeploy.network import Network
from neurodeploy.program.audit import use_of_program
from neurodeploy.resources import core_limits

__all__ = ["FitRow", "fit_network"]

Holds = Literal["holds", "does not hold", "within limits"]


class FitRow(Noun):
    """One network on one board of one target."""

    target: Name
    """Name of the target."""
    board: str | None
    """Name of the board; None: one chip."""
    title: str
    """Title of the board or the target."""
    holds: Holds
    """Whether it holds the network. For a target that is only judged, "within limits" is the best possible verdict."""
    verdict: Verdict | Literal["within limits", "over limits", "not expressible"]
    """Verdict of the compiler, or of the judgement for other architectures."""
    chips: int | None
    """Chips of the board."""
    cores: int | None
    """Cores used by the network; None if it was not mapped."""
    cores_held: int | None
    """Cores of the board."""
    resource: str | None = None
    """The resource with the fullest core if the network fits; otherwise the resource that is exceeded most."""
    found: float | None = None
    """Use of the resource."""
    limit: float | None = None
    """Limit of the resource."""
    unit: str = ""
    """Unit of `found` and `limit`."""
    codes: tuple[str, ...] = ()
    """Codes of the errors."""
    why: str = ""
    """The first error."""
    fix: Fix | None = None
    """The smallest single change that makes the network fit, verified by a trial."""
    untried: tuple[str, ...] = ()
    """Changes that were not tried because the time for fixes ended."""

    @property
    def share(self) -> float | None:
        """found / limit."""
        return self.found / self.limit if self.found is not None and self.limit else None


def _board_row(target: Target) -> FitRow:
    board = target.boards[target.board] if target.board else None
    return FitRow(
        target=target.name,
        board=target.board,
        title=board.title if board else target.title,
        holds="does not hold",
        verdict="refused",
        chips=target.chips,
        cores=None,
        cores_held=target.cores,
    )


def _fullest(result: Compilation) -> dict[str, object]:
    """The resource with the largest use of a core, relative to its limit."""
    if result.program is None:
        return {}
    limits, use = core_limits(result.program.target), use_of_program(result.program)
    worst = {name: int(values.max(initial=0)) for name, values in use.items() if limits[name].value}
    if not worst:
        return {}
    name = max(worst, key=lambda item: worst[item] / limits[item].value)
    return {"resource": name, "found": worst[name], "limit": limits[name].value, "unit": limits[name].unit}


def _exceeded(errors: Iterable[Diagnostic]) -> dict[str, object]:
    """The resource that is exceeded most."""
    known = [item for item in errors if item.found is not None and item.limit]
    worst = max(known, key=lambda item: (item.found or 0.0) / (item.limit or 1.0), default=None)
    if worst is None:
        return {}
    return {"resource": worst.resource or None, "found": worst.found, "limit": worst.limit, "unit": worst.unit}


def _refusal(result: Compilation) -> dict[str, object]:
    errors = errors_in(result.findings)
    why = f"{errors[0].subject}: {errors[0].message}" if errors else ""
    codes = tuple(dict.fromkeys(item.code for item in errors))
    return {"verdict": result.verdict, "codes": codes, "why": why, **_exceeded(errors)}


def _of_target(cache: QuantizeCache, target: Target, options: CompileOptions) -> Iterator[FitRow]:
    """Rows for one chip, then for the boards from small to large."""
    boards = sorted(target.boards, key=lambda name: (target.boards[name].chips.value, name))
    known: dict[str, object] | None = None
    for place in (on_board(target, name) for name in (None, *boards)):
        row = _board_row(place)
        if known is None:
            result = compile_with(cache, place, options)
            if result.program is not None:
                known = {"holds": "holds", "verdict": "fits", "cores": result.n_cores, **_fullest(result)}
            else:
                watch = TimeLimit(time.monotonic() + fix_seconds(result, options))
                fix, untried = first_fix(result.findings, Trials(cache, place, options, (), watch))
                refusal = {**_refusal(result), "fix": fix, "untried": untried}
                known = None if any(item.resource == "cores" for item in result.findings) else refusal
                row = row.model_copy(update=refusal)
        yield row.model_copy(update=known or {})


def _judged(network: Network, target: FeasibilityTarget) -> FitRow:
    result: Judgement = judge(network, target)
    errors = errors_in(result.findings)
    fullest = max(result.uses, key=lambda item: item.share or 0.0, default=None)
    fixes = [fix for item in errors for fix in item.fixes]
    cores = target.limits.cores if isinstance(target, CrossbarTarget | ProcessorTarget) else None
    return FitRow(
        target=target.name,
        board=None,
        title=target.title,
        holds="does not hold" if errors else "within limits",
        verdict=result.verdict,
        chips=1,
        cores=None if errors else len(set(result.cores.values())) or None,
        cores_held=int(cores.value) if cores else None,
        resource=fullest.name if fullest else None,
        found=fullest.found if fullest else None,
        limit=fullest.limit if fullest else None,
        unit=fullest.unit if fullest else "",
        codes=tuple(dict.fromkeys(item.code for item in errors)),
        why=f"{errors[0].subject}: {errors[0].message}" if errors else "",
        fix=fixes[0] if len(errors) == 1 and fixes else None,
    )


def fit_network(
    network: Network,
    targets: Iterable[Target | FeasibilityTarget],
    options: CompileOptions | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[FitRow, ...]:
    """Return the fit of a valid network on every target and its boards, in the order of targets, boards from small to
    large.

    `progress` is called with (targets done, total targets).
    """
    chosen, cache = options or CompileOptions(), QuantizeCache(network)
    edited, candidates, rows = edited_network(network, chosen)[0], tuple(targets), list[FitRow]()
    for index, target in enumerate(candidates):
        if isinstance(target, Target):
            rows += _of_target(cache, target, chosen)
        else:
            rows.append(_judged(edited, target))
        if progress:
            progress(index + 1, len(candidates))
    return tuple(rows)
