"""Plastic projections as lava's LearningDense: what its child needs, and what lava cannot learn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import SumOfProducts
from neurodeploy.network.equations import equation_text
from neurodeploy.program.plastic import PlasticSynapses, plastic_projections, plastic_synapses, starting_values
from neurodeploy.program.program import Program
from neurodeploy.signals.options import RunOptions
from neurodeploy.simulate.learning_draws import SAMPLE_SEEDS, SYNAPSE_SEED
from neurodeploy.worker import SimulatorJob, Unsupported

__all__ = ["cannot_learn", "rule_plan", "with_learning"]

Array = NDArray[Any]
EQUATIONS = ("dw", "dd", "dt")
GRADED = {
    "none": "USE_REGULAR_IMPULSE",
    "overwrite": "OVERWRITE",
    "add_saturating": "ADD_WITH_SATURATION",
    "add_overflowing": "ADD_WITHOUT_SATURATION",
}
"""What graded spikes do to x1: words of ours -> members of lava's GradedSpikeCfg."""


def cannot_learn(program: Program) -> Iterator[Unsupported]:
    """Yield plastic projections with delays: lava's learning connections have none."""
    for item in plastic_projections(program.network):
        if isinstance(item.plasticity, SumOfProducts) and bool(np.any(item.delay_steps)):
            message = f"projection '{item.name}' learns and has delays, and lava's learning connections have none"
            yield Unsupported(message, ("delay_steps = 0",))


def rule_plan(rule: SumOfProducts, sizes: dict[str, int]) -> dict[str, Any]:
    """Return a rule as lava's child reads it, plain data. `sizes`: lines or neurons of each source of a third factor."""
    given = {name: getattr(rule, name) for name in EQUATIONS if getattr(rule, name)}
    traces = {name: getattr(rule, name) for name in ("x1", "x2", "y1", "y2", "y3")}
    thirds = {
        third.trace: (third.source, sizes[third.source], np.asarray(third.weight).tolist())
        for third in rule.third_factors
    }
    return {
        "equations": {name: equation_text(products) for name, products in given.items()},
        "scales": {name: [(item.mantissa, item.exponent) for item in products] for name, products in given.items()},
        "traces": {name: (trace.impulse, trace.tau_steps) for name, trace in traces.items()},
        "epoch_steps": rule.epoch_steps,
        "rounding": rule.rounding,
        "seed": rule.seed,
        "synapse_seed": SYNAPSE_SEED,
        "sample_seeds": SAMPLE_SEEDS,
        "graded": GRADED[rule.graded],
        "thirds": thirds,
        "variables": list(rule.variables),
    }


def with_learning(program: Program, job: SimulatorJob, options: RunOptions, first_sample: int) -> SimulatorJob:
    """Return the job with the rule and all synapses of each plastic link, weights 0 included.

    `first_sample`: number of sample 0 in the whole run; random numbers depend on it.
    """
    found, links, arrays = plastic_synapses(program), list[dict[str, Any]](), dict(job.arrays)
    network, seen = program.network, set[str]()
    for number, row in enumerate(job.plan["links"]):
        item = found.get(row["projection"])
        if item is None or not isinstance(item.rule, SumOfProducts):
            links.append(row)
            continue
        sizes = {third.source: network.source_size(third.source) for third in item.rule.third_factors}
        # synapses of another format are a link of their own, but one process learns them all
        own = {"part_of_another": True} if item.projection.name in seen else {"plastic": rule_plan(item.rule, sizes)}
        links.append({**row, **own})
        seen.add(item.projection.name)
        columns = {"pre": item.listed.pre, "post": item.listed.post, **starting_values(program, item)}
        arrays |= {f"link.{number}.{name}": np.asarray(values) for name, values in columns.items()}
    runs = [
        {**row, "sample": first_sample + samples.start} for row, samples in zip(job.plan["runs"], job.runs, strict=True)
    ]
    plan = {**job.plan, "links": links, "runs": runs, "learn": options.learn or "apart"}
    return SimulatorJob(plan, {**arrays, **_begun_with(found, job, options)}, job.runs)


def _begun_with(found: dict[str, PlasticSynapses], job: SimulatorJob, options: RunOptions) -> dict[str, Array]:
    """What each run begins with instead of the program's values: what an earlier run has learned."""
    arrays = dict[str, Array]()
    for number, samples in enumerate(job.runs if options.learned is not None else ()):
        for name, item in found.items():
            for variable in item.rule.variables:
                given = options.learned.synapses[f"{name}.{variable}"] if options.learned is not None else None
                assert given is not None, "internal: options with `learned` are checked"
                row = given[0] if len(given) == 1 else given[samples.start]
                arrays[f"run.{number}.begin.{name}.{variable}"] = np.asarray(row, dtype=np.int64)
    return arrays
