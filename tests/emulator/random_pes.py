"""Random PES rules for random programs: errors from hosts, inputs of spikes and populations, of one line or two for each pair."""

from __future__ import annotations

from typing import Any

import neurodeploy as nd
from neurodeploy.network import Current, Pes
from neurodeploy.network.plasticity import Trace


def _error(name: str, target: Any, senders: list[Any], dice: Any) -> tuple[str, nd.Input | None]:
    """The name of an error's source, and the input that has to be added for it."""
    sizes = target.size // 2, target.size
    fitting = [item.name for item in senders if item.size in sizes]
    if fitting and dice.random() < 0.6:
        return dice.choice(fitting), None
    encoder = dice.choice(("spikes", Current()))
    made = nd.Input(name=f"error_{name}", shape=dice.choice(sizes), encoder=encoder)
    return made.name, made


def pes_for(
    projection: nd.Projection, target: Any, senders: list[Any], dice: Any
) -> tuple[nd.Projection, nd.Input | None]:
    """A projection that learns by PES, and the input that has to be added for its error. `target`: of an even size."""
    error, more = _error(projection.name, target, senders, dice)
    impulse = dice.choice((0.0, 0.3, 16.5, 40.3, 100.0, 127.9921875))
    rule = Pes(
        error=error,
        error_scale=dice.choice((0.01, 0.5, 1.0, 3.7, 30.0, 1e6)),
        mantissa=dice.choice((1, -1, 3, 7, -8)),
        exponent=dice.choice((-7, -7, -5, -3, 0, 8)),
        trace=Trace(impulse=impulse, tau_steps=dice.choice((0.0, 0.5, 3.0, 10.0, 300.0))),
        trace_epoch_steps=dice.choice((1, 2, 2, 3, 7)),
        epoch_steps=dice.choice((1, 1, 2, 4, 5)),
        rounding=dice.choice(("stochastic", "stochastic", "none")),
        seed=dice.choice((0, 1, dice.randrange(1 << 16), 2**32 - 1)),
    )
    style = projection.weight_format
    style = None if style is None else style.model_copy(update={"sign_mode": "mixed"})
    return projection.model_copy(update={"plasticity": rule, "weight_format": style}), more
