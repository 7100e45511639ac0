"""Random learning rules for random programs: sums of products with every factor, trace, graded mode and third factor."""

from __future__ import annotations

from typing import Any

import numpy as np
from random_pes import pes_for

import neurodeploy as nd
from neurodeploy.network import Dense, OneToOne, Sparse, SumOfProducts
from neurodeploy.network.equations import Factor, RuleProduct
from neurodeploy.network.plasticity import ThirdFactor, Trace
from neurodeploy.network.plasticity_shapes import learned_size
from neurodeploy.signals import Learned
from neurodeploy.simulate.learning_check import learned_limits

TRACES = ("x1", "x2", "y1", "y2", "y3")
VARIABLES = ("x0", "y0", *TRACES, *TRACES, "w", "d", "t")
CAN_LEARN = (Dense, OneToOne, Sparse)
MOST_SYNAPSES = 20_000
"""All of them are probed in every step."""


def _trace(dice: Any) -> Trace:
    if dice.random() < 0.2:
        return Trace()
    impulse = dice.choice((0.25, 1.0, 16.5, 40.3, 100.0, 127.9))
    return Trace(impulse=impulse, tau_steps=dice.choice((0.0, 0.5, 3.0, 10.0, 20.0, 300.0)))


def _factor(dice: Any) -> Factor:
    name = dice.choice(VARIABLES)
    constant = dice.choice((0, 0, 0, 1, -3, 8, 200, -300))
    return Factor(variable=name, constant=constant, sign=name in ("w", "d", "t") and dice.random() < 0.4)


def _product(dice: Any) -> RuleProduct:
    dependency = dice.choice(("x0", "x0", "y0", "y0", "u"))
    return RuleProduct(
        dependency=dependency,
        decimation=dice.choice((0, 1, 3)) if dependency == "u" else None,
        mantissa=dice.choice((1, -1, 2, -3, 7, -7)),
        exponent=dice.choice((-7, -4, -2, 0, 1, 3, 8)),
        factors=tuple(_factor(dice) for _ in range(dice.choice((0, 1, 1, 2, 2, 3, 5)))),
    )


def _products(dice: Any, most: int) -> tuple[RuleProduct, ...]:
    return tuple(_product(dice) for _ in range(dice.randint(0, most)))


def _thirds(dice: Any, rng: Any, target: Any, senders: list[Any]) -> tuple[ThirdFactor, ...]:
    fitting = [item for item in senders if item.size in (1, target.size)]
    if not fitting or dice.random() < 0.6:
        return ()
    found = list[ThirdFactor]()
    for trace in dice.sample(("y1", "y2", "y3"), dice.choice((1, 1, 2, 3))):
        weight = rng.integers(-90, 90, target.size) if dice.random() < 0.4 else int(rng.integers(-90, 200))
        found.append(ThirdFactor(source=dice.choice(fitting).name, trace=trace, weight=weight))
    return tuple(found)


def _at_start(dice: Any, rng: Any, shape: Any, low: int, high: int) -> Any:
    if shape is None or dice.random() < 0.6:
        return int(dice.choice((0, rng.integers(low, high + 1))))
    return rng.integers(low, high + 1, shape)


def _can_learn(operation: Any) -> bool:
    return isinstance(operation, CAN_LEARN) and np.size(operation.weights) <= MOST_SYNAPSES


def rule_for(projection: nd.Projection, target: Any, senders: list[Any], dice: Any) -> SumOfProducts | None:
    """A rule for a projection; None where its synapses cannot learn. `senders`: populations and inputs of the network."""
    operation = projection.operation
    if not _can_learn(operation):
        return None
    rng = np.random.default_rng(dice.randrange(1 << 32))
    shape = np.shape(operation.weights) or None
    own = [_products(dice, most) for most in (3, 1, 2)]
    if not any(own):
        own[0] = (_product(dice),)
    return SumOfProducts(
        dw=own[0],
        dd=own[1],
        dt=own[2],
        **{name: _trace(dice) for name in TRACES},
        epoch_steps=dice.choice((1, 1, 1, 2, 3, 7, 16, 63)),
        rounding=dice.choice(("stochastic", "stochastic", "none")),
        seed=dice.randrange(1 << 16),
        graded=dice.choice(("none", "none", "overwrite", "add_saturating", "add_overflowing")),
        third_factors=_thirds(dice, rng, target, senders),
        delay=_at_start(dice, rng, shape, 0, 255),
        tag=_at_start(dice, rng, shape, -257, 255),
    )


def with_rules(network: nd.Network, share: float, dice: Any) -> nd.Network:
    """A network of which about a `share` of the projections learn."""
    found, senders, inputs = list[nd.Projection](), [*network.inputs, *network.populations], [*network.inputs]
    for item in network.projections:
        wanted, target = dice.random() < share, network.population_by_name[item.target]
        if wanted and _can_learn(item.operation) and target.size % 2 == 0 and dice.random() < 0.4:
            own, more = pes_for(item, target, senders, dice)
            inputs += [more] if more is not None else []
        else:
            rule = rule_for(item, target, senders, dice) if wanted else None
            own = item if rule is None else item.model_copy(update={"plasticity": rule})
        found.append(own)
    return network.model_copy(update={"projections": tuple(found), "inputs": tuple(inputs)})


def learning_options(program: nd.Program, n_samples: int, dice: Any, *, whole: bool) -> dict[str, Any]:
    """Options of a run about learning: how samples learn, and weights to begin with. `whole`: the run keeps and resumes no
    state."""
    if not any(item.plasticity is not None for item in program.network.projections):
        return {}
    learn = dice.choice(
        ("apart", "apart", "sequential", "off") if n_samples > 1 and whole else ("apart", "apart", "off")
    )
    if not whole or dice.random() < 0.7:
        return {"learn": learn}
    rows = 1 if learn == "sequential" else dice.choice((1, n_samples))
    return {"learn": learn, "learned": _learned(program, rows, np.random.default_rng(dice.randrange(1 << 32)))}


def _learned(program: nd.Program, rows: int, rng: Any) -> Any:
    """Weights, delays and tags that the rules can reach."""
    projections, found = {item.name: item for item in program.network.projections}, {}
    for name, (low, high) in learned_limits(program).items():
        projection, _, variable = name.rpartition(".")
        size = learned_size(program.network, projections[projection], variable)
        found[name] = rng.integers(low, high + 1, (rows, size)).astype(np.int16)
    return Learned(program_digest=program.digest(), step=1, synapses=found)
