"""Random networks that learn, in the emulator and in lava-nc's runtime: `python benchmarks/learning_runtime.py --cases 24`.

Spikes, all variables of the plastic projections after every step, and what has been learned at the end. Samples learn apart, in
sequence or not at all, from the weights of the program or from those of a run before.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any, NamedTuple

import numpy as np
from learning_rules import random_rule
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.network import (
    Current,
    Dense,
    GradedRelu,
    OneToOne,
    Operation,
    Sparse,
    Spikes,
    TernaryCuba,
    WeightFormat,
)

__all__ = ["NetworkCase", "compared", "main", "network_case"]

Array = NDArray[Any]
STEPS = 40
LIMITS = {"mixed": (-254, 254), "excitatory": (0, 255), "inhibitory": (-255, 0)}
VARIABLES = ("w", "d", "t", "x1", "x2", "y1", "y2", "y3")


class NetworkCase(NamedTuple):
    """A network with its input and the choices of its run."""

    number: int
    network: nd.Network
    samples: dict[str, Array]
    learn: str
    again: bool
    """Whether a second run begins with what the first has learned."""


def network_case(number: int) -> NetworkCase:
    """Return network `number`: an input, two populations, and plastic synapses to the second and within it."""
    dice = np.random.default_rng([20261201, number])
    graded, n_source, n_target = bool(dice.random() < 0.4), int(dice.integers(1, 9)), int(dice.integers(1, 9))
    rule, thirds = random_rule(dice, graded)
    given = _held(rule, graded)
    sources = dice.choice(("reward", "lines"), size=len(thirds))
    rewards = int(dice.choice((1, n_target)))
    widths = {"reward": rewards, "lines": n_source}
    given["third_factors"] = [
        {
            "source": str(source) if widths[source] in (1, n_target) else "reward",
            "trace": trace,
            "weight": int(dice.integers(-90, 91)),
        }
        for source, trace in zip(sources, thirds, strict=True)
    ]
    given |= {"delay": int(dice.integers(0, 256)), "tag": int(dice.integers(-256, 256))}
    rule = nd.SumOfProducts.model_validate(given)
    neuron = nd.LoihiCuba(
        du=int(dice.integers(0, 4096)), dv=int(dice.integers(0, 2000)), vth_mant=int(dice.integers(20, 300))
    )
    before = GradedRelu(threshold=int(dice.integers(0, 6))) if graded else neuron
    cells = TernaryCuba(du=4095, dv=128, v_upper_mant=60, v_lower_mant=-60) if dice.random() < 0.2 else neuron
    direct = bool(dice.random() < 0.4)
    projections = [
        nd.Projection(
            name="feed",
            source="lines",
            target="before",
            operation=OneToOne(weights=np.array(2 if graded else 200)),
            weight_format=WeightFormat(weight_bits=8, sign_mode="excitatory"),
        ),
        _plastic(dice, "learns", "lines" if direct else "before", (n_target, n_source), rule),
    ]
    if dice.random() < 0.5:
        drawn, _ = random_rule(dice, False, third_factors=False)
        inner = nd.SumOfProducts.model_validate(_held(drawn, False))
        projections.append(_plastic(dice, "inner", "cells", (n_target, n_target), inner))
    network = nd.Network(
        name="random",
        time=nd.Time(dt_s=1e-3, steps_per_sample=STEPS),
        inputs=(
            nd.Input(name="lines", shape=(n_source,), encoder=Current() if graded else Spikes()),
            nd.Input(name="reward", shape=(rewards,), encoder=Current()),
        ),
        populations=(
            nd.Population(name="before", shape=(n_source,), neuron=before),
            nd.Population(name="cells", shape=(n_target,), neuron=cells),
        ),
        projections=tuple(projections),
    )
    return NetworkCase(
        number=number,
        network=network,
        samples=_samples(dice, int(dice.integers(1, 4)), n_source, rewards, graded),
        learn=str(dice.choice(("apart", "apart", "sequential", "off"), p=(0.4, 0.2, 0.3, 0.1))),
        again=bool(dice.random() < 0.3),
    )


def _held(rule: nd.SumOfProducts, graded: bool) -> dict[str, Any]:
    """Fields of a rule, with constants that the target holds and effects of values if the source has some: lava takes any."""
    given: dict[str, Any] = rule.model_dump() | ({} if graded else {"graded": "none"})
    for name in ("dw", "dd", "dt"):
        for factor in (factor for product in given[name] for factor in product["factors"]):
            factor["constant"] = max(-256, min(factor["constant"], 255))
    return given


def _plastic(
    dice: np.random.Generator, name: str, source: str, shape: tuple[int, int], rule: nd.SumOfProducts
) -> nd.Projection:
    mode = str(dice.choice(("mixed", "excitatory", "inhibitory")))
    style = WeightFormat(
        weight_bits=int(dice.choice((8, 8, 8, 5, 2))),
        exponent=int(dice.integers(-3, 4)),
        sign_mode=mode,  # pyright: ignore[reportArgumentType]
    )
    step = 1 << (8 - style.weight_bits + (mode == "mixed"))
    low, high = LIMITS[mode]
    weights = dice.integers(-(-low // step), high // step + 1, size=shape) * step
    operation: Operation = Dense(weights=weights)
    if shape[0] == shape[1] and dice.random() < 0.4:
        operation = OneToOne(weights=np.diagonal(weights).copy())
    elif dice.random() < 0.4:
        post, pre = np.nonzero(dice.random(shape) < 0.6)
        operation = Sparse(shape=shape, post=post, pre=pre, weights=weights[post, pre]) if post.size else operation
    return nd.Projection(
        name=name, source=source, target="cells", operation=operation, weight_format=style, plasticity=rule
    )


def _samples(dice: np.random.Generator, n: int, n_source: int, rewards: int, graded: bool) -> dict[str, Array]:
    lines: Array = (dice.random((n, STEPS, n_source)) < dice.choice((0.1, 0.4))).astype(np.float64)
    if graded:
        lines *= dice.choice((1, 3, 50, 127, 255, 300, -2), size=lines.shape)
    reward = dice.integers(-3, 4, size=(n, STEPS, rewards)) * (dice.random((n, STEPS, rewards)) < 0.3)
    return {"lines": lines if graded else lines.astype(np.uint8), "reward": reward.astype(np.float64)}


def compared(case: NetworkCase) -> tuple[int, int]:
    """Return the numbers of values compared and of those that differ, between the emulator and lava."""
    program = nd.compile(case.network, "loihi2", fixes=False)
    names = [item.name for item in case.network.projections if item.plasticity]
    choices: dict[str, Any] = {
        "learn": case.learn,
        "probes": [(name, variable) for name in names for variable in VARIABLES],
    }
    total = different = 0
    for _ in range(1 + case.again):
        ours = nd.run(program, case.samples, engine="spec", **choices)
        lava = nd.run(program, case.samples, backend="lava", **choices)
        if ours.learned is None or lava.learned is None:
            raise RuntimeError("a plastic program has learned nothing")
        pairs = [(ours.states[name], lava.states[name]) for name in ours.states]
        pairs += [(ours.spikes[name], lava.spikes[name]) for name in ours.spikes]
        pairs += [(values, lava.learned.synapses[name]) for name, values in ours.learned.synapses.items()]
        for mine, theirs in pairs:
            total += mine.size
            different += mine.size if mine.shape != theirs.shape else int((mine != theirs).sum())
        choices["learned"] = ours.learned
    return total, different


def main() -> int:
    """Print the number of compared values and of differences; the exit status tells whether there are any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=24, help="number of random networks (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (default %(default)s)")
    options = parser.parse_args()
    total = different = 0
    for number in range(options.first, options.first + options.cases):
        some, bad = compared(network_case(number))
        total, different = total + some, different + bad
        if bad:
            print(f"network {number}: {bad} of {some} values differ")
    print(f"{options.cases:,} networks in lava's runtime, {total:,} values compared, {different:,} differ")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
