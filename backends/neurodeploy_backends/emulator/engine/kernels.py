# pyright: basic, reportCallIssue=false
"""Kernels: one table-driven engine for every program, in integers, event-driven. The only file of the engine's code.

All of it stands in this one file because numba's cache looks at the file that defines a function and not at what it
calls. Step t of a sample: (1) every population takes what has arrived, updates u, then v with the new u, compares,
resets, and lists its spikes, and the inputs list theirs; (2) what is listed is recorded; (3) every block of synapses
adds the rows of its source's list to the accumulators of its target, in the slot of step t + 1 + delay.

A layout is one record for each population and block over flat arenas. Loops read the arenas through borrowed views,
pointer and length, unchecked and uncounted; with NEURODEPLOY_CHECKED=1 every view is a checked slice and every index is
checked, much slower.
A narrow layout holds state in int32 and is exact where the dialect wraps, or where lowering proved that nothing leaves
its range; a wide one holds int64 and does everything else. Neither reads a name or a number of any chip.
"""

import os
from collections import namedtuple
from functools import partial
from pathlib import Path

import numpy as np
from llvmlite import ir
from numba import njit as _njit
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

__all__ = ["BLOCK", "POPULATION", "Control", "Layout", "Output", "State", "Stimuli", "is_compiled", "run"]

CHECKED = bool(os.environ.get("NEURODEPLOY_CHECKED"))
CAN_YIELD = hasattr(os, "sched_yield")
njit = partial(_njit, boundscheck=True) if CHECKED else _njit


def _record(names):
    return np.dtype([(name, np.int64) for name in names.split()], align=True)


POPULATION = _record(
    "start size padded kind owner acc slots planes plane_shift ports model graded noise noise_exponent noise_offset "
    "noise_column left right state_shift drive_shift proven ku kv bias vth vmin vmax reset refract sleeps reset_every reset_at "
    "record room ids first input runs run_stop"
)
"""start: first row. padded: size up to a multiple of 64. owner: thread. acc: its accumulators, planes x slots x padded.
plane_shift: of plane 0, in the arenas of plane shifts and ports; ports: planes that stay apart, the others are added to
them. model: see MODELS. graded: 1 if its spikes have values. noise: 0 none, 1 current, 2 membrane; noise_column: of the
first neuron in given draws, or -1. left, right: shifts that give q its unit and wrap it. state_shift, drive_shift:
shifts that wrap u, and u + bias. proven: 1 if nothing can overflow, 2 if v meets no limit either. ku ... refract:
registers, where all neurons share them. sleeps: 1 if a silent population stays silent. record, room: its rows of the
recording, room 0 for none. ids, first: neuron of a row, from the arena, or (ids < 0) first + row. runs, run_stop: its
rows by core."""
BLOCK = _record("kind bytes source target owner width weights index pointer shift delay plane tile_bits tiles")
"""bytes: of a weight. width: accumulators of a row. weights, index, pointer: offsets into the arenas. shift: of a weight
to the unit of the accumulators. delay: of all synapses, unless each has its own."""
CUBA, TERNARY, SIGMA_DELTA, DELTA, SIGMA, RELU, PRODUCT, RESONATE, RESONATE_ZERO, ADAPTIVE = range(10)
"""Models of wide populations, with the equations of neurodeploy.network.graded."""
INPUT, EVEN, BIASED, MIXED, VALUES, WIDE = range(6)
"""Kinds of population: an input of spikes; CUBA with one set of registers; with a bias for each neuron; with all registers
for each; an input of values; any other, in wide layouts only."""
DENSE, SPARSE, DELAYED, TILED, SHARED, VALUED = range(6)
"""Kinds of block: rows for all targets; targets and weights; targets with delays; sparse, sorted by tile of the targets;
patterns that sources share; targets and weights that are multiplied by the source's value."""
AHEAD = 4
"""Rows of synapses that are asked for before they are needed."""
CHUNK = 2048
"""Neurons updated before their flags are scanned: what fits the first cache."""
SPINS = 2000
"""Tries before a waiting thread lets another process run."""

Layout = namedtuple(
    "Layout",
    "populations blocks ku kv bias vth vmin vmax refract reset plane_shift plane_port parameters initial global_neuron ids weights8 weights16 index32 "
    "pointer run_start run_core switches",
)
"""A program as the engine reads it. `parameters` (6, rows) and `initial` (2, rows) states are of models; `global_neuron`
numbers all neurons of the program. `pointer` is int32 and holds row starts, tile segments, patterns and runs. `switches`: bits
of the accumulator or 0, bits of the state, overflow of u (0 none, 1 wrap, 2 fold), of u + bias (0, 1), where a narrow u folds,
shift of a weight, bits of a decay."""
State = namedtuple(
    "State",
    "u v more acc refract flags spikes counts values pending asleep cursor queue arrived marks",
)
"""State of one sample, and its scratch. `more` (2, rows) is of models, `flags` of those that fire; `spikes` (2 * rows) and
`counts` (2, populations) are by parity of the steps made; `values` of the rows that send any; `queue` of tiled blocks and
`marks` of neurons in their own order are by thread; `arrived` counts the threads that have met."""
Stimuli = namedtuple("Stimuli", "events first raster column steps values noise number")
"""Input k's events are rows [first[k], first[k + 1]) of `events` (n, 3) (sample, step, line), sorted; or, if column[k] is not
negative, those of `raster`, flat, (samples, `steps`, lines) from there, 1 where a line fires. `number` of the first sample; `values`
(samples, steps, lines) is of all value inputs side by side; `noise` (samples, steps, columns) replaces draws."""
Output = namedtuple(
    "Output", "rows payloads written probe_row probe_kind probe_owner probe_unit probes active watch first"
)
"""rows (n, 3), flat, (sample, step, neuron), and `payloads` beside them where there are any; `written` (2, populations) by
parity of the steps made; probes (samples, steps, columns); active (samples, steps, cores); watch (3, rows) counts of
overflows, empty if they are not counted."""
Control = namedtuple("Control", "sample step stop steps first todo thread threads seed")
"""Where to begin, where to end: samples up to `stop`, their steps first..steps, at most `todo` steps in this call."""


@intrinsic
def _borrowed(typingctx, array, offset, size):
    """A view that neither checks its bounds nor counts a reference."""

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        view = context.make_array(signature.return_type)(context, builder)
        width = context.get_abi_sizeof(context.get_data_type(signature.args[0].dtype))
        itemsize = context.get_constant(types.intp, width)
        populate_array(
            view,
            data=builder.gep(source.data, [arguments[1]]),
            shape=cgutils.pack_array(builder, [arguments[2]]),
            strides=cgutils.pack_array(builder, [itemsize]),
            itemsize=itemsize,
            meminfo=None,
        )
        return view._getvalue()

    return types.Array(array.dtype, 1, "C")(array, types.int64, types.int64), generate


@intrinsic
def _lent(typingctx, group):
    """The same arrays without their owners: nobody counts references to them, which costs more than a short loop."""

    def generate(context, builder, signature, arguments):
        items = []
        for number, kind in enumerate(signature.args[0].types):
            item = builder.extract_value(arguments[0], number)
            if isinstance(kind, types.Array):
                array = context.make_array(kind)(context, builder, item)
                array.meminfo = cgutils.get_null_value(array.meminfo.type)
                array.parent = cgutils.get_null_value(array.parent.type)
                item = array._getvalue()
            items.append(item)
        return context.make_tuple(builder, signature.return_type, items)

    return group(group), generate


@njit
def _checked(array, offset, size):
    if offset < 0 or size < 0 or offset + size > array.size:
        raise IndexError("a view leaves its arena")
    return array[offset : offset + size]


_view = _checked if CHECKED else _borrowed


@intrinsic
def _up(typingctx, x, shift):
    """x << shift in the 32 bits of x; numba's own shift would widen it, and halve the lanes."""

    def generate(context, builder, signature, arguments):
        return builder.shl(*arguments)

    return types.int32(types.int32, types.int32), generate


@intrinsic
def _down(typingctx, x, shift):
    """x >> shift, arithmetic, in 32 bits."""

    def generate(context, builder, signature, arguments):
        return builder.ashr(*arguments)

    return types.int32(types.int32, types.int32), generate


@intrinsic
def _trailing_zeros(typingctx, word):
    def generate(context, builder, signature, arguments):
        kind = ir.FunctionType(ir.IntType(64), [ir.IntType(64), ir.IntType(1)])
        count = cgutils.get_or_insert_function(builder.module, kind, "llvm.cttz.i64")
        return builder.call(count, [arguments[0], ir.Constant(ir.IntType(1), 1)])

    return types.int64(types.uint64), generate


@intrinsic
def _flagged(typingctx, flags, offset):
    """A bit for each of 64 bytes that is not 0."""

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        bytes_ = ir.VectorType(ir.IntType(8), 64)
        place = builder.bitcast(builder.gep(source.data, [arguments[1]]), bytes_.as_pointer())
        loaded = builder.load(place, align=1)
        return builder.bitcast(builder.icmp_unsigned("!=", loaded, ir.Constant(bytes_, None)), ir.IntType(64))

    return types.uint64(flags, types.int64), generate


@intrinsic
def _word(typingctx, array, offset):
    """The 64 bits that begin at an element, aligned or not."""

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.bitcast(builder.gep(source.data, [arguments[1]]), ir.IntType(64).as_pointer())
        return builder.load(place, align=1)

    return types.uint64(array, types.uint64), generate


@intrinsic
def _ask_for(typingctx, array, offset):
    """Prefetch the cache line of an element; any offset is harmless."""

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        place = builder.bitcast(builder.gep(source.data, [arguments[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(call, [place, ir.Constant(number, 0), ir.Constant(number, 3), ir.Constant(number, 1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


@intrinsic
def _add_shared(typingctx, array):
    """Add 1 to element 0, seen by all threads."""

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        builder.atomic_rmw("add", source.data, ir.Constant(ir.IntType(64), 1), "seq_cst")
        return context.get_dummy_value()

    return types.void(array), generate


@intrinsic
def _read_shared(typingctx, array):
    """Element 0 as other threads left it."""

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.load_atomic(source.data, "acquire", 8)

    return types.int64(array), generate


_let_others_run = types.ExternalFunction("sched_yield", types.int32()) if CAN_YIELD else None


@njit
def _meet(arrived, target):
    """Wait until `target` arrivals were counted, this one included."""
    _add_shared(arrived)
    tries = 0
    while _read_shared(arrived) < target:
        tries += 1
        if CAN_YIELD and tries > SPINS:
            _let_others_run()


I1, I2, I4, U8 = np.int8, np.int16, np.int32, np.uint64


@njit(forceinline=True)
def _kept(x, keep):
    """x * keep / 4096 towards zero in 32 bits, for |x| < 2**27 and int16 keep: 12 low bits apart, so nothing overflows."""
    high, low = I2(I4(x >> I4(12))), I2(x & I4(4095))
    up = I4(I4(x >> I4(31)) & I4(4095))
    return I4(I4(I4(high) * I4(keep)) + I4(I4(I4(I4(low) * I4(keep)) + up) >> I4(12)))


@njit(forceinline=True)
def _wrapped(x, shift):
    return _down(_up(x, shift), shift)


@njit(forceinline=True)
def _update_even(pop, u, v, acc, flags, biases, wraps, limits, n):
    """One step of n neurons with the same registers, no dead steps, reset to zero.

    `biases` None: all have the same. `wraps` None: proven that nothing overflows; `limits` None: nor does v meet a limit.
    What is None is left out when this is compiled.
    """
    ku, kv, bias, vth = I2(pop.ku), I2(pop.kv), I4(pop.bias), I4(pop.vth)
    vmin, vmax, left, right = I4(pop.vmin), I4(pop.vmax), I4(pop.left), I4(pop.right)
    state, drive = I4(pop.state_shift), I4(pop.drive_shift)
    for i in range(n):
        q = _up(acc[i], left)
        acc[i] = I4(0)
        own = bias if biases is None else biases[i]
        if wraps is None:
            x = I4(_kept(u[i], ku) + q)
            y = I4(_kept(v[i], kv) + I4(x + own))
        else:
            x = _wrapped(I4(_kept(u[i], ku) + _down(q, right)), state)
            y = I4(_kept(v[i], kv) + _wrapped(I4(x + own), drive))
        u[i] = x
        y = y if limits is None else min(max(y, vmin), vmax)
        fired = y > vth
        flags[i] = np.uint8(fired)
        v[i] = I4(0) if fired else y


@njit
def _update_mixed(pop, layout, state, at, n, slot):
    """One step of rows [at, at + n) with registers, dead steps and reset of their own; u folds if the layout says so."""
    u, v, flags, dead = (
        _view(state.u, at, n),
        _view(state.v, at, n),
        _view(state.flags, at, n),
        _view(state.refract, at, n),
    )
    acc, refract = _view(state.acc, slot, n), _view(layout.refract, at, n)
    ku, kv, bias, vth = (
        _view(layout.ku, at, n),
        _view(layout.kv, at, n),
        _view(layout.bias, at, n),
        _view(layout.vth, at, n),
    )
    vmin, vmax, reset = _view(layout.vmin, at, n), _view(layout.vmax, at, n), _view(layout.reset, at, n)
    left, right, shift, drive = I4(pop.left), I4(pop.right), I4(pop.state_shift), I4(pop.drive_shift)
    top = I4(layout.switches[4])
    for i in range(n):
        x = _wrapped(I4(_kept(u[i], ku[i]) + _down(_up(acc[i], left), right)), shift)
        x = I4(x - I4(I4(top << I4(1)) & I4(-I4(x > top))))
        x = I4(x + I4(I4(top << I4(1)) & I4(-I4(x <= I4(-top)))))
        acc[i] = I4(0)
        u[i] = x
        y = I4(_kept(v[i], kv[i]) + _wrapped(I4(x + bias[i]), drive))
        y = min(max(y, vmin[i]), vmax[i])
        y = I4(0) if dead[i] > 0 else y
        fired = y > vth[i]
        flags[i] = np.uint8(fired)
        dead[i] = np.uint8(refract[i] if fired else dead[i])
        dead[i] = np.uint8(dead[i] - np.uint8(dead[i] > 0))
        # reset holds the bits of the threshold that a spike takes off, or all of v: -1 zero, vth subtract, 0 none
        y = I4(I4(0) if reset[i] < 0 else I4(y - reset[i])) if fired else y
        v[i] = y


@njit
def _fold_planes(pop, layout, state, slot):
    """Add the sums that still wanted their negative exponent to the plane of their port, and clear them."""
    for plane in range(pop.ports, pop.planes):
        part = _view(state.acc, slot + plane * pop.slots * pop.padded, pop.size)
        port = layout.plane_port[pop.plane_shift + plane]
        total = _view(state.acc, slot + port * pop.slots * pop.padded, pop.size)
        down = layout.plane_shift[pop.plane_shift + plane]
        up = layout.switches[5]
        for i in range(pop.size):
            total[i] += (part[i] >> down) << up
            part[i] = 0


@njit(forceinline=True)
def _kept_wide(x, keep, bits):
    product = x * keep
    return (product + ((product >> 63) & ((1 << bits) - 1))) >> bits


@njit(forceinline=True)
def _wrapped_wide(x, bits):
    return ((x + (1 << bits)) & ((1 << (bits + 1)) - 1)) - (1 << bits)


@njit(forceinline=True)
def _overflowed(x, bits, how):
    """x as the dialect keeps it: 0 as it is, 1 wrapped, 2 folded once."""
    if how == 1:
        return _wrapped_wide(x, bits)
    if how == 2 and x > (1 << bits):
        return x - (2 << bits)
    if how == 2 and x <= -(1 << bits):
        return x + (2 << bits)
    return x


@njit(forceinline=True)
def _mixed_bits(x):
    """A 64-bit number whose bits depend on all bits of x (the finaliser of splitmix64, Steele et al. 2014)."""
    x = (x ^ (x >> U8(30))) * U8(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> U8(27))) * U8(0x94D049BB133111EB)
    return x ^ (x >> U8(31))


@njit(forceinline=True)
def _draw(seed, sample, step, neuron):
    """-127..127 for a neuron of the program in a step: nothing else decides it, no core, thread or neighbour."""
    x = _mixed_bits(U8(seed) + U8(0x9E3779B97F4A7C15) * (U8(sample) + U8(1)))
    x = _mixed_bits(x ^ (U8(step) << U8(32)) ^ U8(neuron))
    return np.int64(((x >> U8(32)) * U8(255)) >> U8(32)) - 127


@njit
def _noise(pop, layout, stimuli, seed, sample, step, i):
    """What is added to a neuron's current or membrane in this step."""
    if pop.noise_column >= 0:
        x = np.int64(stimuli.noise[sample % stimuli.noise.shape[0], step - 1, pop.noise_column + i - pop.start])
    else:
        x = _draw(seed, sample + stimuli.number, step, layout.global_neuron[i])
    x += 64 * pop.noise_offset
    if pop.noise_exponent >= 7:
        return x << (pop.noise_exponent - 7)
    return _kept_wide(x, 1, 7 - pop.noise_exponent)


@njit
def _update_wide(pop, layout, state, stimuli, watch, slot, seed, sample, step):
    """One step of a CUBA population with everything that a dialect may ask for; counts what leaves its range."""
    bits, counted = layout.switches[1], watch.shape[1] > 0
    for i in range(pop.start, pop.start + pop.size):
        total = state.acc[slot + i - pop.start]
        state.acc[slot + i - pop.start] = 0
        z = _noise(pop, layout, stimuli, seed, sample, step, i) if pop.noise > 0 else np.int64(0)
        total += z if pop.noise == 1 else 0
        q = _wrapped_wide(total, layout.switches[0]) if layout.switches[0] > 0 else total
        plain = _kept_wide(state.u[i], layout.ku[i], layout.switches[6]) + q
        u = _overflowed(plain, bits, layout.switches[2])
        drive = u + layout.bias[i] + (z if pop.noise == 2 else 0)
        kept = _overflowed(drive, bits, layout.switches[3])
        free = _kept_wide(state.v[i], layout.kv[i], layout.switches[6]) + kept
        v = min(max(free, layout.vmin[i]), layout.vmax[i])
        if counted:
            watch[0, i] += q != total
            watch[1, i] += (plain != u) | (drive != kept)
            watch[2, i] += v != free
        if state.refract[i] > 0:
            v = np.int64(0)
        sent = np.int64(v > layout.vth[i])
        if pop.model == TERNARY:
            sent = np.int64(v > layout.parameters[0, i]) - np.int64(v < layout.parameters[1, i])
            state.values[i] = np.float64(sent)
        state.flags[i] = np.uint8(sent != 0)
        if sent != 0:
            v = np.int64(0) if layout.reset[i] < 0 else v - layout.reset[i]
            state.refract[i] = layout.refract[i]
        if state.refract[i] > 0:
            state.refract[i] -= np.uint8(1)
        state.u[i] = u
        state.v[i] = v


@njit
def _differences(model, p, a, state, i):
    """Sigma-delta, delta and sigma: returns the value to send."""
    if model == SIGMA:
        state.u[i] += a
        return state.u[i]
    if model == DELTA:
        act = a << np.int64(p[1])
    else:
        state.u[i] += a
        act = state.u[i] + np.int64(p[1])
        act = max(act, np.int64(0)) if p[3] == 0 else act
    change = act - state.v[i] + state.more[0, i]
    compared = change
    if model == SIGMA_DELTA and p[4] != 0:
        state.more[1, i] += change
        compared = state.more[1, i]
    sent = change if abs(compared) >= p[0] else np.int64(0)
    if sent != 0:
        state.more[1, i] = 0
    state.v[i] = act
    state.more[0, i] = change - sent
    return sent >> np.int64(p[2])


@njit
def _resonate(p, a, b, limit, state, i):
    """Resonate and fire, by parameters (sin, cos, decay bits, threshold, state exponent, reset)."""
    s, c, bits, up = np.int64(p[0]), np.int64(p[1]), np.int64(p[2]), np.int64(p[4])
    re, im = state.u[i], state.v[i]
    x = _kept_wide(re, c, bits) - _kept_wide(im, s, bits) + (a << up)
    y = _kept_wide(re, s, bits) + _kept_wide(im, c, bits) + (b << up)
    x, y = min(max(x, -limit), limit), min(max(y, -limit), limit)
    sent = y >= p[3] if p[5] != 0 else x >= p[3] and y >= 0 and im < 0
    if sent and p[5] != 0:
        x, y = np.int64(0), np.int64(p[3]) - 1
    state.u[i], state.v[i] = x, y
    return np.int64(sent)


@njit
def _resonate_zero(p, a, b, state, i):
    s, c, re, im = np.int64(p[0]), np.int64(p[1]), state.u[i], state.v[i]
    x = ((c * re) >> 15) - ((s * im) >> 15) + a
    y = ((s * re) >> 15) + ((c * im) >> 15) + b
    state.u[i], state.v[i] = x, y
    return x if x > p[2] and y >= 0 and im < 0 else np.int64(0)


@njit
def _adapt(p, a, bits, state, i):
    """Adaptive leaky integrate and fire, by parameters (factors of i, v, theta, r; theta_0, theta_step)."""
    half = (np.int64(1) << bits) - 1
    current = np.int64(np.float64(state.u[i]) * p[0])
    current = ((current + ((current >> 63) & half)) >> bits) + a
    v = _kept_wide(state.v[i], np.int64(p[1]), bits) + current
    base = np.int64(p[4])
    theta = _kept_wide(state.more[0, i] - base, np.int64(p[2]), bits) + base
    r = _kept_wide(state.more[1, i], np.int64(p[3]), bits)
    sent = v - r >= theta
    state.u[i], state.v[i] = current, v
    state.more[0, i] = theta + (np.int64(p[5]) if sent else 0)
    state.more[1, i] = r + (2 * theta if sent else 0)
    return np.int64(sent)


@njit
def _update_model(pop, layout, state, slot):
    """One step of a population that is no CUBA: its value, or 1 for a spike, stands in state.values where it is sent."""
    down, bits, far = layout.switches[5], layout.switches[6], pop.slots * pop.padded
    limit, model = (np.int64(1) << layout.switches[1]) - 1, pop.model
    for i in range(pop.start, pop.start + pop.size):
        at, p = slot + i - pop.start, layout.parameters[:, i]
        total, b = state.acc[at], np.int64(0)
        state.acc[at] = 0
        if pop.ports > 1:
            b = state.acc[at + far] >> down
            state.acc[at + far] = 0
        a = total >> down
        if model == RESONATE:
            sent = _resonate(p, a, b, limit, state, i)
        elif model == RESONATE_ZERO:
            sent = _resonate_zero(p, a, b, state, i)
        elif model == ADAPTIVE:
            sent = _adapt(p, total, bits, state, i)
        elif model == RELU:
            sent = a if a > p[0] or (p[1] == 0 and a < -p[0]) else np.int64(0)
        elif model == PRODUCT:
            product = (a * b) >> np.int64(p[1])
            sent = product if abs(product) > p[0] else np.int64(0)
        else:
            sent = _differences(model, p, a, state, i)
        state.flags[i] = np.uint8(sent != 0)
        state.values[i] = np.float64(sent)


@njit(forceinline=True)
def _list_flags(flags, first, spikes):
    """Write the numbers of the set bytes, 64 at a time; return how many. Bytes after the last are there, and are 0."""
    count = 0
    for low in range(0, flags.size, 64):
        word = _flagged(flags, low)
        while word != U8(0):
            spikes[U8(count)] = I4(first + low + _trailing_zeros(word))
            count += 1
            word &= word - U8(1)
    return count


@njit(forceinline=True)
def _scan(state, pop, parity, low, n, count):
    """List the flagged neurons of [low, low + n) after the first `count`; return how many there are then."""
    spikes = _view(state.spikes, parity * (state.spikes.size >> 1) + pop.start + count, pop.size - count)
    return count + _list_flags(_view(state.flags, pop.start + low, n), low, spikes)


@njit
def _update_plain(pop, u, v, acc, flags, biases, n):
    """The loop without what is proven to change nothing."""
    if pop.proven == 2:
        _update_even(pop, u, v, acc, flags, biases, None, None, n)
    elif pop.proven == 1:
        _update_even(pop, u, v, acc, flags, biases, None, True, n)
    else:
        _update_even(pop, u, v, acc, flags, biases, True, True, n)


@njit(forceinline=True)
def _update_narrow(pop, layout, state, slot, parity):
    """Update and scan a population chunk by chunk; return its spikes."""
    count = 0
    for low in range(0, pop.size, CHUNK):
        n = min(CHUNK, pop.size - low)
        at, whole = pop.start + low, (n + 15) & ~15
        u, v = _view(state.u, at, whole), _view(state.v, at, whole)
        acc, flags = _view(state.acc, slot + low, whole), _view(state.flags, at, whole)
        if pop.kind == EVEN:
            _update_plain(pop, u, v, acc, flags, None, whole)
        elif pop.kind == BIASED:
            _update_plain(pop, u, v, acc, flags, _view(layout.bias, at, whole), whole)
        else:
            _update_mixed(pop, layout, state, at, whole, slot + low)
        for k in range(n, whole):
            flags[k] = np.uint8(0)
        count = _scan(state, pop, parity, low, n, count)
    return count


@njit
def _is_silent(pop, state):
    """Whether nothing is left that could move a neuron."""
    u, v, dead = (
        _view(state.u, pop.start, pop.size),
        _view(state.v, pop.start, pop.size),
        _view(state.refract, pop.start, pop.size),
    )
    bits = u[0] & 0
    for i in range(pop.size):
        bits |= u[i] | v[i] | dead[i]
    return bits == 0


@njit
def _reset_states(pop, layout, state):
    for i in range(pop.start, pop.start + pop.padded):
        state.u[i] = 0
        state.v[i] = 0
    if state.more.shape[1] > 0:
        for i in range(pop.start, pop.start + pop.size):
            state.more[0, i] = layout.initial[0, i]
            state.more[1, i] = layout.initial[1, i]


@njit
def _list_raster(pop, state, stimuli, parity, sample, step):
    """List the lines of a raster that fire in this step; return how many."""
    if step > stimuli.steps:
        return 0
    n, spikes = pop.size, _view(state.spikes, parity * (state.spikes.size >> 1) + pop.start, pop.padded)
    fires = _view(stimuli.raster, stimuli.column[pop.input] + (sample * stimuli.steps + step - 1) * n, n)
    count = _list_flags(_view(fires, 0, n & ~63), 0, spikes)
    for line in range(n & ~63, n):
        if fires[line] != 0:
            spikes[count] = I4(line)
            count += 1
    return count


@njit(forceinline=True)
def _list_input(pop, state, stimuli, parity, sample, step):
    """List an input's events of this step; return how many."""
    if stimuli.column[pop.input] >= 0:
        return _list_raster(pop, state, stimuli, parity, sample, step)
    events, k = stimuli.events, state.cursor[pop.input]
    stop = stimuli.first[pop.input + 1]
    while k < stop and (events[k, 0] < sample or (events[k, 0] == sample and events[k, 1] < step)):
        k += 1
    count, spikes = 0, _view(state.spikes, parity * (state.spikes.size >> 1) + pop.start, pop.padded)
    while k < stop and events[k, 1] == step and events[k, 0] == sample:
        spikes[count] = events[k, 2]
        count += 1
        k += 1
    state.cursor[pop.input] = k
    return count


@njit
def _list_values(pop, state, stimuli, parity, sample, step):
    """List an input's lines whose value is not 0 in this step, and keep the values; return how many."""
    count, spikes = 0, _view(state.spikes, parity * (state.spikes.size >> 1) + pop.start, pop.padded)
    if step > stimuli.values.shape[1]:
        return 0
    for line in range(pop.size):
        value = stimuli.values[sample, step - 1, pop.input + line]
        state.values[pop.start + line] = value
        if value != 0.0:
            spikes[count] = line
            count += 1
    return count


@njit(forceinline=True)
def _write_rows(pop, layout, state, output, number, count, parity, sample, step):
    """Record a population's spikes as rows (sample, step, neuron)."""
    spikes = _view(state.spikes, parity * (state.spikes.size >> 1) + pop.start, count)
    at, first = output.written[1 - parity, number], I4(pop.first)
    rows = _view(output.rows, 3 * (pop.record + at), 3 * count)
    if pop.ids >= 0:
        spikes, first = _in_order(pop, layout, state, spikes, pop.owner), I4(0)
    for k in range(count):
        rows[3 * k] = I4(sample)
        rows[3 * k + 1] = I4(step)
        rows[3 * k + 2] = first + spikes[k]
    if pop.graded == 1 and output.payloads.size > 0:
        for k in range(count):
            output.payloads[pop.record + at + k] = np.int64(state.values[pop.start + np.int64(spikes[k])])
    output.written[parity, number] = at + count


@njit
def _in_order(pop, layout, state, spikes, thread):
    """The neurons of a population that is held in another order, ascending: marked, then scanned."""
    marks = state.marks[thread]
    neurons = np.empty(spikes.size, np.int32)
    for k in range(spikes.size):
        marks[layout.ids[pop.ids + spikes[k]]] = np.uint8(1)
    _list_flags(marks, 0, neurons)
    for k in range(spikes.size):
        marks[neurons[k]] = np.uint8(0)
    return neurons


@njit
def _count_active(pop, layout, state, slot, active):
    """Add the rows that are about to be moved by u, v, bias or input to the counts of their cores."""
    for run in range(pop.runs, pop.run_stop):
        low, high = layout.run_start[run], layout.run_start[run + 1]
        count = 0
        for i in range(low, high):
            q = state.acc[slot + i - pop.start]
            count += (q != 0) | (state.u[i] != 0) | (state.v[i] != 0) | (layout.bias[i] != 0)
        active[layout.run_core[run]] += I4(count)


@njit
def _probe(layout, state, output, me, sample, step):
    """Record the states of the columns that are this thread's."""
    for column in range(output.probe_row.size):
        if output.probe_owner[column] == me:
            row, kind = output.probe_row[column], output.probe_kind[column]
            if kind >= 3:
                value = np.int64(state.more[kind - 3, row])
            elif kind == 1:
                value = np.int64(state.u[row])
            elif kind == 2 and state.flags[row]:
                value = np.int64(layout.refract[row]) * output.probe_unit
            else:
                value = np.int64(state.v[row])
            output.probes[sample, step, column] = value


@njit(forceinline=True)
def _add_rows(weights, block, spikes, acc):
    """Dense: four rows at a time, in 16 columns at least so that no loop has a scalar rest."""
    n, shift, at = block.width, I4(block.shift), block.weights
    j, count = 0, spikes.size
    while j + 4 <= count:
        a, b = _view(weights, at + spikes[j] * n, n), _view(weights, at + spikes[j + 1] * n, n)
        c, d = _view(weights, at + spikes[j + 2] * n, n), _view(weights, at + spikes[j + 3] * n, n)
        for k in range(n):
            acc[k] += _up(I4(I4(I4(a[k]) + I4(b[k])) + I4(I4(c[k]) + I4(d[k]))), shift)
        j += 4
    while j < count:
        a = _view(weights, at + spikes[j] * n, n)
        for k in range(n):
            acc[k] += _up(I4(a[k]), shift)
        j += 1


@njit(forceinline=True)
def _ask_for_groups(groups, start, stop):
    """Ask for the lines that hold groups [start, stop), as far as the first 64."""
    size = 8 // groups.itemsize + 4
    stop = min(stop, start + 64)
    for k in range(start * size, stop * size, 64 // groups.itemsize):
        _ask_for(groups, k)


@njit(forceinline=True)
def _scatter(groups, start, stop, shift, acc):
    """Add the weights of groups [start, stop) to their accumulators. A group is four 16-bit targets, then four weights.

    One load for four targets, because loads and stores of accumulators are what limits this loop; targets beside their
    weights, because a row of synapses is a cache miss; unsigned numbers, so that no index is checked.
    """
    head = U8(8 // groups.itemsize)
    k, stop = U8(start) * (head + U8(4)), U8(stop) * (head + U8(4))
    while k < stop:
        word, w = _word(groups, k), k + head
        acc[word & U8(0xFFFF)] += _up(I4(groups[w]), shift)
        acc[(word >> U8(16)) & U8(0xFFFF)] += _up(I4(groups[w + U8(1)]), shift)
        acc[(word >> U8(32)) & U8(0xFFFF)] += _up(I4(groups[w + U8(2)]), shift)
        acc[word >> U8(48)] += _up(I4(groups[w + U8(3)]), shift)
        k = w + U8(4)


@njit(forceinline=True)
def _add_sparse(groups, pointer, spikes, shift, acc):
    """Targets and weights by source, in groups of four."""
    count = spikes.size
    for j in range(count):
        if j + AHEAD < count:
            ahead = U8(spikes[U8(j + AHEAD)])
            _ask_for_groups(groups, np.int64(pointer[ahead]), np.int64(pointer[ahead + U8(1)]))
        source = U8(spikes[U8(j)])
        _scatter(groups, pointer[source], pointer[source + U8(1)], shift, acc)


@njit
def _add_ringed(weights, index, pointer, block, spikes, ring, now):
    """The same with delays: the index counts through the slots, from the one of the next step on."""
    count, shift, end = spikes.size, I4(block.shift), U8(ring.size)
    for j in range(count):
        if j + AHEAD < count:
            ahead = np.int64(pointer[U8(spikes[U8(j + AHEAD)])])
            for line in range(0, 128, 16):
                _ask_for(index, ahead + line)
            _ask_for(weights, ahead)
            _ask_for(weights, ahead + 64)
        source = U8(spikes[U8(j)])
        k, stop = U8(pointer[source]), U8(pointer[source + U8(1)])
        while k < stop:
            place = U8(now) + U8(index[k])
            place = place - end if place >= end else place
            ring[place] += _up(I4(weights[k]), shift)
            k += U8(1)


@njit
def _add_valued(weights, index, pointer, block, spikes, values, ring, now):
    """The same for sources that send values: a weight counts value times, rounded to even."""
    end = np.int64(ring.size)
    for j in range(spikes.size):
        source = np.int64(spikes[j])
        value = values[source]
        for k in range(pointer[source], pointer[source + 1]):
            place = now + np.int64(index[k])
            place = place - end if place >= end else place
            ring[place] += np.int64(np.rint(np.float64(np.int64(weights[k]) << block.shift) * value))


@njit
def _add_tiled(groups, pointer, block, spikes, queue, acc):
    """Sparse into many targets: the segments of all spikes are sorted by tile, so that a tile is in the cache at a time.

    pointer: per source the first of its segments (n + 1), then per segment its start (m + 1), then its tile (m).
    """
    count, sources = spikes.size, block.tiles
    n_tiles = (acc.size + (1 << block.tile_bits) - 1) >> block.tile_bits
    ends = _view(queue, 0, n_tiles + 1)
    for k in range(n_tiles + 1):
        ends[k] = 0
    starts = _view(pointer, sources + 1, pointer[sources] + 1)
    tile_of = _view(pointer, sources + 2 + pointer[sources], np.int64(pointer[sources]))
    for j in range(count):
        source = U8(spikes[U8(j)])
        for s in range(pointer[source], pointer[source + U8(1)]):
            ends[U8(tile_of[U8(s)]) + U8(1)] += 1
    for k in range(n_tiles):
        ends[k + 1] += ends[k]
    total = ends[n_tiles]
    segments = _view(queue, n_tiles + 1, total)
    for j in range(count):
        source = U8(spikes[U8(j)])
        for s in range(pointer[source], pointer[source + U8(1)]):
            tile, start = U8(tile_of[U8(s)]), np.int64(starts[U8(s)])
            segments[U8(ends[tile])] = (start << 16) | (np.int64(starts[U8(s + 1)]) - start)
            ends[tile] += 1
    done, shift = 0, I4(block.shift)
    for tile in range(n_tiles):
        low = tile << block.tile_bits
        part = _view(acc, low, min(1 << block.tile_bits, acc.size - low))
        while done < ends[tile]:
            if done + 6 * AHEAD < total:
                ahead = segments[U8(done + 6 * AHEAD)]
                _ask_for_groups(groups, ahead >> 16, (ahead >> 16) + (ahead & 0xFFFF))
            segment = segments[U8(done)]
            _scatter(groups, segment >> 16, (segment >> 16) + (segment & 0xFFFF), shift, part)
            done += 1


@njit
def _add_shared_rows(weights, pointer, block, spikes, acc):
    """Patterns that sources share, each a few runs of neighbouring targets.

    pointer: per source its pattern and its base (2 n), then per pattern the first of its runs (p + 1), then per run
    (target from the base, length, first weight).
    """
    shift, n = I4(block.shift), block.tiles
    runs = 2 * n + block.tile_bits + 1
    for j in range(spikes.size):
        source = np.int64(spikes[j])
        pattern, base = pointer[2 * source], pointer[2 * source + 1]
        for run in range(pointer[2 * n + pattern], pointer[2 * n + pattern + 1]):
            at = runs + 3 * run
            m = pointer[at + 1]
            row, part = _view(weights, block.weights + pointer[at + 2], m), _view(acc, base + pointer[at], m)
            for k in range(m):
                part[k] += _up(I4(row[k]), shift)


@njit(forceinline=True)
def _deliver(layout, state, weights, block, source, target, step, parity, me, wide):
    """Add the rows of everything that the source listed."""
    spikes = _view(state.spikes, parity * (state.spikes.size >> 1) + source.start, state.counts[parity, block.source])
    slot = (step + 1 + block.delay) % target.slots
    plane = target.acc + block.plane * target.slots * target.padded
    acc = _view(state.acc, plane + slot * target.padded, target.padded)
    pointer = _view(layout.pointer, block.pointer, layout.pointer.size - block.pointer)
    if block.kind == DENSE:
        _add_rows(weights, block, spikes, _view(acc, 0, block.width))
        return
    rest = _view(weights, block.weights, weights.size - block.weights)
    if block.kind == SPARSE:
        if block.shift == 0:
            _add_sparse(rest, pointer, spikes, I4(0), acc)
        else:
            _add_sparse(rest, pointer, spikes, I4(block.shift), acc)
    elif block.kind == SHARED:
        _add_shared_rows(weights, pointer, block, spikes, acc)
    elif block.kind == TILED:
        queue = state.queue[me]
        _add_tiled(rest, pointer, block, spikes, queue, _view(acc, 0, target.size))
    else:
        index = _view(layout.index32, block.index, layout.index32.size - block.index)
        ring = _view(state.acc, plane, target.slots * target.padded)
        now = ((step + 1) % target.slots) * target.padded
        if block.kind == DELAYED:
            _add_ringed(rest, index, pointer, block, spikes, ring, now)
        elif wide is not None:
            values = _view(state.values, source.start, source.size)
            _add_valued(rest, index, pointer, block, spikes, values, ring, now)


@njit(forceinline=True)
def _move(pop, number, layout, state, stimuli, output, parity, seed, sample, step, wide):
    """Phase 1 for one population: what arrived, the update, the list of its spikes."""
    if state.asleep[number] != 0:
        if state.pending[number] < step:
            return 0
        state.asleep[number] = 0
    if pop.reset_every > 0 and step % pop.reset_every == pop.reset_at:
        _reset_states(pop, layout, state)
    slot = pop.acc + (step % pop.slots) * pop.padded
    if pop.planes > pop.ports:
        _fold_planes(pop, layout, state, slot)
    if output.active.shape[2] > 0:
        _count_active(pop, layout, state, slot, output.active[sample, step - output.first])
    if wide is None:
        count = _update_narrow(pop, layout, state, slot, parity)
    else:
        if pop.model <= TERNARY:
            _update_wide(pop, layout, state, stimuli, output.watch, slot, seed, sample, step)
        else:
            _update_model(pop, layout, state, slot)
        count = _scan(state, pop, parity, 0, pop.size, 0)
    if count == 0 and pop.sleeps == 1 and step & 15 == 0 and state.pending[number] <= step:
        state.asleep[number] = _is_silent(pop, state)
    return count


@njit
def _clear(layout, state, me):
    """Bring this thread's populations to the cleared state."""
    for p in range(layout.populations.size):
        pop = layout.populations[p]
        if pop.owner == me and pop.kind not in (INPUT, VALUES):
            _reset_states(pop, layout, state)
            for i in range(pop.start, pop.start + pop.padded):
                state.refract[i] = 0
            for i in range(pop.acc, pop.acc + pop.planes * pop.slots * pop.padded):
                state.acc[i] = 0
            state.pending[p] = 0
            state.asleep[p] = 0


@njit
def _has_room(layout, written):
    """Whether every recorded population could spike as a whole once more."""
    for p in range(layout.populations.size):
        pop = layout.populations[p]
        if pop.room > 0 and pop.room - written[p] < pop.size:
            return False
    return True


@njit(nogil=True, cache=not CHECKED)
def run(layout, state, stimuli, output, control, wide):  # noqa: PLR0912  # one loop, one function: calls cost more
    """Run from (control.sample, control.step) until `control.stop`, the call's share of steps, or a full recording.

    Returns the sample and step to go on from, and the steps made. With several threads each calls with its number and
    the same control; they meet once in each step. What one publishes in a step stands in the half of its parity, which
    is not written again before all have met once more: so all see the same, and all leave after the same step.
    """
    layout, state, stimuli, output = _lent(layout), _lent(state), _lent(stimuli), _lent(output)
    sample, step, made = control.sample, control.step, 0
    while sample < control.stop:
        if step == control.first and control.first == 1 and control.threads == 1:
            _clear(layout, state, control.thread)
        while step <= control.steps:
            parity = made & 1
            if made == control.todo or not _has_room(layout, output.written[1 - parity]):
                return sample, step, made
            made += 1
            for p in range(layout.populations.size):
                pop = layout.populations[p]
                if pop.owner != control.thread:
                    continue
                if pop.kind == INPUT:
                    count = _list_input(pop, state, stimuli, parity, sample, step)
                elif pop.kind == VALUES:
                    count = _list_values(pop, state, stimuli, parity, sample, step)
                else:
                    count = _move(pop, p, layout, state, stimuli, output, parity, control.seed, sample, step, wide)
                state.counts[parity, p] = count
                if pop.room > 0:
                    _write_rows(pop, layout, state, output, p, count, parity, sample, step)
            if output.probe_row.size > 0:
                _probe(layout, state, output, control.thread, sample, step - control.first)
            if control.threads > 1:
                _meet(state.arrived, made * control.threads)
            for b in range(layout.blocks.size):
                block = layout.blocks[b]
                if block.owner != control.thread or state.counts[parity, block.source] == 0:
                    continue
                source, target = layout.populations[block.source], layout.populations[block.target]
                state.pending[block.target] = max(state.pending[block.target], step + target.slots)
                if block.bytes == 1:
                    _deliver(layout, state, layout.weights8, block, source, target, step, parity, control.thread, wide)
                else:
                    _deliver(layout, state, layout.weights16, block, source, target, step, parity, control.thread, wide)
            step += 1
        sample, step = sample + 1, control.first
    return sample, step, made


def is_compiled():
    """Whether the engine is compiled in this process or in numba's cache on disk."""
    folder = None if CHECKED else run._cache.cache_path  # pyright: ignore[reportAttributeAccessIssue]
    return bool(run.signatures) or (folder is not None and any(Path(folder).glob("kernels.run*.nbi")))
