"""Compilation of a network: the stages in order, then fixes if the network does not fit."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

from neurodeploy.compiler.fixes import FixSearch, with_fixes
from neurodeploy.compiler.options import Compilation, CompileOptions, Verdict
from neurodeploy.compiler.quantize_cache import QuantizeCache
from neurodeploy.compiler.stages import StageName, Work, compilation, run_stages, stages_between
from neurodeploy.compiler.trials import Trials
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.hardware.target import Target
from neurodeploy.mapping import Mapping, Progress, TimeLimit
from neurodeploy.native.findings import kernel_findings
from neurodeploy.network import Network
from neurodeploy.quantize import Quantized

__all__ = ["compile_network", "compile_with", "fix_seconds", "starting_stages"]

KERNELS = tuple(Path(__file__).parents[1] / folder for folder in ("mapping/kernels", "resources"))
"""Folders of the kernels that a compilation calls."""
LEAST_FIX_S, FIX_FACTOR = 10.0, 3.0
"""Default time limit for fixes: at least this many seconds, or this multiple of the compilation time."""
STARTS: dict[type[Network | Quantized | Mapping], tuple[StageName, ...]] = {
    Network: ("validate",),
    Quantized: ("check", "partition"),
    Mapping: ("place", "emit"),
}
"""The stages that can start from an object of each type; the first is the default."""


def starting_stages(source: Network | Quantized | Mapping) -> tuple[StageName, ...]:
    """Return the stages that a compilation of `source` can start with; the first is the default."""
    return STARTS[type(source)]


def compile_network(
    source: Network | Quantized | Mapping,
    target: Target,
    options: CompileOptions | None = None,
    *,
    others: Iterable[Target] = (),
    progress: Progress | None = None,
    start: StageName | None = None,
    stop: StageName = "fixes",
    executor: Executor | None = None,
) -> Compilation:
    """Return the result of compiling a network for a target: a program, or every reason why there is none. Findings
    raise no exception.

    `source`: a network, or the `quantized` or `mapping` of an earlier compilation for the same target. `others`:
    targets to suggest if the network does not fit this one. `progress` is called with (activity, amount done, total
    amount). `start` and `stop`: the first and the last stage, both included; `start` must be a stage that can start
    from `source`. `executor`: fills the shards of a large network with generated synapses. Fixes are computed for a network that does not fit.
    """
    chosen = options or CompileOptions()
    work = _work(source, target, chosen, TimeLimit(progress=progress).within(chosen.time_limit_s))
    work = replace(work, executor=executor)
    names = stages_between(start or starting_stages(source)[0], stop)
    done = run_stages(work, names, progress)
    result = compilation(done.adding(kernel_findings(*KERNELS) if "partition" in done.seconds else ()))
    fits = result.verdict in ("fits", "stopped")
    if fits or not chosen.fixes or "fixes" not in names or not isinstance(source, Network):
        return result
    began, allowed = time.monotonic(), fix_seconds(result, chosen)
    trials = Trials(work.cache, target, chosen, tuple(others), TimeLimit(began + allowed, progress=progress))
    search = with_fixes(result.findings, trials)
    seconds = {**result.stage_seconds, "fixes": time.monotonic() - began}
    findings = (*search.findings, *_untried(work.cache.network, search, allowed))
    return result.model_copy(update={"findings": findings, "stage_seconds": seconds})


def compile_with(cache: QuantizeCache, target: Target, options: CompileOptions) -> Compilation:
    """Return the result of compiling the network of a cache, without fixes."""
    work = Work(cache, target, options, TimeLimit().within(options.time_limit_s))
    return compilation(run_stages(work, stages_between("validate", "emit")))


def _work(source: Network | Quantized | Mapping, target: Target, options: CompileOptions, limit: TimeLimit) -> Work:
    if isinstance(source, Network):
        return Work(QuantizeCache(source), target, options, limit)
    quantized, mapping = (source.quantized, source) if isinstance(source, Mapping) else (source, None)
    cache, findings, ledger = QuantizeCache(quantized.network), quantized.findings, quantized.ledger
    verdict: Verdict = "stopped" if mapping is None else "fits"
    return Work(cache, target, options, limit, quantized, mapping, None, findings, ledger, verdict)


def fix_seconds(result: Compilation, options: CompileOptions) -> float:
    """Return the time limit in seconds for all fixes of a compilation together."""
    if options.fix_time_s is not None:
        return options.fix_time_s
    return max(LEAST_FIX_S, FIX_FACTOR * sum(result.stage_seconds.values()))


def _untried(network: Network, search: FixSearch, allowed: float) -> tuple[Diagnostic, ...]:
    """ND406 if the time for fixes ended before all of them were tried."""
    if not search.untried:
        return ()
    message = f"the {allowed:.3g} s for fixes ended before these were tried: {', '.join(search.untried)}"
    more = f"--fix-time {max(10 * allowed, 10):.0f}"
    return (finding("ND406", about("network", network.name), message, fixes=[f"more time: {more}"]),)
