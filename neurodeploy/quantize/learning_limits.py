"""Findings for learning rules that a target or its dialect cannot run, before conversion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.hardware.files import cite
from neurodeploy.hardware.target import LearningEngine, Target
from neurodeploy.network import Network, Projection
from neurodeploy.network.equations import RuleProduct
from neurodeploy.network.plasticity import Pes, Plasticity, SumOfProducts

__all__ = ["DIALECT_RULES", "learning_findings"]

DIALECT_RULES: dict[str, tuple[str, ...]] = {
    "sum_of_products": ("sum_of_products", "pes"),
    "pes": ("pes",),
    "brian2": ("sum_of_products",),
    "none": (),
}
"""Model of learning of a dialect -> kinds of rules that it has."""
TAG_LEAST = -1
"""A tag of b bits with a sign holds -2**(b - 1) - 1 and more, as lava-nc 0.10.0 keeps it."""


def learning_findings(network: Network, target: Target) -> Iterator[Diagnostic]:
    """Yield ND312-ND318 for each rule of `network` that `target` cannot run, or that does other than its words suggest."""
    for projection in network.projections:
        if projection.plasticity is None:
            continue
        faults = list(_kind_faults(projection, projection.plasticity, target))
        yield from faults
        if not faults and target.learning is not None:
            yield from _limits(projection, projection.plasticity, target.learning, target)


def _kind_faults(projection: Projection, rule: Plasticity, target: Target) -> Iterator[Diagnostic]:
    where = about("projection", projection.name, field="plasticity")
    if target.learning is None:
        message = f"learns, and target '{target.name}' is not known to have a learning engine"
        yield finding("ND312", where, message, limit_source=f"{target.file} has no [learning]")
        return
    if rule.kind not in target.learning.rules:
        message = (
            f"learns by '{rule.kind}', and the rules of target '{target.name}' are {', '.join(target.learning.rules)}"
        )
        source = f"{target.file} learning.rules: {target.learning.rules_source}"
        yield finding("ND312", where, message, limit_source=source)
        return
    known, dialect = DIALECT_RULES[target.dialect.learning], target.dialect
    source = f"dialect {dialect.name} learning: {dialect.sources.get('learning', '')}"
    if rule.kind not in known:
        message = f"learns by '{rule.kind}', and dialect '{dialect.name}' models {', '.join(known) or 'no rule'}"
        yield finding("ND313", where, message, limit_source=source)
    elif isinstance(rule, SumOfProducts) and dialect.learning == "brian2":
        for part in _beyond_steps(projection, rule):
            message = f"learns {part}, and dialect '{dialect.name}' models rules of w in every step, without delays"
            yield finding("ND313", where, message, limit_source=source)


def _beyond_steps(projection: Projection, rule: SumOfProducts) -> Iterator[str]:
    """What a rule has beyond a rule for the weight that runs in every step. Source: Brian2Loihi 0.5.2 loihi_synapses.py."""
    others = [name for name in rule.variables if name != "w"]
    if others:
        yield f"with {' and '.join(others)}"
    if rule.epoch_steps != 1:
        yield f"once in {rule.epoch_steps:,} steps"
    if rule.third_factors:
        yield "from third factors"
    if rule.graded != "none":
        yield "from values of spikes"
    if bool(np.any(projection.delay_steps)):
        yield "with delayed spikes"


def _limits(projection: Projection, rule: Plasticity, engine: LearningEngine, target: Target) -> Iterator[Diagnostic]:
    name = projection.name
    yield from _outside(
        about("projection", name, field="plasticity.epoch_steps"),
        "ND316",
        rule.epoch_steps,
        "epoch_steps",
        engine,
        target,
    )
    if isinstance(rule, Pes):
        for field in ("mantissa", "exponent"):
            where = about("projection", name, field=f"plasticity.{field}")
            yield from _outside(where, "ND315", getattr(rule, field), field, engine, target)
        return
    products = [(f"plasticity.d{z}", item) for z in "wdt" for item in getattr(rule, f"d{z}")]
    yield from _counts(about("projection", name, field="plasticity"), products, engine, target)
    for field, item in products:
        yield from _product_faults(about("projection", name, field=field), item, engine, target)
    yield from _starts(name, rule, engine, target)
    if rule.dd:
        message = "learns the delay variable d, which delays no spike"
        where = about("projection", name, field="plasticity.dd")
        yield finding(
            "ND318", where, message, limit_source="lava-nc 0.10.0 LearningDense: a learned tag_2 is read by rules alone"
        )


def _outside(
    where: Subject, code: str, value: int, name: str, engine: LearningEngine, target: Target, said: str = ""
) -> Iterator[Diagnostic]:
    """A finding if a number is outside the range `name` of the engine."""
    span = getattr(engine, name)
    if span is None or span.low <= value <= span.high:
        return
    message = f"{said or name} is {value}, and the learning engine of target '{target.name}' holds {span.low:g} to {span.high:g}"
    limit = span.high if value > span.high else span.low
    source = cite(target, f"learning.{name}")
    yield finding(code, where, message, found=value, limit=limit, unit=span.unit, limit_source=source)


def _counts(
    where: Subject, products: list[tuple[str, RuleProduct]], engine: LearningEngine, target: Target
) -> Iterator[Diagnostic]:
    counts = {"products": len(products), "factors": max((len(item.factors) for _, item in products), default=0)}
    for name, count in counts.items():
        most = getattr(engine, name)
        if most is not None and count > most.value:
            of = "a product of its rule has" if name == "factors" else "its rule has"
            message = f"{of} {count} {name}, and the learning engine of target '{target.name}' evaluates {most.value:g}"
            source = cite(target, f"learning.{name}")
            yield finding("ND314", where, message, found=count, limit=most.value, unit=most.unit, limit_source=source)


def _product_faults(where: Subject, item: RuleProduct, engine: LearningEngine, target: Target) -> Iterator[Diagnostic]:
    values = [("mantissa", item.mantissa), ("exponent", item.exponent)]
    values += [] if item.decimation is None else [("decimation", item.decimation)]
    values += [("constant", factor.constant) for factor in item.factors]
    for name, value in values:
        yield from _outside(where, "ND315", value, name, engine, target, f"{name} of product {item.text}")


def _starts(name: str, rule: SumOfProducts, engine: LearningEngine, target: Target) -> Iterator[Diagnostic]:
    """Tags and delay variables that a synapse cannot store at the start."""
    delay, tag = engine.delay_bits, engine.tag_bits
    spans = {
        "delay": None if delay is None else (0, (1 << int(delay.value)) - 1),
        "tag": None if tag is None else (TAG_LEAST - (1 << int(tag.value) - 1), (1 << int(tag.value) - 1) - 1),
    }
    used = {"delay": "d" in rule.variables, "tag": "t" in rule.variables}
    for field, span in spans.items():
        values: Any = np.asarray(getattr(rule, field))
        if span is None or not used[field] or not values.size:
            continue
        low, high = span
        bad = np.flatnonzero((values.ravel() < low) | (values.ravel() > high))
        if bad.size:
            value = int(values.ravel()[bad[0]])
            some = f" of {bad.size:,} of {values.size:,} synapses" if values.ndim else ""
            message = f"{field}{some} starts outside {low} to {high}"
            where = about("projection", name, field=f"plasticity.{field}")
            limit, source = high if value > high else low, cite(target, f"learning.{field}_bits")
            yield finding("ND317", where, message, found=value, limit=limit, unit="integer", limit_source=source)
