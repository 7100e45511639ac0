"""Random programs whose weights move by PES, with errors from every kind of source.

    python tests/emulator/random_pes_programs.py --tries 2000 --seed 1

Both engines run each program, as in `random_programs`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import Current, Dense, Noise, OneToOne, Pes, Sigma, Sparse, TernaryCuba, WeightFormat
from neurodeploy.network.plasticity import Trace
from neurodeploy.program.plastic import plastic_synapses, starting_values
from neurodeploy.simulate import Stimulus

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from engines import Choice, hunt
from random_programs import Drawn, _options, _program, _target, race
from random_rules import learning_options

ERRORS = (
    "values",
    "pairs of values",
    "spikes",
    "pairs of spikes",
    "population",
    "population of pairs",
    "graded",
    "ternary",
)
STEPS = 30


def _driven(rng: Any, size: int, dice: Any, noise: bool) -> nd.LoihiCuba:
    """Neurons that spike by themselves."""
    made = Noise(at=dice.choice(("current", "membrane")), exponent=dice.choice((3, 7))) if noise else None
    bias = rng.integers(20, 200, size)
    return nd.LoihiCuba(du=dice.choice((400, 4095)), dv=200, vth_mant=300, bias_mant=bias, bias_exp=6, noise=made)


def _rule(dice: Any) -> Pes:
    return Pes(
        error="error",
        error_scale=dice.choice((0.5, 3.0, 17.3, 90.0)),
        mantissa=dice.choice((1, -1, 3, -8)),
        exponent=dice.choice((-7, -6, -4, -4, -2, 2, 8)),
        trace=Trace(impulse=dice.choice((5.3, 20.0, 40.3, 127.9921875)), tau_steps=dice.choice((0.0, 2.0, 5.0, 20.0))),
        trace_epoch_steps=dice.choice((1, 2, 2, 3)),
        epoch_steps=dice.choice((1, 2, 4)),
        rounding=dice.choice(("stochastic", "stochastic", "none")),
        seed=dice.choice((0, 3, 2**32 - 1)),
    )


def _learned(source: Any, size: int, dialect: str, rng: Any, dice: Any) -> nd.Projection:
    bits, kinds = dice.choice((8, 8, 6, 2)), ("dense", "dense", "sparse", "one to one")[: 3 + (source.size == size)]
    step, kind = 1 << (9 - bits), dice.choice(kinds)
    shape = (size, source.size)
    weights = lambda n: rng.integers(-(250 // step), 250 // step + 1, n) * step  # noqa: E731
    post, pre = np.nonzero(rng.random(shape) < 0.4)
    operation = {
        "dense": lambda: Dense(weights=weights(shape)),
        "sparse": lambda: Sparse(shape=shape, post=post, pre=pre, weights=weights(post.size)),
        "one to one": lambda: OneToOne(weights=weights(size)),
    }[kind]()
    least = 0 if dialect == "nengo" else -2
    style = WeightFormat(weight_bits=bits, exponent=dice.randint(least, 3), sign_mode="mixed")
    delay = 0 if dialect == "nengo" else dice.choice((0, 0, 1, 5))
    ends = {"source": source.name, "target": "post", "weight_format": style, "delay_steps": delay}
    return nd.Projection(name="learned", operation=operation, plasticity=_rule(dice), **ends)


def _error(kind: str, size: int, rng: Any, dice: Any) -> tuple[Any, nd.Projection | None]:
    """An input or a population that gives the error, and what drives it."""
    if "population" not in kind and kind not in ("graded", "ternary"):
        lines = size if "pairs" in kind else size // 2
        return nd.Input(name="error", shape=lines, encoder=Current() if "values" in kind else "spikes"), None
    lines = size if "pairs" in kind else dice.choice((size // 2, size))
    kinds = {"graded": Sigma, "ternary": lambda: TernaryCuba(du=4095, dv=0, v_upper_mant=90, v_lower_mant=-90)}
    neuron = kinds.get(kind, lambda: nd.LoihiCuba(du=4095, dv=0, vth_mant=100))()
    style = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
    back = Dense(weights=rng.integers(-60, 100, (lines, size)) * 2)
    link = nd.Projection(name="back", source="post", target="error", operation=back, weight_format=style)
    return nd.Population(name="error", shape=lines, neuron=neuron), link


def network(kind: str, dialect: str, dice: Any) -> nd.Network:
    """An input or neurons that fire by themselves drive pairs of neurons through synapses that learn."""
    rng, size, noise = np.random.default_rng(dice.randrange(1 << 32)), dice.choice((2, 4, 8, 66)), dice.random() < 0.3
    n = dice.choice((1, 5, size, 70))
    fires = nd.Population(name="pre", shape=n, neuron=_driven(rng, n, dice, noise))
    encoder = dice.choice(("spikes", Current())) if dialect == "loihi2" else "spikes"
    source = dice.choice((nd.Input(name="given", shape=n, encoder=encoder), fires))
    post = nd.Population(name="post", shape=size, neuron=_driven(rng, size, dice, noise))
    (error, link), learned = _error(kind, size, rng, dice), _learned(source, size, dialect, rng, dice)
    made = [source, post, error]
    return nd.Network(
        name="pes",
        time=nd.Time(dt_s=0.001),
        inputs=tuple(item for item in made if isinstance(item, nd.Input)),
        populations=tuple(item for item in made if isinstance(item, nd.Population)),
        projections=tuple(item for item in (learned, link) if item is not None),
    )


def _shown(made: nd.Network, dice: Any) -> Stimulus:
    rng, samples = np.random.default_rng(dice.randrange(1 << 32)), dice.choice((1, 1, 3))
    rasters, currents = {}, {}
    for item in made.inputs:
        shape = (samples, STEPS, item.size)
        if isinstance(item.encoder, Current):
            currents[item.name] = rng.normal(0, 8, shape) * (rng.random(shape) < 0.7)
        else:
            rasters[item.name] = (rng.random(shape) < 0.3).astype(np.uint8)
    given = {"rasters": rasters, "currents": currents, "first_sample": dice.choice((0, 0, 7))}
    return Stimulus(n_samples=samples, n_steps=STEPS, **given)


def drawn(dice: Any, kind: str) -> Drawn | None:
    """A program with a run of it; None where the target cannot hold what was drawn. `kind`: one of `ERRORS`."""
    dialect = "loihi2" if kind in ("graded", "ternary") else dice.choice(("loihi1", "nengo", "loihi2"))
    try:
        program = _program(network(kind, dialect, dice), _target(dialect, dice), dice)
    except DiagnosticError:
        return None
    stimulus = _shown(program.network, dice)
    until = dice.choice((STEPS, STEPS + 7))
    choice = Choice(cut=dice.choice((None, 1, 7, 12, 16)))
    options = _options(program, stimulus, until, dice)
    whole = choice.cut is None and not options["keep_state"]
    return Drawn(
        program, stimulus, until, choice, options | learning_options(program, stimulus.n_samples, dice, whole=whole)
    )


def moves(case: Drawn, found: Any) -> bool:
    """Whether a run from the weights of the program has changed any of them."""
    own = plastic_synapses(case.program)
    if case.options.get("learn") == "off" or case.options.get("learned") is not None or "learned" not in own:
        return False
    return bool((found.learned.synapses["learned.w"] != starting_values(case.program, own["learned"])["w"]).any())


def attempt(dice: Any) -> str:
    """Draw and race one program; the answer says whether weights moved."""
    kind = dice.choice(ERRORS)
    case = drawn(dice, kind)
    if case is None:
        return "not storable"
    return f"{'weights move' if moves(case, race(case)) else 'others'}: {kind}"


if __name__ == "__main__":
    raise SystemExit(hunt(attempt, __doc__ or ""))
