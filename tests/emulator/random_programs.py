"""Random sound programs, their input and the choices of a run: every neuron kind, operation, dialect and layout.

    python tests/emulator/random_programs.py --tries 20000 --seed 1

`dice` is a `random.Random`: one of hypothesis, or one with a seed, so that try `i` of a seed is always the same
(`--start i --tries 1` repeats it). Both engines run each program; `race` raises unless their bits are equal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.hardware.target import LearningEngine
from neurodeploy.mapping import Mapping, emit_program, partition, place
from neurodeploy.network import (
    AdaptiveLif,
    Conv2d,
    Current,
    Delta,
    Dense,
    GradedRelu,
    Noise,
    OneToOne,
    Product,
    ResonateFire,
    ResonateZero,
    Sigma,
    SigmaDelta,
    Sparse,
    StateReset,
    SumPool2d,
    TernaryCuba,
    WeightFormat,
)
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.network.plasticity_shapes import learned_variables
from neurodeploy.quantize import quantize
from neurodeploy.simulate import Stimulus
from neurodeploy.simulate.probes import probes_named

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from engines import Choice, assert_engines_agree, hunt
from random_rules import learning_options, with_rules

DIALECTS = ("loihi1", "loihi1", "nengo", "loihi2", "loihi2", "brian2loihi", "made")
"""Dialects by their share; "made" has rules that no known one combines."""

ANY_RULE = LearningEngine(
    rules=("sum_of_products", "pes"), rules_source="none: it runs every rule that a network can state"
)


class Drawn(NamedTuple):
    """A program with its run."""

    program: nd.Program
    stimulus: Stimulus
    until: int
    choice: Choice
    options: dict[str, Any]


def _rng(dice: Any) -> np.random.Generator:
    return np.random.default_rng(dice.randrange(1 << 32))


# --- targets


def _made_dialect(dice: Any) -> Any:
    """A dialect with rules of its own, within what a program's tables and arithmetic support."""
    own = {
        "name": "made",
        "decay_bits": dice.choice((12, 12, 13, 16)),
        "current_decay_offset": dice.choice((0, 1)),
        "voltage_decay_offset": dice.choice((0, 0, 1)),
        "weight_shift_bits": dice.choice((0, 1, 6)),
        "threshold_shift_bits": dice.choice((0, 6, 7)),
        "accumulator_wrap_bits": dice.choice((None, 21, 23, 30)),
        "state_bits": dice.choice((23, 24, 26)),
        "current_overflow": dice.choice(("wrap", "fold", "none")),
        "drive_overflow": dice.choice(("wrap", "none")),
        "voltage_limit": dice.choice(("registers", "symmetric", "none")),
        "weight_rounding": dice.choice(("toward_zero", "floor_mixed")),
        "exponent_stage": dice.choice(("synapse", "sum")),
        "weight_limit": dice.choice((None, 64 * 500)),
        "register_value_per_refractory_step": dice.choice((0, 128, 1)),
    }
    return load_dialect(dice.choice(("loihi1", "loihi2"))).model_copy(update=own)


def _target(dialect: str, dice: Any) -> nd.Target:
    target = load_target("loihi2" if dialect == "loihi2" else "loihi1")
    chosen = _made_dialect(dice) if dialect == "made" else load_dialect(dialect)
    if dialect == "made":
        spans = target.precision
        negative = spans.threshold_mantissa.model_copy(update={"low": -1000.0})
        kinds = target.neurons.model_copy(update={"kinds": load_target("loihi2").neurons.kinds})
        update = {"precision": spans.model_copy(update={"threshold_mantissa": negative}), "neurons": kinds}
        target = target.model_copy(update=update)
    board = dice.choice((None, "wolf_mountain")) if target.name == "loihi1" else None
    chosen = chosen.model_copy(update={"learning": "sum_of_products"})
    return target.model_copy(update={"dialect": chosen, "board": board, "learning": ANY_RULE})


# --- neurons


def _register(dice: Any, rng: Any, size: int, low: int, high: int) -> Any:
    """One number for all neurons, or one for each."""
    return rng.integers(low, high, size) if dice.random() < 0.5 else int(rng.integers(low, high))


def _compartments(dice: Any, rng: Any, size: int, dialect: str, *, plain: bool) -> Any:
    lava = dialect == "loihi2"
    even = dice.random() < 0.5
    register = lambda low, high: int(rng.integers(low, high)) if even else _register(dice, rng, size, low, high)  # noqa: E731
    noise = None
    if not plain and dialect != "brian2loihi" and dice.random() < 0.2:
        at, offset = dice.choice(("current", "membrane")), dice.choice((0, 0, -3, 40))
        noise = Noise(at=at, exponent=dice.choice((0, 3, 7, 10, 15)), offset=offset)
    reset = dice.choice(("zero", "zero", "subtract")) if not lava else "zero"
    least = -1000 if dialect == "made" and reset == "zero" and dice.random() < 0.3 else 0
    return nd.LoihiCuba(
        du=register(0, 4096),
        dv=dice.choice((0, register(0, 4096), register(0, 4096))),
        vth_mant=register(least, dice.choice((2, 40, 400, 40000))),
        bias_mant=0 if dialect == "brian2loihi" or dice.random() < 0.5 else _register(dice, rng, size, -300, 300),
        bias_exp=dice.choice((0, 3, 7)),
        refractory_steps=0 if lava or even else register(0, 5),
        vmin_exp=23 if lava else dice.choice((0, 12, 23, 23)),
        vmax_exp=7 if lava else dice.choice((3, 7, 7)),
        reset=reset,
        noise=noise,
    )


def _floats(dice: Any, rng: Any, size: int, dialect: str) -> Any:
    each = lambda low, high: rng.uniform(low, high, size) if dice.random() < 0.4 else float(rng.uniform(low, high))  # noqa: E731
    kind = dice.choice((nd.If, nd.Lif, nd.CubaLif, nd.Li, nd.CubaLi))
    given: dict[str, Any] = {"bias": 0.0 if dialect == "brian2loihi" or dice.random() < 0.6 else each(-0.1, 0.3)}
    if kind in (nd.If, nd.Lif, nd.CubaLif):
        given |= {"v_threshold": each(0.5, 2.0), "comparison": dice.choice((">", ">="))}
    if kind is not nd.If:
        given["tau_m_s"] = each(0.003, 0.03)
    if kind in (nd.CubaLif, nd.CubaLi):
        given["tau_syn_s"] = each(0.002, 0.02)
    return kind(**given)


def _graded(dice: Any, rng: Any, size: int) -> Any:
    each = lambda low, high: _register(dice, rng, size, low, high)  # noqa: E731
    ups = {"spike_exp": dice.choice((0, 0, 2)), "state_exp": dice.choice((0, 0, 3))}
    turn = {"sin_decay": each(-3000, 3000), "cos_decay": each(-3000, 3900)}
    made = (
        lambda: TernaryCuba(
            du=each(0, 4096),
            dv=each(0, 4096),
            v_upper_mant=each(1, 90),
            v_lower_mant=each(-90, 1),
            bias_mant=each(-9, 9),
        ),
        lambda: SigmaDelta(
            threshold=each(0, 90),
            bias=each(-9, 9),
            activation=dice.choice(("relu", "unit")),
            cumulative_error=dice.random() < 0.5,
            **ups,
        ),
        lambda: Delta(threshold=each(0, 90), **ups),
        Sigma,
        lambda: GradedRelu(threshold=each(0, 50), rectify=dice.random() < 0.5),
        lambda: Product(threshold=each(0, 20), exponent=dice.choice((0, 4, 12))),
        lambda: ResonateFire(
            threshold=each(-20, 90), state_exp=dice.choice((0, 5)), reset=dice.choice(("none", "izhikevich")), **turn
        ),
        lambda: ResonateZero(threshold=each(0, 90), **{name: value * 7 for name, value in turn.items()}),
        lambda: AdaptiveLif(
            **{name: float(rng.random()) for name in ("delta_i", "delta_v", "delta_theta", "delta_r")},
            theta_0=float(rng.uniform(-3, 9)),
            theta_step=float(rng.uniform(-1, 5)),
        ),
    )
    return dice.choice(made)()


SIZES = (1, 2, 5, 7, 16, 17, 30, 64, 65, 140)
MAPS = ((1, 3, 3), (2, 3, 4), (2, 5, 5), (4, 4, 4))


def _population(name: str, dialect: str, dice: Any, *, plain: bool) -> nd.Population:
    rng, shape = _rng(dice), dice.choice((*SIZES, *MAPS)) if dice.random() < 0.97 else 2100
    size, draw = int(np.prod(shape)), dice.random()
    if plain or draw < 0.5:
        neuron = _compartments(dice, rng, size, dialect, plain=plain)
    elif dialect in ("loihi1", "nengo", "brian2loihi") or (draw < 0.6 and dialect != "made"):
        neuron = _floats(dice, rng, size, dialect)
    else:
        neuron = _graded(dice, rng, size)
    reset = StateReset(interval_steps=dice.choice((1, 2, 5, 9)), offset_steps=dice.choice((0, 1, 7)))
    return nd.Population(name=name, shape=shape, neuron=neuron, state_reset=reset if dice.random() < 0.15 else None)


# --- synapses


def _mantissas(dice: Any, rng: Any, shape: Any) -> tuple[Any, WeightFormat]:
    """Mantissas that their format stores exactly, without its exponent."""
    bits, mode = dice.choice((8, 8, 8, 6, 4, 2)), dice.choice(("mixed", "mixed", "excitatory", "inhibitory"))
    step = 1 << (8 - bits + (mode == "mixed"))
    top = ((1 << 8) - step) // step
    least, most = {"mixed": (-top, top), "excitatory": (0, top), "inhibitory": (-top, 0)}[mode]
    share = dice.choice((1.0, 0.2, 0.05))
    numbers = rng.integers(int(least * share), int(most * share) + 1, shape)
    return numbers * step, WeightFormat(weight_bits=bits, exponent=0, sign_mode=mode)


def _window(dice: Any, rng: Any, shape: tuple[int, ...], target: tuple[int, ...]) -> Any:
    """A convolution or pool between maps of these shapes; None if none fits."""
    if len(shape) != 3 or len(target) != 3:
        return None
    high, wide = shape[1] - target[1] + 1, shape[2] - target[2] + 1
    if shape[0] == target[0] and shape[1] == 2 * target[1] and shape[2] == 2 * target[2]:
        return SumPool2d(input_shape=shape, kernel=(2, 2), stride=(2, 2)), WeightFormat(
            weight_bits=8, exponent=0, sign_mode="excitatory"
        )
    pad = 1 if min(high, wide) < 1 else 0
    high, wide = high + 2 * pad, wide + 2 * pad
    if min(high, wide) < 1:
        return None
    weights, style = _mantissas(dice, rng, (target[0], shape[0], high, wide))
    return Conv2d(input_shape=shape, weights=weights, padding=(pad, pad)), style


def _operation(dice: Any, source: tuple[int, ...], target: tuple[int, ...]) -> tuple[Any, WeightFormat]:
    rng, width, size = _rng(dice), int(np.prod(source)), int(np.prod(target))
    window = _window(dice, rng, source, target)
    if window is not None and dice.random() < 0.8:
        return window
    if width == size and dice.random() < 0.3:
        weights, style = _mantissas(dice, rng, dice.choice(((), (size,))))
        return OneToOne(weights=weights), style
    density = dice.choice((0.02, 0.1, 0.4, 1.0)) if width * size < 40_000 else 0.01
    mask = rng.random((size, width)) < density
    if dice.random() < 0.4:
        weights, style = _mantissas(dice, rng, (size, width))
        return Dense(weights=weights * mask), style
    post, pre = np.nonzero(mask)
    weights, style = _mantissas(dice, rng, post.size)
    return Sparse(shape=(size, width), post=post, pre=pre, weights=weights), style


def _delays(dice: Any, operation: Any, dialect: str) -> dict[str, Any]:
    if dialect == "nengo" or dice.random() < 0.5:
        return {}
    most = dice.choice((1, 3, 9, 60))
    if isinstance(operation, Sparse) and dice.random() < 0.6:
        return {"delay_steps": _rng(dice).integers(0, most + 1, operation.weights.size), "delay_axis": "synapse"}
    if not isinstance(operation, (Conv2d, SumPool2d)) and dice.random() < 0.3:
        size = operation.shape[0] if isinstance(operation, Sparse) else None
        if size:
            return {"delay_steps": _rng(dice).integers(0, most + 1, size), "delay_axis": "target"}
    return {"delay_steps": dice.randint(0, most)}


def _projection(name: str, source: Any, target: Any, least: int, dialect: str, dice: Any) -> nd.Projection:
    operation, style = _operation(dice, source.shape, target.shape)
    integer = isinstance(target.neuron, IntegerNeuron)
    exponent = dice.choice((0, 0, 1, 3, 7, *range(least, 0)))
    if not integer and not isinstance(operation, SumPool2d):
        operation = operation.model_copy(update={"weights": operation.weights / 64.0})
    port = dice.choice(("a", "b")) if integer and target.neuron.ports > 1 else "a"
    given = _delays(dice, operation, dialect)
    return nd.Projection(
        name=name,
        source=source.name,
        target=target.name,
        operation=operation,
        port=port,
        weight_format=style.model_copy(update={"exponent": exponent}) if integer else None,
        **given,
    )


# --- whole programs


def _network(dialect: str, dice: Any) -> nd.Network:
    plain = dice.random() < 0.4  # what a layout of 32 bits can hold
    populations = [
        _population(name, dialect, dice, plain=plain) for name in ("a", "b", "c")[: dice.choice((1, 1, 2, 3))]
    ]
    inputs = []
    for name in ("in", "more")[: dice.choice((1, 1, 1, 2))]:
        encoder = Current() if not plain and dialect in ("loihi2", "made") and dice.random() < 0.25 else "spikes"
        inputs.append(nd.Input(name=name, shape=dice.choice((*SIZES[:-1], *MAPS)), encoder=encoder))
    least = 0 if dialect == "nengo" or plain else -4
    ends = [(source, dice.choice(populations)) for source in inputs]
    ends += [(dice.choice((*inputs, *populations)), target) for target in populations]
    ends += [(dice.choice(populations), dice.choice(populations)) for _ in range(dice.choice((0, 1, 2)))]
    made = nd.Network(
        name="random",
        time=nd.Time(dt_s=1e-3),
        inputs=tuple(inputs),
        populations=tuple(populations),
        projections=tuple(
            _projection(f"p{k}", source, target, least, dialect, dice) for k, (source, target) in enumerate(ends)
        ),
    )
    return with_rules(made, 0.6, dice) if dice.random() < 0.4 else made


def _program(network: nd.Network, target: nd.Target, dice: Any) -> nd.Program:
    """The program of the mapper, or one whose neurons lie on any cores."""
    quantized = quantize(network, target)
    if dice.random() < 0.5:
        return emit_program(place(partition(quantized, target)))
    rng, n = _rng(dice), dice.choice((1, 2, 5))
    given = [rng.integers(0, n, item.size) for item in quantized.populations]
    used, cores = np.unique(np.concatenate(given), return_inverse=True)
    split = np.split(cores.astype(np.int32), np.cumsum([item.size for item in quantized.populations])[:-1])
    core_of = dict(zip([item.name for item in quantized.populations], split, strict=True))
    mapping = Mapping(quantized=quantized, target=target, n_cores=used.size, core_of=core_of)
    return emit_program(place(mapping, seed=dice.randrange(100)))


def _stimulus(network: nd.Network, dice: Any) -> Stimulus:
    rng, samples, shown = _rng(dice), dice.choice((1, 1, 1, 3)), dice.choice((1, 10, 18, 33))
    spikes, rasters, currents = {}, {}, {}
    for item in network.inputs:
        here = rng.random((samples, shown, item.size)) < min(0.5, dice.choice((1, 4, 12)) / item.size)
        if isinstance(item.encoder, Current):
            currents[item.name] = here * rng.integers(-90, 90, here.shape) / dice.choice((1, 8))
        elif dice.random() < 0.5:
            rasters[item.name] = here.astype(np.uint8)
        else:
            spikes[item.name] = (np.argwhere(here) + [0, 1, 0]).astype(np.int32)
    first = dice.choice((0, 0, 7))
    given = {"spikes": spikes, "rasters": rasters, "currents": currents}
    return Stimulus(n_samples=samples, n_steps=shown, first_sample=first, **given)


def _options(program: nd.Program, stimulus: Stimulus, until: int, dice: Any) -> dict[str, Any]:
    rng, names = _rng(dice), [item.name for item in program.populations]
    states = {item.name: ("u", "v", "v_register") for item in program.populations}
    for item in program.network.populations:
        own = item.neuron.memories if isinstance(item.neuron, IntegerNeuron) else ()
        states[item.name] = (*states[item.name], *own)
    probes = [f"{name}.{state}" for name in names for state in states[name] if dice.random() < 0.8]
    learning = [item for item in program.network.projections if item.plasticity is not None]
    probes += [f"{item.name}.{name}" for item in learning for name in learned_variables(item) if dice.random() < 0.7]
    noisy = [item for item in program.populations if "noise_at" in item.parameters and dice.random() < 0.5]
    shape = (dice.choice((1, stimulus.n_samples)), until + dice.choice((0, 3)))
    return {
        "probes": probes_named(program.network, probes),
        "noise": {item.name: rng.integers(-127, 128, (*shape, item.size)) for item in noisy},
        "seed": dice.choice((0, 5, -(2**63), 2**63 - 1)),
        "record": None if dice.random() < 0.7 else tuple(names[:1]),
        "activity": dice.random() < 0.7,
        "overflow": dice.random() < 0.3,
        "keep_state": dice.random() < 0.2,
        "threads": dice.choice((1, 1, 2)),
    }


def drawn(dice: Any) -> Drawn | None:
    """A sound program with a run of it; None where the target cannot hold what was drawn."""
    dialect = dice.choice(DIALECTS)
    try:
        program = _program(_network(dialect, dice), _target(dialect, dice), dice)
    except DiagnosticError as error:
        assert not any(item.code in ("ND011", "ND901") for item in error.diagnostics), str(error)
        return None
    stimulus = _stimulus(program.network, dice)
    until = dice.choice((stimulus.n_steps, stimulus.n_steps + 5, 1, 40))
    cut = dice.choice((None, None, max(until // 2, 1), 1)) if until > 1 else None
    pieces = dice.choice((1, 1, 2, 3)) if stimulus.n_samples == 1 else 1
    forms = {"dense_from": dice.choice((None, None, 0.0, 2.0)), "tiled_from": dice.choice((None, None, 3))}
    options = _options(program, stimulus, until, dice)
    whole = cut is None and not options["keep_state"]
    options |= learning_options(program, stimulus.n_samples, dice, whole=whole)
    return Drawn(program, stimulus, until, Choice(cut=cut, pieces=pieces, **forms), options)


def race(case: Drawn) -> Any:
    """The recording of a case, the same bits from both engines."""
    found = assert_engines_agree(case.program, case.stimulus, case.until, case.choice, **case.options)
    assert found is not None, "a sound program is refused"
    return found


def attempt(dice: Any) -> str:
    """Draw and race one program; the answer names what was drawn."""
    case = drawn(dice)
    if case is None:
        return "not storable"
    race(case)
    return f"runs in {case.program.target.dialect.name}"


if __name__ == "__main__":
    raise SystemExit(hunt(attempt, __doc__ or ""))
