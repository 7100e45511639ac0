"""The conformance corpus: a case for every operation, neuron kind, delay, reset, sign mode, learning rule and arithmetic edge."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from neurodeploy.conformance.kinds import float_cases, graded_cases
from neurodeploy.conformance.learning import learning_cases
from neurodeploy.conformance.parts import MIXED, Case, cells, events, joined, lines, mixed, one, projection, registers
from neurodeploy.network import (
    Chain,
    Conv1d,
    Conv2d,
    Dense,
    Noise,
    OneToOne,
    Operation,
    Sparse,
    StateReset,
    SumPool2d,
    WeightFormat,
)

__all__ = ["Case", "corpus"]


def _sparse(seed: int, post: int, pre: int) -> Sparse:
    mask = np.random.default_rng(seed).random((post, pre)) < 0.5
    rows, columns = np.nonzero(mask)
    return Sparse(shape=(post, pre), post=rows, pre=columns, weights=mixed(seed, (rows.size,)))


def _windows() -> Iterator[tuple[str, Operation, int, int]]:
    """Yield (name, operation, number of lines, number of cells)."""
    plane = (1, 5, 5)
    yield "conv2d", Conv2d(input_shape=plane, weights=mixed(3, (2, 1, 3, 3))), 25, 18
    strided = Conv2d(input_shape=plane, weights=mixed(4, (2, 1, 3, 3)), stride=(2, 1), padding=(1, 0))
    yield "conv2d_stride_padding", strided, 25, 2 * 3 * 3
    wide = Conv2d(input_shape=plane, weights=mixed(5, (1, 1, 2, 2)), dilation=(2, 2))
    yield "conv2d_dilation", wide, 25, 9
    grouped = Conv2d(input_shape=(2, 3, 3), weights=mixed(6, (2, 1, 2, 2)), groups=2)
    yield "conv2d_groups", grouped, 18, 8
    yield "conv1d", Conv1d(input_shape=(2, 7), weights=mixed(7, (3, 2, 3)), padding=1), 14, 21
    yield "sum_pool", SumPool2d(input_shape=(1, 4, 4), kernel=(2, 2), stride=(2, 2)), 16, 4
    kernel = Conv2d(input_shape=(1, 4, 4), weights=mixed(8, (1, 1, 3, 3), 8, 40), padding=(1, 1))
    chain = Chain(operations=(kernel, SumPool2d(input_shape=(1, 4, 4), kernel=(2, 2), stride=(2, 2))))
    yield "chain", chain, 16, 4


def _operations() -> Iterator[Case]:
    yield one("dense", "operations")
    square = (lines(5),)
    yield one("sparse", "operations", projections=(joined("in", "cells", _sparse(2, 5, 6)),))
    identity = joined("in", "cells", OneToOne(weights=mixed(9, (5,), 60, 160)))
    yield one("one_to_one", "operations", projections=(identity,), inputs=square)
    shared = joined("in", "cells", OneToOne(weights=np.array(120)))
    yield one("one_to_one_shared", "operations", projections=(shared,), inputs=square)
    for name, operation, width, size in _windows():
        style = WeightFormat(weight_bits=8, exponent=6, sign_mode="excitatory") if name == "sum_pool" else MIXED
        yield one(
            name,
            "operations",
            (cells(size=size),),
            (joined("in", "cells", operation, weight_format=style),),
            inputs=(lines(width),),
        )


def _delays() -> Iterator[Case]:
    rng = np.random.default_rng(11)
    yield one("delay_projection", "delays", projections=(projection("in", "cells", delay_steps=5),))
    for axis, shape in (("source", (6,)), ("target", (5,)), ("synapse", (5, 6))):
        delays = rng.integers(0, 8, shape)
        link = projection("in", "cells", delay_steps=delays, delay_axis=axis)
        yield one(f"delay_{axis}", "delays", projections=(link,))
    loop = projection("cells", "cells", seed=12, n=(5, 5), delay_steps=3)
    yield one("delay_recurrent", "delays", projections=(projection("in", "cells"), loop))
    late = projection("in", "cells", delay_steps=rng.integers(40, 63, (5, 6)), delay_axis="synapse")
    yield one("delay_longest", "delays", projections=(late,), extra=70)


def _recurrence() -> Iterator[Case]:
    drive = projection("in", "cells")
    yield one("recurrent", "recurrence", projections=(drive, projection("cells", "cells", seed=13, n=(5, 5))))
    own = joined("cells", "cells", OneToOne(weights=np.array(-90)), name="self")
    yield one("autapse", "recurrence", projections=(drive, own))
    pair = (cells("cells"), cells("other", 4, registers(du=4095, vth_mant=40)))
    there, back = projection("cells", "other", seed=14, n=(4, 5)), projection("other", "cells", seed=15, n=(5, 4))
    yield one("loop_of_two", "recurrence", pair, (drive, there, back), probes=(("other", "v"),))
    twice = (drive, projection("in", "cells", seed=16, name="again"), projection("in", "cells", seed=17, name="third"))
    yield one("parallel_projections", "recurrence", projections=twice)
    apart = (cells("cells"), cells("alone", 3, registers(bias_mant=200, bias_exp=3)))
    yield one("unconnected_with_bias", "recurrence", apart, (drive,), probes=(("alone", "v"),))


def _weights() -> Iterator[Case]:
    rng = np.random.default_rng(18)
    for sign, low, high in (("excitatory", 0, 120), ("inhibitory", -60, 0)):
        style = WeightFormat.model_validate({"weight_bits": 8, "sign_mode": sign})
        link = projection("in", "cells", rng.integers(low, high, (5, 6)), weight_format=style, name="signed")
        drive = (projection("in", "cells", seed=19),) if sign == "inhibitory" else ()
        yield one(f"weights_{sign}", "weights", projections=(*drive, link))
    for bits in (2, 4, 6):
        step = 1 << (9 - bits)
        coarse = rng.integers(-128 // step, 128 // step + 1, (5, 6)) * step
        style = WeightFormat(weight_bits=bits, exponent=0, sign_mode="mixed")
        yield one(
            f"weights_{bits}_bits", "weights", projections=(projection("in", "cells", coarse, weight_format=style),)
        )
    for exponent in (-2, 3, 7):
        style = WeightFormat(weight_bits=8, exponent=exponent, sign_mode="mixed")
        threshold = max(120 << max(exponent, 0), 30)
        link = projection("in", "cells", seed=20, weight_format=style)
        neuron = registers(vth_mant=min(threshold, 131071))
        yield one(f"weights_exponent_{exponent}".replace("-", "minus_"), "weights", (cells(neuron=neuron),), (link,))
    alternate = projection(
        "in", "cells", seed=21, weight_format=WeightFormat(weight_bits=8, exponent=-1), delay_steps=2
    )
    yield one("weights_shift_with_delay", "weights", projections=(alternate, projection("in", "cells", name="other")))
    spread = np.random.default_rng(22).integers(0, 4, (5, 6))
    style = WeightFormat(weight_bits=8, exponent=-2, sign_mode="excitatory")
    odd = projection(
        "in", "cells", rng.integers(1, 256, (5, 6)), weight_format=style, delay_steps=spread, delay_axis="synapse"
    )
    yield one("weights_shift_with_delays", "weights", (cells(neuron=registers(vth_mant=60)),), (odd,))


def _registers() -> Iterator[Case]:
    edges = {"du": [0, 1, 2048, 4094, 4095], "dv": [0, 1, 2048, 4094, 4095], "vth_mant": [60, 80, 100, 120, 140]}
    every = registers(**{name: np.array(column) for name, column in edges.items()})
    yield one("registers_by_neuron", "registers", (cells(neuron=every),))
    exact = registers(du=4095, dv=0, vth_mant=100)
    edge = projection("in", "cells", np.full((5, 6), 50))
    yield one("threshold_edge", "registers", (cells(neuron=exact),), (edge,))
    yield one("threshold_zero", "registers", (cells(neuron=registers(vth_mant=0)),))
    biased = registers(bias_mant=np.array([-100, 0, 40, 90, 4095]), bias_exp=np.array([2, 0, 3, 1, 0]))
    yield one("bias", "registers", (cells(neuron=biased),))
    yield one("refractory", "resets", (cells(neuron=registers(refractory_steps=3)),))
    several = registers(refractory_steps=np.array([0, 1, 2, 5, 9]))
    yield one("refractory_by_neuron", "resets", (cells(neuron=several),))
    yield one("reset_subtract", "resets", (cells(neuron=registers(reset="subtract")),))
    periodic = cells(state_reset=StateReset(interval_steps=5, offset_steps=2))
    yield one("reset_periodic", "resets", (periodic,))
    noisy = registers(noise=Noise(at="membrane", exponent=6))
    yield one("noise", "registers", (cells(neuron=noisy),))
    pair = (cells(neuron=registers(noise=Noise(at="current", exponent=9, offset=1))), cells("calm", 3))
    onward = projection("cells", "calm", seed=30, n=(3, 5))
    yield one(
        "noise_at_current",
        "registers",
        pair,
        (projection("in", "cells"), onward),
        probes=(("cells", "u"), ("calm", "v")),
    )
    yield one(
        "v_register", "registers", (cells(neuron=registers(refractory_steps=1)),), probes=(("cells", "v_register"),)
    )


def _limits() -> Iterator[Case]:
    heavy = WeightFormat(weight_bits=8, exponent=7, sign_mode="mixed")
    slow = registers(du=3, dv=0, vth_mant=131071)
    strong = projection("in", "cells", mixed(23, (5, 6), -240, 250), weight_format=heavy)
    yield one("overflow_current", "limits", (cells(neuron=slow),), (strong,))
    push = projection("in", "cells", np.full((5, 6), 254), weight_format=heavy)
    yield one("overflow_accumulator", "limits", (cells(neuron=registers(du=4095, dv=100, vth_mant=131071)),), (push,))
    down = projection("in", "cells", np.full((5, 6), -254), weight_format=WeightFormat(weight_bits=8, exponent=5))
    yield one("limit_voltage", "limits", (cells(neuron=registers(du=100, dv=0, vth_mant=131071)),), (down,))
    low = registers(vmin_exp=10, vmax_exp=3, vth_mant=100)
    yield one("limit_voltage_registers", "limits", (cells(neuron=low),))
    floors = (cells("cells", 3, registers(vmin_exp=8)), cells("deep", 3))
    links = (projection("in", "cells", n=(3, 6)), projection("in", "deep", seed=2, n=(3, 6)))
    yield one("limits_of_two_populations", "limits", floors, links, probes=(("cells", "v"), ("deep", "v")))


def _layers() -> Iterator[Case]:
    layers = (cells("cells", 12), cells("middle", 9, registers(vth_mant=90)), cells("last", 4, registers(vth_mant=60)))
    links = (
        projection("in", "cells", seed=24, n=(12, 6)),
        projection("cells", "middle", seed=25, n=(9, 12)),
        projection("middle", "last", seed=26, n=(4, 9)),
        projection("cells", "last", seed=27, n=(4, 12), name="skip"),
    )
    yield one("layers_with_skip", "networks", layers, links, probes=(("last", "u"), ("last", "v")))
    inputs = (lines(6), lines(3, "more"))
    both = (projection("in", "cells"), projection("more", "cells", seed=28, n=(5, 3)))
    yield one("two_inputs", "networks", projections=both, inputs=inputs)
    silent = {"in": events(1, rate=0.0)}
    yield one("nothing_shown", "networks", given=silent)
    zero = Dense(weights=np.zeros((5, 6), dtype=np.int64))
    yield one(
        "weights_all_zero",
        "networks",
        projections=(joined("in", "cells", zero, name="zero"), projection("in", "cells")),
    )
    yield one("one_neuron", "networks", (cells(size=1),), (projection("in", "cells", seed=29, n=(1, 6)),))


@cache
def corpus() -> tuple[Case, ...]:
    """Return all cases, ordered by feature."""
    parts = (
        _operations,
        _delays,
        _recurrence,
        _weights,
        _registers,
        _limits,
        _layers,
        float_cases,
        graded_cases,
        learning_cases,
    )
    return tuple(case for part in parts for case in part())
