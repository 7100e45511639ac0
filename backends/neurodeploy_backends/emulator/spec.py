"""The definition of the machine in plain numpy: what every program means, bit for bit.

One step t of every sample, in this order:

1. populations whose periodic reset falls on t return to their initial state (`reset_periodically`);
2. the sums that arrive in t leave the ring, one for each port of a neuron (`take_arriving`);
3. the rule of each neuron kind updates the state and returns what each neuron sends (`UPDATES`);
4. everything sent is routed through the core tables, and each synapse that it reaches adds its weight to the ring, to be
   taken in step t + 1 + delay (`deliver`);
5. plastic projections learn from what was sent (`spec_plastic`, `spec_learning`, `spec_learning_steps`).

Where implementations of the chip differ, the program's `Dialect` decides. The compiled engine computes the same bits.

Sources, cited in brackets at each rule; which of them a dialect follows is in targets/dialects.toml:

- Davies: Davies et al., "Loihi: A Neuromorphic Manycore Processor with On-Chip Learning", IEEE Micro 38(1), 2018;
- nengo: nengo-loihi 1.1.0, emulator/interface.py and builder/discretize.py;
- brian2: Brian2Loihi 0.5.2, loihi_neuron_group.py and loihi_synapses.py;
- lava: lava-nc 0.10.0 in fixed point, proc/*/models.py (named by their folder);
- NIR: the Loihi 2 recording published with the NIR paper, 01_lif/lif_lava_loihi_fixed.csv.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.tables import RESETS
from neurodeploy_backends.emulator.spec_plastic import PlasticState
from neurodeploy_backends.emulator.spec_tables import Cells, Machine, Sending, shown_values, synapses_of, weights_met

__all__ = ["COMPARTMENTS", "UPDATES", "Made", "State", "Update", "cleared", "step"]

Ints = NDArray[np.int64]
Array = NDArray[Any]


# --- arithmetic


def toward_zero(x: Ints, bits: int | Ints) -> Ints:
    """x / 2**bits, rounded toward zero. [nengo decay_int; lava lif; brian2 rounds the part removed away from zero]"""
    return (x + np.where(x < 0, (1 << bits) - 1, 0)) >> bits


def wrapped(x: Ints, bits: int) -> Ints:
    """x in two's complement with `bits` value bits and a sign. [nengo Q_BITS = 21, U_BITS = 23]"""
    return ((x + (1 << bits)) & ((2 << bits) - 1)) - (1 << bits)


def folded(x: Ints, bits: int) -> Ints:
    """x with 2**(bits + 1) subtracted once above 2**bits, or added once at or below -2**bits. [lava lif]"""
    over = (x > 1 << bits).astype(np.int64) - (x <= -(1 << bits)).astype(np.int64)
    return x - over * (2 << bits)


def overflowed(x: Ints, bits: int, how: str) -> Ints:
    """x as stored in a register of `bits` and a sign: `how` is "wrap", "fold" or "none"."""
    return wrapped(x, bits) if how == "wrap" else folded(x, bits) if how == "fold" else x


def whole(x: Array) -> Ints:
    """x rounded to the nearest integer, ties to even, and kept within +-2**62. [lava dense: integer values; the limit is ours]"""
    return np.clip(np.rint(x), -(2.0**62), 2.0**62).astype(np.int64)


# --- state


@dataclass
class State:
    """State between two steps. All arrays int64; one column for each compartment of the core tables."""

    u: Ints
    """(samples, rows): synaptic current, or the first state of another kind."""
    v: Ints
    """(samples, rows): membrane voltage, or the second state of another kind."""
    refract: Ints
    """(samples, rows): refractory steps left."""
    memory_0: Ints
    """(samples, rows): third state of the kinds that have one (`IntegerNeuron.memories`)."""
    memory_1: Ints
    """(samples, rows): fourth state."""
    ring: Ints
    """(samples, cells): pending sums, see `Machine.cell`."""
    plastic: PlasticState = field(default_factory=PlasticState)
    """What plastic projections have learned."""


class Made(NamedTuple):
    """Result of one step."""

    active: Array
    """(samples, rows) bool: compartments with u, v, bias or input other than 0 before the update."""
    sent: dict[str, Ints]
    """Population -> (samples, size): 0 where nothing is sent; 1, or the value of a graded spike."""
    overflows: dict[str, tuple[Array, Array, Array]]
    """Population -> (samples, size) bool: the accumulator left its range, the current or drive did, v met a limit."""


@dataclass
class Update:
    """One population in one step, as the rule of its kind reads and writes it. Arrays (samples, size) or (size,)."""

    dialect: Dialect
    cells: Cells
    state: State
    a: Ints
    """(samples, size) sum that arrived at port "a", in units of the accumulator."""
    b: Ints
    """The same at port "b"; kinds with one port do not read it."""
    noise: Ints | int
    """What noise adds in this step, see `noise_of`."""
    overflows: tuple[Array, Array, Array] | None = None
    """Set by `compartment`, see `Made.overflows`."""

    def get(self, name: str) -> Ints:
        """(samples, size) state of this population."""
        return getattr(self.state, name)[:, self.cells.rows]

    def put(self, **states: Ints) -> None:
        """Write states of this population."""
        for name, values in states.items():
            getattr(self.state, name)[:, self.cells.rows] = values

    def integer(self, name: str) -> Ints:
        """(size,) parameter of the kind as integers."""
        return self.cells.parameters[name].astype(np.int64)

    def mantissas(self, sums: Ints) -> Ints:
        """Sums of weights in units of one mantissa, for kinds whose input is not shifted up. [lava: act_shift is lif's alone]"""
        return sums >> self.dialect.weight_shift_bits


# --- the current-based compartment: if, lif, cuba_lif, li, cuba_li, loihi_cuba, ternary_cuba


def compartment(x: Update) -> Ints:
    """Leaky current, then leaky voltage, threshold, reset. [Davies p86; nengo; brian2; lava lif: equal where none overflows]

    Registers hold keep_u = 4096 - du - 1, keep_v = 4096 - dv, bias = bias_mant << bias_exp, vth = vth_mant << 6.
    """
    d, r = x.dialect, x.cells.registers
    at_current = "noise_at" in x.cells.parameters and x.cells.parameters["noise_at"][0] == 0
    # the dendritic accumulator [nengo: 21 bits and a sign, before u is updated; lava and brian2: unbounded]
    total = x.a + (x.noise if at_current else 0)
    q = total if d.accumulator_wrap_bits is None else wrapped(total, d.accumulator_wrap_bits)
    # u decays by one part in 4096 more than du states [lava ds_offset = 1; nengo decay_int(offset=1); brian2 decay_I = du
    # + 1]
    free_u = toward_zero(x.get("u") * r["keep_u"], d.decay_bits) + q
    u = overflowed(free_u, d.state_bits, d.current_overflow)
    # bias and membrane noise enter v only [nengo wraps the sum once more; lava does not; brian2 has no bias]
    free_drive = u + r["bias"] + (0 if at_current else x.noise)
    drive = overflowed(free_drive, d.state_bits, d.drive_overflow)
    # v sees the new u of the same step [all; lava dm_offset = 0]
    free_v = toward_zero(x.get("v") * r["keep_v"], d.decay_bits) + drive
    # limits come before the threshold [nengo vmin, vmax registers; lava +-(2**23 - 1); brian2 none]
    v = np.minimum(np.maximum(free_v, r["vmin"]), r["vmax"])
    x.overflows = q != total, (free_u != u) | (free_drive != drive), v != free_v
    # a refractory compartment keeps v at 0 while u goes on [nengo, brian2]
    v = np.where(x.get("refract") > 0, 0, v)
    sent = _threshold(x, v)
    # reset to 0 [all]; "subtract" takes the threshold off [NxTF, resetMode "soft"]; "none" of li and cuba_li leaves v
    after = np.where(r["reset"] == RESETS["zero"], 0, np.where(r["reset"] == RESETS["subtract"], v - r["vth"], v))
    # a refractory delay of R is R - 1 steps at 0: R = 1 means no delay [nengo, brian2]
    refract = np.where(sent != 0, r["refract"], x.get("refract"))
    x.put(u=u, v=np.where(sent != 0, after, v), refract=np.maximum(refract - 1, 0))
    return sent


def _threshold(x: Update, v: Ints) -> Ints:
    """1 where v exceeds the threshold, strictly [all]; ternary: also -1 where v is below the lower one. [lava lif: TernaryLIF]"""
    if "v_upper_mant" not in x.cells.parameters:
        return (v > x.cells.registers["fires_above"]).astype(np.int64)
    upper, lower = (x.integer(name) << x.dialect.threshold_shift_bits for name in ("v_upper_mant", "v_lower_mant"))
    return (v > upper).astype(np.int64) - (v < lower).astype(np.int64)


# --- kinds of lava-nc that send values, resonate or adapt; `neurodeploy.network.graded` states their equations


def sigma(x: Update) -> Ints:
    """u += a; send u. [lava sdn]"""
    u = x.get("u") + x.mantissas(x.a)
    x.put(u=u)
    return u


def delta(x: Update) -> Ints:
    """Send changes of a << (spike_exp + state_exp). [lava sdn]"""
    up = x.integer("spike_exp") + x.integer("state_exp")
    return _changes(x, x.mantissas(x.a) << up, x.integer("threshold") << up, cumulative=False)


def sigma_delta(x: Update) -> Ints:
    """u += a; send changes of f(u + bias), f the identity or max(x, 0). [lava sdn]"""
    up = x.integer("spike_exp") + x.integer("state_exp")
    u = x.get("u") + x.mantissas(x.a)
    x.put(u=u)
    act = u + (x.integer("bias") << up)
    act = np.where(x.cells.parameters["activation"] == 0, np.maximum(act, 0), act)  # 0: relu
    return _changes(x, act, x.integer("threshold") << up, cumulative=x.cells.parameters["cumulative_error"] != 0)


def _changes(x: Update, act: Ints, threshold: Ints, *, cumulative: Array | bool) -> Ints:
    """Send the change of `act` since the last value sent once it reaches the threshold; keep the remainder. [lava sdn]

    With `cumulative` the sum of all changes since then is compared instead; the value sent is still the change.
    """
    change = act - x.get("v") + x.get("memory_0")
    error = x.get("memory_1") + np.where(cumulative, change, 0)
    enough = np.abs(np.where(cumulative, error, change)) >= threshold
    sent = np.where(enough, change, 0)
    x.put(v=act, memory_0=change - sent, memory_1=np.where(sent != 0, 0, error))
    return sent >> x.integer("state_exp")


def relu(x: Update) -> Ints:
    """Send a where a > threshold; without `rectify` also where a < -threshold. [lava graded: GradedReluVec, GradedVec]"""
    a, threshold = x.mantissas(x.a), x.integer("threshold")
    through = (a > threshold) | ((x.cells.parameters["rectify"] == 0) & (a < -threshold))
    return np.where(through, a, 0)


def product(x: Update) -> Ints:
    """Send (a * b) >> exponent where its magnitude exceeds the threshold. [lava prodneuron]"""
    value = (x.mantissas(x.a) * x.mantissas(x.b)) >> x.integer("exponent")
    return np.where(np.abs(value) > x.integer("threshold"), value, 0)


def resonate_fire(x: Update) -> Ints:
    """A decaying rotation of (re, im) = (u, v). [lava rf, rf_iz]

    Reset "none": spike where im rises through 0 while re >= threshold. "izhikevich": spike where im >= threshold, and then
    re = 0, im = threshold - 1.
    """
    s, c, up = (x.integer(name) for name in ("sin_decay", "cos_decay", "state_exp"))
    bits, limit = x.integer("decay_bits"), (1 << x.dialect.state_bits) - 1
    re, im = x.get("u"), x.get("v")
    new_re = toward_zero(c * re, bits) - toward_zero(s * im, bits) + (x.mantissas(x.a) << up)
    new_im = toward_zero(s * re, bits) + toward_zero(c * im, bits) + (x.mantissas(x.b) << up)
    new_re, new_im = np.clip(new_re, -limit, limit), np.clip(new_im, -limit, limit)
    threshold, izhikevich = x.integer("threshold") << up, x.cells.parameters["reset"] != 0
    rises = (new_re >= threshold) & (new_im >= 0) & (im < 0)
    sent = np.where(izhikevich, new_im >= threshold, rises)
    moved = sent & izhikevich
    x.put(u=np.where(moved, 0, new_re), v=np.where(moved, threshold - 1, new_im))
    return sent.astype(np.int64)


ZERO_BITS = 15
"""Fraction bits of the factors of `resonate_zero`. [lava resfire: RFZero]"""


def resonate_zero(x: Update) -> Ints:
    """The same rotation, each term rounded down; send re where im rises through 0 and re > threshold. [lava resfire: RFZero]"""
    s, c = x.integer("sin_decay"), x.integer("cos_decay")
    re, im = x.get("u"), x.get("v")
    new_re = ((c * re) >> ZERO_BITS) - ((s * im) >> ZERO_BITS) + x.mantissas(x.a)
    new_im = ((s * re) >> ZERO_BITS) + ((c * im) >> ZERO_BITS) + x.mantissas(x.b)
    x.put(u=new_re, v=new_im)
    return np.where((new_re > x.integer("threshold")) & (new_im >= 0) & (im < 0), new_re, 0)


def adaptive_lif(x: Update) -> Ints:
    """Current u, voltage v, threshold memory_0, refraction memory_1; spike where v - r >= theta. [lava atrlif]

    v is not reset: a spike adds 2 theta to r and theta_step to theta, which decays towards theta_0.
    """
    d, p = x.dialect, x.cells.parameters
    one, up = 1 << d.decay_bits, 1 << d.threshold_shift_bits
    keep_u = one - (p["delta_i"] * one + d.current_decay_offset)  # lava multiplies by a fraction here, in floats
    keep_v, keep_theta, keep_r = (
        np.trunc(one - one * p[name]).astype(np.int64) for name in ("delta_v", "delta_theta", "delta_r")
    )
    base, rise = (np.trunc(p[name] * up).astype(np.int64) for name in ("theta_0", "theta_step"))
    u = toward_zero(whole(np.trunc(x.get("u") * keep_u)), d.decay_bits) + x.a
    v = toward_zero(x.get("v") * keep_v, d.decay_bits) + u
    theta = toward_zero((x.get("memory_0") - base) * keep_theta, d.decay_bits) + base
    r = toward_zero(x.get("memory_1") * keep_r, d.decay_bits)
    sent = v - r >= theta
    x.put(u=u, v=v, memory_0=theta + np.where(sent, rise, 0), memory_1=r + np.where(sent, 2 * theta, 0))
    return sent.astype(np.int64)


UPDATES: dict[str, Callable[[Update], Ints]] = {
    **dict.fromkeys((*CUBA_KINDS, "ternary_cuba"), compartment),
    "sigma": sigma,
    "delta": delta,
    "sigma_delta": sigma_delta,
    "relu": relu,
    "product": product,
    "resonate_fire": resonate_fire,
    "resonate_zero": resonate_zero,
    "adaptive_lif": adaptive_lif,
}
"""Neuron kind -> its rule, which returns what each neuron sends, (samples, size), 0 for nothing."""
COMPARTMENTS = tuple(kind for kind, rule in UPDATES.items() if rule is compartment)
"""Kinds that are a current-based compartment: u, v and refractory steps are all their state."""


# --- noise

NOISE_BITS = 7
"""A draw has this many bits and a sign: -127..127. [nengo]"""


def noise_of(cells: Cells, draws: Ints) -> Ints:
    """(samples, size) noise z = rtz((draw + 64 offset) 2**(exponent - 7)). [nengo; the generator is ours: no chip's is public]"""
    exponent = int(cells.parameters["noise_exponent"][0])
    x = draws + 64 * int(cells.parameters["noise_offset"][0])
    return x << (exponent - NOISE_BITS) if exponent >= NOISE_BITS else toward_zero(x, NOISE_BITS - exponent)


# --- from what is sent in step t to the ring


def deliver(machine: Machine, state: State, source: str, sending: Sending, t: int) -> None:
    """Add the weight of every synapse reached in step t to the ring, for step t + 1 + delay. [all; Davies p92: delays]

    A graded spike adds weight times value, rounded to the nearest integer, ties to even. [lava dense: integer values]
    """
    core, axon, message = machine.routes[source].follow(sending.number)
    row, entry, touched = synapses_of(machine.program.tables, core, axon)
    message = message[touched]
    weight = weights_met(machine, state.plastic, entry, sending.sample[message])
    if source in machine.graded:
        weight = whole(weight.astype(np.float64) * sending.value[message])
    delay = machine.program.tables.entry_delay[entry].astype(np.int64)
    cell = machine.cell(row, t + 1 + delay, machine.plane(entry, row))
    np.add.at(state.ring.reshape(-1), sending.sample[message] * machine.n_cells + cell, weight)


def take_arriving(machine: Machine, state: State, cells: Cells, t: int) -> Ints:
    """(samples, ports, size) sums that arrive at a population in step t; their place in the ring is cleared.

    A negative exponent that a dialect applies to sums floors the sum of one projection, one sending step and one delay.
    [lava dense: a_buff shifts each slot; nengo, brian2: each weight, see hardware.arithmetic]
    """
    arriving = cells.ring(state.ring)[:, t % cells.slots]
    sums = arriving[:, : cells.ports].copy()
    for plane, (port, shift) in enumerate(cells.deferred, start=cells.ports):
        sums[:, port] += (arriving[:, plane] >> shift) << machine.program.target.dialect.weight_shift_bits
    arriving[:] = 0
    return sums


# --- one step


def cleared(machine: Machine, samples: int) -> State:
    """State in which every sample begins: no charge, no pending sums."""
    rows = machine.program.tables.n_rows
    u, v, refract, memory_0, memory_1 = (np.zeros((samples, rows), dtype=np.int64) for _ in range(5))
    memory_0[:] = machine.initial
    return State(u, v, refract, memory_0, memory_1, np.zeros((samples, machine.n_cells), dtype=np.int64))


def reset_periodically(machine: Machine, state: State, t: int) -> None:
    """Return populations to their initial state; refractory steps and pending sums are kept. [lava lif: LIFReset]"""
    for cells in machine.populations.values():
        reset, rows = cells.state_reset, cells.rows
        if reset is not None and (t - reset.offset_steps) % reset.interval_steps == 0:
            state.u[:, rows], state.v[:, rows], state.memory_1[:, rows] = 0, 0, 0
            state.memory_0[:, rows] = machine.initial[rows]


def step(machine: Machine, state: State, t: int, inputs: Mapping[str, Sending], draws: Mapping[str, Ints]) -> Made:
    """Advance every sample by step t. `inputs`: what each input shows. `draws`: noisy population -> (samples, size)."""
    reset_periodically(machine, state, t)
    state.plastic.before(t)
    arriving = {name: take_arriving(machine, state, cells, t) for name, cells in machine.populations.items()}
    active = (state.u != 0) | (state.v != 0) | (machine.registers["bias"] != 0)
    made = Made(active, {}, {})
    for name, cells in machine.populations.items():
        sums, noise = arriving[name], noise_of(cells, draws[name]) if name in draws else 0
        active[:, cells.rows] |= sums[:, 0] != 0
        x = Update(machine.program.target.dialect, cells, state, sums[:, 0], sums[:, -1], noise)
        made.sent[name] = whole(UPDATES[cells.kind](x).astype(np.float64))  # a value travels as a double
        if x.overflows is not None:
            made.overflows[name] = x.overflows
    for name, sent in made.sent.items():
        sample, number = np.nonzero(sent)
        deliver(machine, state, name, Sending(sample, number, sent[sample, number]), t)
    for name, shown in inputs.items():
        deliver(machine, state, name, shown, t)
    if machine.plastic:
        lines = {name: shown_values(machine, name, shown, len(state.u)) for name, shown in inputs.items()}
        state.plastic.after({**made.sent, **lines}, t)
    return made
