"""The definition of what a program means, in plain numpy: slow, complete, and meant to be read beside the chip's documents.

A machine is a list of rows, one for each compartment of the core tables. In step t, for every sample:

1. a row whose population is reset periodically takes its initial state;
2. what arrives in step t is taken from the ring: sums of weights by port ("a", and "b" of kinds with two inputs);
3. the rule of its kind makes u, then v with the new u, compares, and resets: `compartment` and the functions after it;
4. what a row sends (1, or a value where the kind has graded spikes) walks the core tables: output axon -> input axon ->
   list and base -> segments -> entries; an entry adds its weight to row `base + target` in step t + 1 + delay.

Every rule names where it comes from; "lava" is lava-nc 0.10.0 in fixed point, "nengo" nengo-loihi 1.1.0, "brian2" Brian2Loihi
0.5.2. In which of these a run is computed is data: the program's dialect. The compiled engine gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.program.program import PlacedPopulation
from neurodeploy.program.tables import RESETS
from neurodeploy_backends.emulator.spec_tables import Machine

__all__ = ["State", "Step", "arrived", "cleared", "deliver", "reset_periodically", "update"]

Ints = NDArray[np.int64]
Array = NDArray[Any]
PORTS = 2
"""Inputs that are summed apart, "a" and "b"; most kinds have the first alone."""


# --- arithmetic


def toward_zero(product: Ints, bits: int | Ints) -> Ints:
    """Return product / 2**bits, rounded towards zero. Source: lava and nengo decay so; measured equal."""
    return np.sign(product) * (np.abs(product) >> bits)


def wrapped(x: Ints, bits: int) -> Ints:
    """Return x in two's complement of `bits` and a sign. Source: nengo, q on 21 bits, u and u + bias on 23."""
    return ((x + (1 << bits)) & ((2 << bits) - 1)) - (1 << bits)


def folded(x: Ints, bits: int) -> Ints:
    """Return x with one range taken off above 2**bits, or added at or below -2**bits. Source: lava, the current of a LIF."""
    over = (x > 1 << bits).astype(np.int64) - (x <= -(1 << bits)).astype(np.int64)
    return x - over * (2 << bits)


def kept(x: Ints, bits: int, how: str) -> Ints:
    """Return what a register of a dialect keeps of a sum."""
    return wrapped(x, bits) if how == "wrap" else folded(x, bits) if how == "fold" else x


# --- state


@dataclass
class State:
    """What is kept from step to step; (samples, rows) each, the ring (samples, slots, ports, rows)."""

    u: Ints
    v: Ints
    refract: Ints
    """Steps in which a neuron is still dead."""
    first: Ints
    second: Ints
    """States besides u and v of the kinds that have them (see `IntegerNeuron.memories`)."""
    ring: Ints
    """Slot t modulo slots: what arrives in step t."""


class Step(NamedTuple):
    """What one population did in one step; (samples, size) each."""

    sent: Ints
    """0: nothing; 1, or the value of a graded spike."""
    overflows: tuple[Array, Array, Array] | None = None
    """Where the accumulator left its range, where the current or the drive did, where v met a limit."""


class Here(NamedTuple):
    """One population in one step, as the rules of its kind see it."""

    dialect: Dialect
    parameters: dict[str, Array]
    registers: dict[str, Ints]
    """(size,) each, of the rows of the population."""
    state: State
    rows: Any
    """Its rows, in the order of its neurons."""
    a: Ints
    b: Ints
    """(samples, size): what arrived at the ports, in the accumulator's unit."""
    noise: Ints | int

    def get(self, name: str) -> Ints:
        """Return a state of this population."""
        return getattr(self.state, name)[:, self.rows]

    def put(self, **states: Ints) -> None:
        """Set states of this population."""
        for name, values in states.items():
            getattr(self.state, name)[:, self.rows] = values

    def units(self, sums: Ints) -> Ints:
        """Return sums of weights in units of a mantissa, as the kinds without a synaptic filter count."""
        return sums >> self.dialect.weight_shift_bits


# --- the current-based compartment: if, lif, cuba_lif, li, cuba_li, loihi_cuba, ternary_cuba


def compartment(here: Here) -> Step:
    """u = keep_u(u) + q;  v = keep_v(v) + u + bias, limited;  v = 0 in a dead step;  spike where v > threshold.

    keep_u(u) = rtz(u (4096 - du - 1) / 4096), keep_v(v) = rtz(v (4096 - dv) / 4096). Source: lava lif/models.py, nengo
    emulator, brian2 loihi_neuron_group.py; Davies et al. 2018 for the form. Limits and overflows are the dialect's.
    """
    d, r = here.dialect, here.registers
    at_current = "noise_at" in here.parameters and here.parameters["noise_at"][0] == 0
    total = here.a + (here.noise if at_current else 0)
    q = total if d.accumulator_wrap_bits is None else wrapped(total, d.accumulator_wrap_bits)
    free_u = toward_zero(here.get("u") * r["keep_u"], d.decay_bits) + q
    u = kept(free_u, d.state_bits, d.current_overflow)
    free_drive = u + r["bias"] + (0 if at_current else here.noise)
    drive = kept(free_drive, d.state_bits, d.drive_overflow)
    free_v = toward_zero(here.get("v") * r["keep_v"], d.decay_bits) + drive
    v = np.minimum(np.maximum(free_v, r["vmin"]), r["vmax"])
    dead = here.get("refract") > 0
    overflows = (q != total, (free_u != u) | (free_drive != drive), v != free_v)
    v = np.where(dead, 0, v)
    sent = _compared(here, v)
    after = np.where(r["reset"] == RESETS["zero"], 0, np.where(r["reset"] == RESETS["subtract"], v - r["vth"], v))
    refract = np.where(sent != 0, r["refract"], here.get("refract"))
    here.put(u=u, v=np.where(sent != 0, after, v), refract=np.maximum(refract - 1, 0))
    return Step(sent, overflows)


def _compared(here: Here, v: Ints) -> Ints:
    """1 where v exceeds the threshold; of ternary neurons also -1 where it is below the lower one (lava tlif)."""
    if "v_upper_mant" not in here.parameters:
        return (v > here.registers["fires_above"]).astype(np.int64)
    upper, lower = (
        here.parameters[name].astype(np.int64) << here.dialect.threshold_shift_bits
        for name in ("v_upper_mant", "v_lower_mant")
    )
    return (v > upper).astype(np.int64) - (v < lower).astype(np.int64)


# --- kinds of lava that send values; the equations are those of neurodeploy.network.graded


def _integer(here: Here, name: str) -> Ints:
    return here.parameters[name].astype(np.int64)


def sigma(here: Here) -> Step:
    """u += a; sends u."""
    u = here.get("u") + here.units(here.a)
    here.put(u=u)
    return Step(u)


def _difference(here: Here, act: Ints, threshold: Ints, *, cumulative: Array | bool) -> Step:
    """Send the change of `act` since the last step, and what was held back, once it reaches the threshold."""
    change = act - here.get("v") + here.get("first")
    error = here.get("second") + np.where(cumulative, change, 0)
    enough = np.abs(np.where(cumulative, error, change)) >= threshold
    sent = np.where(enough, change, 0)
    here.put(v=act, first=change - sent, second=np.where(sent != 0, 0, error))
    return Step(sent >> _integer(here, "state_exp"))


def delta(here: Here) -> Step:
    """act = a << (spike_exp + state_exp). Source: lava sdn."""
    up = _integer(here, "spike_exp") + _integer(here, "state_exp")
    return _difference(here, here.units(here.a) << up, _integer(here, "threshold") << up, cumulative=False)


def sigma_delta(here: Here) -> Step:
    """u += a; act = f(u + bias). Source: lava sdn."""
    up = _integer(here, "spike_exp") + _integer(here, "state_exp")
    u = here.get("u") + here.units(here.a)
    here.put(u=u)
    act = u + (_integer(here, "bias") << up)
    act = np.where(here.parameters["activation"] == 0, np.maximum(act, 0), act)  # 0: relu
    cumulative = here.parameters["cumulative_error"] != 0
    return _difference(here, act, _integer(here, "threshold") << up, cumulative=cumulative)


def relu(here: Here) -> Step:
    """Send a above the threshold; unless rectified, below its negative too."""
    a, threshold = here.units(here.a), _integer(here, "threshold")
    through = (a > threshold) | ((here.parameters["rectify"] == 0) & (a < -threshold))
    return Step(np.where(through, a, 0))


def product(here: Here) -> Step:
    """Send (a b) >> exponent where its size exceeds the threshold. Source: lava prodneuron."""
    value = (here.units(here.a) * here.units(here.b)) >> _integer(here, "exponent")
    return Step(np.where(np.abs(value) > _integer(here, "threshold"), value, 0))


def resonate_fire(here: Here) -> Step:
    """A rotation that decays; a spike where im passes 0 upwards, or with Izhikevich's reset where im' reaches the threshold."""
    s, c, up = (_integer(here, name) for name in ("sin_decay", "cos_decay", "state_exp"))
    bits, limit = _integer(here, "decay_bits"), (1 << here.dialect.state_bits) - 1
    re, im = here.get("u"), here.get("v")
    x = toward_zero(c * re, bits) - toward_zero(s * im, bits) + (here.units(here.a) << up)
    y = toward_zero(s * re, bits) + toward_zero(c * im, bits) + (here.units(here.b) << up)
    x, y = np.clip(x, -limit, limit), np.clip(y, -limit, limit)
    threshold, izhikevich = _integer(here, "threshold") << up, here.parameters["reset"] != 0
    sent = np.where(izhikevich, y >= threshold, (x >= threshold) & (y >= 0) & (im < 0))
    moved = sent & izhikevich
    here.put(u=np.where(moved, 0, x), v=np.where(moved, threshold - 1, y))
    return Step(sent.astype(np.int64))


def resonate_zero(here: Here) -> Step:
    """The same with 15 bits, each term rounded down; sends re' where im passes 0 upwards. Source: lava rf_iz."""
    s, c = _integer(here, "sin_decay"), _integer(here, "cos_decay")
    re, im = here.get("u"), here.get("v")
    x = ((c * re) >> ZERO_BITS) - ((s * im) >> ZERO_BITS) + here.units(here.a)
    y = ((s * re) >> ZERO_BITS) + ((c * im) >> ZERO_BITS) + here.units(here.b)
    here.put(u=x, v=y)
    return Step(np.where((x > _integer(here, "threshold")) & (y >= 0) & (im < 0), x, 0))


ZERO_BITS = 15
"""Decay bits of resonate_zero."""


def adaptive_lif(here: Here) -> Step:
    """i, v and r decay, theta towards theta_0; i += a, v += i; spike where v - r >= theta. Source: lava atrlif."""
    d, p = here.dialect, here.parameters
    one = 1 << d.decay_bits
    keep_i = one - (p["delta_i"] * one + d.current_decay_offset)  # not rounded: lava multiplies in floats here
    keep_v, keep_theta, keep_r = (
        np.trunc(one - one * p[name]).astype(np.int64) for name in ("delta_v", "delta_theta", "delta_r")
    )
    base, step = (
        np.trunc(p[name] * (1 << d.threshold_shift_bits)).astype(np.int64) for name in ("theta_0", "theta_step")
    )
    current = toward_zero(np.trunc(here.get("u") * keep_i).astype(np.int64), d.decay_bits) + here.a
    v = toward_zero(here.get("v") * keep_v, d.decay_bits) + current
    theta = toward_zero((here.get("first") - base) * keep_theta, d.decay_bits) + base
    r = toward_zero(here.get("second") * keep_r, d.decay_bits)
    sent = v - r >= theta
    here.put(u=current, v=v, first=theta + np.where(sent, step, 0), second=r + np.where(sent, 2 * theta, 0))
    return Step(sent.astype(np.int64))


RULES: dict[str, Callable[[Here], Step]] = {
    "sigma": sigma,
    "delta": delta,
    "sigma_delta": sigma_delta,
    "relu": relu,
    "product": product,
    "resonate_fire": resonate_fire,
    "resonate_zero": resonate_zero,
    "adaptive_lif": adaptive_lif,
}
"""Kind of neuron -> its rule; every other kind is a current-based compartment."""


# --- delivery: from what was sent in step t to the ring


class Sent(NamedTuple):
    """Messages that leave in one step, one row for each route of each spike."""

    sample: Ints
    core: Ints
    axon: Ints
    """Input axon of the core."""
    value: Array


def routed(sample: Ints, ptr: Array, source: Ints, core: Array, axon: Array, value: Array) -> Sent:
    """Follow the routes [ptr[s], ptr[s + 1]) of each source s that sends."""
    start, stop = ptr[source].astype(np.int64), ptr[source + 1].astype(np.int64)
    routes = places_of(start, stop - start)
    again = stop - start
    return Sent(
        np.repeat(sample, again), core[routes].astype(np.int64), axon[routes].astype(np.int64), np.repeat(value, again)
    )


def deliver(machine: Machine, state: State, sent: Sent, step: int, *, valued: bool) -> None:
    """Add the weights of every list that is touched to the ring, in the slot of step + 1 + delay.

    A spike adds the weight; a value adds weight times value, rounded to the nearest, ties to even. Where the dialect shifts
    sums (lava dense/models.py), those of one projection, step and delay are summed first and rounded down once.
    """
    t = machine.program.tables
    axon = t.in_axon_ptr.astype(np.int64)[sent.core] + sent.axon
    item = t.list_ptr.astype(np.int64)[sent.core] + t.in_axon_list[axon]
    base = t.compartment_ptr.astype(np.int64)[sent.core] + t.in_axon_base[axon]
    segments, of_message = _spans(t.segment_ptr, item)
    entries, of_segment = _spans(t.entry_ptr, segments)
    message, style = of_message[of_segment], t.segment_format[segments][of_segment].astype(np.int64)
    weight, sample = machine.weight[entries], sent.sample[message]
    if valued:
        weight = np.rint(weight.astype(np.float64) * sent.value[message]).astype(np.int64)
    row, delay = base[message] + t.entry_target[entries], t.entry_delay[entries].astype(np.int64)
    shift, port = machine.deferred[style], machine.port[style]
    keys = np.stack(
        [sample, (step + 1 + delay) % machine.slots, port, row, shift, machine.projection[style] * (shift > 0)]
    )
    found, group = np.unique(keys, axis=1, return_inverse=True)
    sums = np.zeros(found.shape[1], dtype=np.int64)
    np.add.at(sums, group.ravel(), weight)
    later = found[4] > 0
    sums[later] = (sums[later] >> found[4][later]) << machine.program.target.dialect.weight_shift_bits
    np.add.at(state.ring, tuple(found[:4]), sums)


def _spans(ptr: Array, items: Ints) -> tuple[Ints, Ints]:
    """(what is in [ptr[i], ptr[i + 1]) for every item i, place of its item)."""
    start = ptr[items].astype(np.int64)
    length = ptr[items + 1].astype(np.int64) - start
    return places_of(start, length), np.repeat(np.arange(items.size), length)


# --- one step


def cleared(machine: Machine, samples: int) -> State:
    """Return the state in which every sample begins: nothing is charged, and nothing is on its way."""
    size = (samples, machine.program.tables.n_rows)
    u, v, refract, first, second = (np.zeros(size, dtype=np.int64) for _ in range(5))
    first[:] = machine.initial
    return State(u, v, refract, first, second, np.zeros((samples, machine.slots, PORTS, size[1]), dtype=np.int64))


def reset_periodically(machine: Machine, state: State, step: int) -> None:
    """Give rows whose population is reset in this step their initial state; dead steps and what is on its way stay."""
    for item in machine.program.network.populations:
        reset = item.state_reset
        if reset is not None and (step - reset.offset_steps) % reset.interval_steps == 0:
            rows = machine.rows[item.name]
            state.u[:, rows], state.v[:, rows], state.second[:, rows] = 0, 0, 0
            state.first[:, rows] = machine.initial[rows]


def arrived(machine: Machine, state: State, step: int) -> Ints:
    """Take (samples, ports, rows) what arrives in this step out of the ring."""
    slot = state.ring[:, step % machine.slots]
    taken, slot[:] = slot.copy(), 0
    return taken


def update(machine: Machine, state: State, item: PlacedPopulation, sums: Ints, draws: Array | None) -> Step:
    """Make one step of a population from what `arrived`; `draws` (samples, size) of its noise."""
    rows = machine.rows[item.name]
    noise = 0 if draws is None else _noise(item, draws.astype(np.int64))
    here = Here(
        dialect=machine.program.target.dialect,
        parameters=item.parameters,
        registers={name: values[rows] for name, values in machine.registers.items()},
        state=state,
        rows=rows,
        a=sums[:, 0, rows],
        b=sums[:, 1, rows],
        noise=noise,
    )
    return RULES.get(item.kind, compartment)(here)


def _noise(item: PlacedPopulation, draws: Ints) -> Ints:
    """z = rtz((x + 64 offset) 2**(exponent - 7)). Source: nengo, whose generator is replaced by ours."""
    exponent = int(item.parameters["noise_exponent"][0])
    x = draws + 64 * int(item.parameters["noise_offset"][0])
    return x << (exponent - NOISE_BITS) if exponent >= NOISE_BITS else toward_zero(x, NOISE_BITS - exponent)


NOISE_BITS = 7
"""A draw has this many bits and a sign."""
