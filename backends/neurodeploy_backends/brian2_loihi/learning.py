"""Plastic projections as LoihiSynapses with a rule: what the child needs, and what Brian2Loihi cannot learn."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import SumOfProducts
from neurodeploy.network.equations import Factor, RuleProduct
from neurodeploy.network.plasticity import TRACES, Trace
from neurodeploy.program.plastic import PlasticSynapses, plastic_projections, plastic_synapses, starting_values
from neurodeploy.program.program import Program
from neurodeploy.signals.options import RunOptions
from neurodeploy.simulate.learning_draws import SAMPLE_SEEDS
from neurodeploy.worker import SimulatorJob, Unsupported

__all__ = ["cannot_learn", "rule_text", "with_learning"]

Array = NDArray[Any]
INTEGER_BITS = 31
"""Brian2's int() returns 32 bits."""
LARGEST = {**dict.fromkeys(TRACES, 127), "w": 256, "x0": 1, "y0": 1}
"""Largest absolute value of a variable."""
NOTHING = "u0*0"
"""Rule that changes no weight, but holds all bits of it."""
FIXED: dict[str, Any] = {"dw": NOTHING, "traces": {}}
"""Plan of a rule in a run that does not learn."""


def cannot_learn(program: Program) -> Iterator[Unsupported]:
    """Yield what Brian2Loihi does not learn: it has rules for weights only, which run in every step."""
    for item in plastic_projections(program.network):
        rule, where = item.plasticity, f"projection '{item.name}' learns"
        if not isinstance(rule, SumOfProducts):
            continue
        for message, *fixes in _lacking(rule):
            yield Unsupported(f"{where} {message}", tuple(fixes))
        if bool(np.any(item.delay_steps)):
            yield Unsupported(f"{where} and has delays, whose spikes meet the weights of their arrival there")


def _lacking(rule: SumOfProducts) -> Iterator[tuple[str, ...]]:
    """(end of the sentence, changes) for each part of a rule that Brian2Loihi does not have."""
    others = [name for name in rule.variables if name != "w"]
    if others:
        yield f"{' and '.join(others)}, and Brian2Loihi has w only", "dw alone, without the factors d and t"
    if rule.epoch_steps != 1:
        yield f"once in {rule.epoch_steps:,} steps, and Brian2Loihi learns in every step", "epoch_steps = 1"
    if rule.third_factors:
        yield ("from third factors, which Brian2Loihi does not have",)
    if rule.graded != "none":
        yield "from values of spikes, which Brian2Loihi does not have", "graded = none"
    if rule.rounding == "none":
        yield "without rounding up, and Brian2Loihi rounds by chance", "rounding = stochastic"
    for name in TRACES:
        trace = getattr(rule, name)
        if trace.impulse % 1 or trace.tau_steps % 1:
            yield f"with a trace {name} of {_numbers(trace)}, and Brian2Loihi takes whole numbers", "whole numbers"
    if largest_change(rule) >> INTEGER_BITS:
        yield (f"by changes up to {largest_change(rule):,}, and Brian2 counts in 32 bits",)


def _numbers(trace: Trace) -> str:
    return f"impulse {trace.impulse:g} and tau_steps {trace.tau_steps:g}"


def largest_change(rule: SumOfProducts) -> int:
    """Return a bound of the absolute value of dw in one step."""
    return int(sum(abs(item.mantissa) * 2.0**item.exponent * prod(map(_bound, item.factors)) for item in rule.dw)) + 1


def _bound(factor: Factor) -> int:
    return 1 if factor.sign else LARGEST.get(factor.variable, 1 << 9) + abs(factor.constant)


def rule_text(rule: SumOfProducts) -> str:
    """Return dw as Brian2Loihi reads it: a sum without brackets, which it cannot read around traces.

    A trace without an impulse is always 0 and does not exist there; its products are left out.
    """
    terms = [term for item in rule.dw for term in _terms(item, rule)]
    return "".join(terms).removeprefix("+") or NOTHING


def _terms(item: RuleProduct, rule: SumOfProducts) -> Iterator[str]:
    """Texts, with signs, of the sums into which a product is multiplied out."""
    dependency = item.dependency if item.decimation is None else f"u{item.decimation}"
    expanded: list[tuple[int, list[str]]] = [(item.mantissa, [])]
    for factor in item.factors:
        if factor.sign:
            constant = f"{factor.constant:+d}" if factor.constant else ""
            expanded = [(size, [*names, f"sign({factor.variable}{constant})"]) for size, names in expanded]
            continue
        kept = factor.variable not in TRACES or getattr(rule, factor.variable).impulse > 0
        with_variable = [(size, [*names, factor.variable]) for size, names in expanded if kept]
        expanded = with_variable + [(size * factor.constant, names) for size, names in expanded if factor.constant]
    for size, names in expanded:
        scale = [] if item.exponent == 0 else [f"2^{item.exponent}"]
        if size:
            yield f"{'-' if size < 0 else '+'}{'*'.join([str(abs(size)), *scale, dependency, *names])}"


def _traces(rule: SumOfProducts) -> dict[str, int]:
    """Arguments of LoihiSynapses. A trace of 0 steps is one of 1 step; x0 and y0 need a trace of their side."""
    found = dict[str, int]()
    for name in TRACES:
        trace = getattr(rule, name)
        if trace.impulse:
            found |= {f"imp_{name}": int(trace.impulse), f"tau_{name}": max(int(trace.tau_steps), 1)}
    for side in "xy":
        if not any(name.startswith(f"imp_{side}") for name in found):
            found |= {f"imp_{side}1": 1, f"tau_{side}1": 1}
    return found


def with_learning(program: Program, job: SimulatorJob, options: RunOptions, first_sample: int) -> SimulatorJob:
    """Return the job with the rule and all synapses of each plastic link, weights 0 included.

    `first_sample`: number of sample 0 in the whole run, on which seeds depend.
    """
    found, links, arrays, seen = plastic_synapses(program), list[dict[str, Any]](), dict(job.arrays), set[str]()
    for number, row in enumerate(job.plan["links"]):
        item = found.get(row["projection"])
        if item is None:
            links.append(row)
            continue
        rule = _rule_plan(item) if options.learn != "off" else FIXED
        links.append({**row, "part_of_another": True} if row["projection"] in seen else {**row, "plastic": rule})
        seen.add(row["projection"])
        columns = {"pre": item.listed.pre, "post": item.listed.post, "mantissas": starting_values(program, item)["w"]}
        columns["delay_steps"] = np.zeros_like(columns["pre"])
        arrays |= {f"link.{number}.{name}": np.asarray(values) for name, values in columns.items()}
    seed = next((item.rule.seed for item in found.values()), 0)
    runs = [
        {**row, "seed": seed + SAMPLE_SEEDS * (first_sample + samples.start)}
        for row, samples in zip(job.plan["runs"], job.runs, strict=True)
    ]
    plan = {**job.plan, "links": links, "runs": runs, "learn": options.learn or "apart"}
    return SimulatorJob(plan, {**arrays, **_begun_with(job, options)}, job.runs)


def _rule_plan(item: PlasticSynapses) -> dict[str, Any]:
    """A rule as the child reads it; the names of traces that exist are those that can be recorded."""
    rule = item.rule
    assert isinstance(rule, SumOfProducts), "internal: other rules are refused before the job is made"
    traces = [name for name in TRACES if getattr(rule, name).impulse]
    return {"dw": rule_text(rule), "traces": _traces(rule), "recorded": traces}


def _begun_with(job: SimulatorJob, options: RunOptions) -> dict[str, Array]:
    """Weights that each run begins with instead of the program's: what an earlier run has learned."""
    arrays = dict[str, Array]()
    for name, given in options.learned.synapses.items() if options.learned is not None else ():
        for number, samples in enumerate(job.runs):
            row = given[0] if len(given) == 1 else given[samples.start]
            arrays[f"run.{number}.begin.{name}"] = np.asarray(row, dtype=np.int64)
    return arrays
