"""The definition against arithmetic written out for one compartment, and against closed forms: nothing of it is reused here."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.network import Current, OneToOne, WeightFormat
from neurodeploy.quantize import quantize
from neurodeploy.simulate import RunOptions, Stimulus

STEPS = 20
TOP = 2**23
RULES = {
    "loihi1": (21, "wrap", "wrap", "registers"),
    "nengo": (21, "wrap", "wrap", "registers"),
    "loihi2": (None, "fold", "none", "symmetric"),
    "brian2loihi": (None, "none", "none", "none"),
}
"""Dialect -> bits of the accumulator, overflow of u and of u + bias, limits of v."""


def wrap(x, bits):
    return (x + 2**bits) % 2 ** (bits + 1) - 2**bits


def stored(x, how):
    if how == "wrap":
        return wrap(x, 23)
    if how == "fold":
        return x - 2 * TOP if x > TOP else x + 2 * TOP if x <= -TOP else x
    return x


def part(x, keep):
    """x * keep / 4096 without its fraction."""
    return x * keep // 4096 if x >= 0 else -(-x * keep // 4096)


def by_hand(cell, arriving, dialect):
    """(u, v, spikes) of one compartment in Python integers; `arriving`: its input in each step."""
    bits, current, drive, limits = RULES[dialect]
    low, high = {
        "registers": (-(2 ** cell["vmin_exp"]) + 1, 2 ** (9 + 2 * cell["vmax_exp"]) - 1),
        "symmetric": (-TOP + 1, TOP - 1),
        "none": (-(2**60), 2**60),
    }[limits]
    u = v = dead = 0
    found = []
    for q in arriving:
        u = stored(part(u, 4096 - cell["du"] - 1) + (wrap(q, bits) if bits else q), current)
        v = part(v, 4096 - cell["dv"]) + stored(u + cell["bias_mant"] * 2 ** cell["bias_exp"], drive)
        v = 0 if dead else min(max(v, low), high)
        fired = v > 64 * cell["vth_mant"]
        dead = cell["refractory_steps"] if fired else max(dead - 1, 0)
        if fired:
            v = v - 64 * cell["vth_mant"] if cell["reset"] == "subtract" else 0
        found.append((u, v, fired))
    return tuple(np.array(column) for column in zip(*found, strict=True))


def recorded(cells, values, dialect):
    """(u, v, spikes), each (steps, cells), of the definition; `values` (steps, cells) arrive times 64 one step later."""
    size = len(cells)
    shared = {key: cells[0][key] for key in ("vmin_exp", "vmax_exp", "reset")}
    column = {key: np.array([cell[key] for cell in cells]) for key in cells[0] if key not in shared}
    network = network_of(
        (nd.Population(name="c", shape=size, neuron=nd.LoihiCuba(**column, **shared)),),
        (
            nd.Projection(
                name="p",
                source="in",
                target="c",
                operation=OneToOne(weights=np.array(1)),
                weight_format=WeightFormat(weight_bits=8, sign_mode="excitatory"),
            ),
        ),
        inputs=(nd.Input(name="in", shape=size, encoder=Current()),),
        name="cells",
        probes=tuple(nd.Probe(name=name, target="c", variable=name) for name in ("u", "v")),
    )
    chip = load_target("loihi2" if dialect == "loihi2" else "loihi1").model_copy(
        update={"dialect": load_dialect(dialect)}
    )
    program = emit_program(place(partition(quantize(network, chip), chip)))
    stimulus = Stimulus(n_samples=1, n_steps=STEPS, currents={"in": values[None].astype(float)})
    found = nd.run(program, stimulus, until=STEPS + 1, options=RunOptions(engine="spec"))
    spikes = np.zeros((STEPS + 1, size), dtype=bool)
    rows = found.spikes["c"]
    spikes[rows[:, 1] - 1, rows[:, 2]] = True
    return found.states["u"][0], found.states["v"][0], spikes


@st.composite
def compartments(draw, dialect):
    lava, whole = dialect == "loihi2", lambda low, high: draw(st.integers(low, high))
    shared = {
        "vmin_exp": 23 if lava else draw(st.sampled_from([0, 12, 23])),
        "vmax_exp": 7 if lava else draw(st.sampled_from([3, 7])),
        "reset": draw(st.sampled_from(["zero"] if lava else ["zero", "subtract"])),
    }

    def one():
        return {
            "du": whole(0, 4095),
            "dv": whole(0, 4095),
            "vth_mant": whole(1, draw(st.sampled_from([40, 4000, 131071]))),
            "bias_mant": 0 if dialect == "brian2loihi" else whole(-4095, 4095),
            "bias_exp": whole(0, 7),
            "refractory_steps": 0 if lava else whole(0, 5),
            **shared,
        }

    cells = [one() for _ in range(whole(1, 5))]
    rng = np.random.default_rng(whole(0, 2**32))
    values = rng.integers(-(2**15), 2**15, (STEPS, len(cells))) >> whole(0, 15)
    return cells, values


@pytest.mark.property
@pytest.mark.parametrize("dialect", RULES)
def test_compartments_are_those_worked_out_by_hand(dialect):
    @settings(max_examples=examples(40), deadline=None)
    @given(compartments(dialect))
    def equal(case):
        cells, values = case
        got = recorded(cells, values, dialect)
        for number, cell in enumerate(cells):
            expected = by_hand(cell, [0, *(64 * values[:, number]).tolist()], dialect)
            for name, one, other in zip(("u", "v", "spikes"), got, expected, strict=True):
                assert np.array_equal(one[:, number], other), (name, cell)

    equal()


CELL = {"du": 4095, "dv": 0, "bias_mant": 0, "bias_exp": 0, "refractory_steps": 0, "vmin_exp": 23, "vmax_exp": 7}


@pytest.mark.parametrize(("threshold", "period"), [(1, 1), (10, 3), (99, 25)])
def test_a_constant_current_spikes_every_floor_of_threshold_over_input_plus_one(threshold, period):
    """v = 4 n exceeds the threshold first at n = threshold // 4 + 1; equality does not."""
    cell = CELL | {"vth_mant": threshold, "reset": "zero", "du": 4095}
    values = np.full((STEPS, 1), 4)
    _, _, spikes = recorded([cell], values, "loihi2")
    assert np.flatnonzero(spikes[:, 0]).tolist() == list(range(period, STEPS + 1, period))


def test_without_leak_the_voltage_is_the_sum_of_the_input():
    cell = CELL | {"vth_mant": 131071, "reset": "zero"}
    values = np.random.default_rng(0).integers(-50, 60, (STEPS, 1))
    u, v, _ = recorded([cell], values, "loihi1")
    assert u[1:, 0].tolist() == (64 * values[:, 0]).tolist()
    assert v[1:, 0].tolist() == (64 * np.cumsum(values[:, 0])).tolist()
