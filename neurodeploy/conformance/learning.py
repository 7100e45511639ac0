"""Cases of the conformance corpus that learn: sums of products of each part, and PES."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.conformance.parts import Case, cells, events, joined, lines, mixed, one, projection, registers, values
from neurodeploy.network import Current, Dense, Pes, Projection, Sparse, SumOfProducts, ThirdFactor, Trace

__all__ = ["learning_cases"]

SLOW, FAST = Trace(impulse=20.5, tau_steps=8), Trace(impulse=30, tau_steps=3)
EVERY = (("cells", "v"), *(("in_to_cells", name) for name in ("w", "x1", "y1")))
REWARD, ERROR = lines(1, "reward", encoder=Current()), lines(2, "error", encoder=Current())


def learning_cases() -> Iterator[Case]:
    """Yield cases with weights, traces and voltages probed."""
    yield from _rules()
    yield from _synapses()
    yield from _signals()


def _rules() -> Iterator[Case]:
    yield one("learning_stdp", "learning", projections=(_learns(_pair()),), probes=EVERY)
    floors = _pair(rounding="none", epoch_steps=1)
    yield one("learning_no_rounding", "learning", projections=(_learns(floors),), probes=EVERY)
    counts = _rule(dw="2*x0 - 4*y0")
    yield one("learning_from_spikes", "learning", projections=(_learns(counts),), probes=EVERY[:2])
    all_three = _rule(
        dw="u1*2^-1*(w-20)*sgn(t)", dd="3*y0*x2 - u1*d", dt="x0*(x1+2)*2^-1 - y0*t", x1=SLOW, x2=FAST, tag=-5, delay=40
    )
    yield one(
        "learning_delay_and_tag",
        "learning",
        projections=(_learns(all_three),),
        probes=(("cells", "v"), *(("in_to_cells", name) for name in ("w", "d", "t", "x2"))),
    )


def _synapses() -> Iterator[Case]:
    rng = np.random.default_rng(31)
    post, pre = np.nonzero(rng.random((5, 6)) < 0.5)
    some = Sparse(shape=(5, 6), post=post, pre=pre, weights=mixed(31, (post.size,)))
    grows = _rule(dw="2^2*x0 - y0", epoch_steps=2)
    yield one("learning_sparse", "learning", projections=(joined("in", "cells", some, plasticity=grows),), probes=EVERY)
    inner = joined("cells", "cells", Dense(weights=mixed(32, (5, 5), -40, 40)), plasticity=_pair())
    yield one("learning_recurrent", "learning", projections=(projection("in", "cells"), inner))


def _signals() -> Iterator[Case]:
    reward = _rule(
        dw="u0*t*y2*2^-2",
        dt="2^-1*y0*x1 - 2^-1*u0*t",
        x1=SLOW,
        y1=FAST,
        third_factors=(ThirdFactor(source="reward", trace="y2", weight=3),),
    )
    yield one(
        "learning_third_factor",
        "learning",
        projections=(_learns(reward),),
        inputs=(lines(), REWARD),
        given={"in": events(7), "reward": values(33, 1, -4, 5)},
        probes=(*EVERY, ("in_to_cells", "t"), ("in_to_cells", "y2")),
    )
    pes = Pes(error="error", mantissa=4, exponent=-3, error_scale=30.0, seed=1)
    yield one(
        "learning_pes",
        "learning",
        (cells(size=4, neuron=registers(vth_mant=60)),),
        (projection("in", "cells", n=(4, 6), plasticity=pes),),
        inputs=(lines(), ERROR),
        given={"in": events(7), "error": values(34, 2, -4, 5)},
        probes=(("cells", "v"), ("in_to_cells", "w"), ("in_to_cells", "x1")),
    )


def _rule(**fields: object) -> SumOfProducts:
    return SumOfProducts.model_validate(fields)


def _learns(rule: SumOfProducts) -> Projection:
    return joined("in", "cells", Dense(weights=mixed(30, (5, 6), 0, 80)), plasticity=rule)


def _pair(**fields: object) -> SumOfProducts:
    """Pairs of spikes of the source and of the target."""
    usual = {"dw": "2^-1*x1*y0 - 2^-1*y1*x0", "x1": SLOW, "y1": FAST, "epoch_steps": 3, "seed": 3}
    return _rule(**usual | fields)
