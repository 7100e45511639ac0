"""What the compiled engine reads and writes: a program as flat arenas with one record for each population and block of synapses.

A narrow layout holds state in int32 and is exact where everything wraps, or where lowering proved that nothing leaves its
range. A wide layout holds int64 and covers everything else. A slot is the part of the accumulators that one step adds to.
`tables.h` declares the same for C: `python -m neurodeploy.native.header` writes it from this file.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from numpy.typing import NDArray

from neurodeploy.native.structs import (
    Bytes,
    Ints,
    Longs,
    Reals,
    Shorts,
    SmallInts,
    Unsigned,
    UnsignedLongs,
    Words,
    record_type,
)

__all__ = [
    "BLOCK",
    "DISTURBANCE",
    "POPULATION",
    "Block",
    "Control",
    "Disturbance",
    "Layout",
    "Output",
    "Population",
    "Reached",
    "State",
    "Stimuli",
    "Switches",
]

INPUT, EVEN, BIASED, MIXED, VALUES, WIDE = range(6)
"""Kinds of population: an input of spikes; compartments that share all registers; that differ in bias only; that differ in
any register; an input of values; any population of a wide layout."""
CUBA, TERNARY, SIGMA_DELTA, DELTA, SIGMA, RELU, PRODUCT, RESONATE, RESONATE_ZERO, ADAPTIVE = range(10)
"""Neuron models of wide populations. Those up to TERNARY are compartments."""
PARAMETERS = 6
"""Parameters of a neuron of another model than a compartment, at most."""
DENSE, SPARSE, DELAYED, TILED, SHARED, VALUED = range(6)
"""Kinds of block: rows of weights for all targets; targets and weights; targets with delays and weights; sparse, sorted by
tile of the targets; patterns that several sources share; targets and weights that a source's value multiplies."""
KEEP, WRAP, FOLD = range(3)
"""What a register does with a number beyond its bits."""
FORCE, PATCH, EXTRA = range(3)
"""Kinds of disturbance: bits of state that change before a step; a register that holds another number; a synapse that adds
something in addition."""
FORCED_U, FORCED_V, FORCED_REFRACT = range(3)
"""States that are forced."""
PATCHED_KU, PATCHED_KV, PATCHED_BIAS, PATCHED_VTH, PATCHED_RESET, PATCHED_REFRACT = range(6)
"""Registers that are patched, `Layout.refract` last."""


class Population(NamedTuple):
    """One record of `Layout.populations`: a population, a range of one, or an input. All int64; rows are engine rows."""

    start: int
    """First row."""
    size: int
    """Neurons or lines."""
    padded: int
    """`size` up to the next multiple of 64."""
    kind: int
    """INPUT ... WIDE."""
    owner: int
    """Thread that updates it."""
    acc: int
    """Offset of its accumulators, (planes, slots, padded)."""
    slots: int
    """1 + the longest delay of a synapse into it."""
    planes: int
    """Sums of each neuron: those of its ports, then those that are still shifted."""
    plane_shift: int
    """Offset of plane 0 in `Layout.plane_shift` and `Layout.plane_port`."""
    ports: int
    """Planes that stay apart; the others are added to them when they arrive."""
    model: int
    """CUBA ... ADAPTIVE."""
    graded: int
    """1 if its spikes carry a value."""
    noise: int
    """0 none, 1 added to the current, 2 to the membrane."""
    noise_exponent: int
    noise_offset: int
    noise_column: int
    """Column of its first neuron in `Stimuli.noise`; -1 if its noise is drawn."""
    left: int
    """Shift up that gives an accumulator its unit and pushes out what wraps."""
    right: int
    """Shift down after it."""
    state_shift: int
    """Shift up and down that wraps u; 0 if it cannot wrap."""
    drive_shift: int
    """The same of u + bias."""
    proven: int
    """1 if nothing can overflow, 2 if v meets no limit either."""
    ku: int
    """2**decay_bits less the decay of u, where all neurons share it; likewise the next five."""
    kv: int
    bias: int
    vth: int
    vmin: int
    vmax: int
    sleeps: int
    """1 if the population stays silent once its state is 0."""
    reset_every: int
    """Steps between periodic resets; 0 for none."""
    reset_at: int
    """Step of a reset, modulo `reset_every`."""
    record: int
    """First of its rows in `Output.rows`."""
    room: int
    """Rows it may record in one call; 0 if it is not recorded."""
    ids: int
    """Offset of its neuron numbers in `Layout.ids`; -1 if they ascend one by one from `first`."""
    first: int
    """Neuron of its first row."""
    input: int
    """Number of an input of spikes; first column of an input of values."""
    runs: int
    """First of its runs in `Layout.run_start`."""
    run_stop: int
    """One after its last run."""


class Block(NamedTuple):
    """One record of `Layout.blocks`: synapses from one population to another, of one class. All int64."""

    kind: int
    """DENSE ... VALUED."""
    bytes: int
    """Of a weight: 1 or 2."""
    source: int
    """Number of the population that sends."""
    target: int
    """Number of the population that receives."""
    owner: int
    """Thread that delivers it, the target's."""
    width: int
    """Accumulators of a dense row."""
    weights: int
    """Offset in `Layout.weights8` or `Layout.weights16`."""
    targets: int
    """Offset in `Layout.index32`."""
    pointer: int
    """Offset in `Layout.pointer`."""
    shift: int
    """Shift up of a weight to the unit of the accumulators."""
    delay: int
    """Of all its synapses, in steps; 0 where each has its own."""
    plane: int
    """Plane of the target to which it adds."""
    tile_bits: int
    """Tiled: bits of a tile's size. Shared: patterns + 1."""
    tiles: int
    """Tiled and shared: sources."""


class Disturbance(NamedTuple):
    """One record of `Layout.disturbances`: what faults change in a run of steps. All int64; rows are engine rows."""

    kind: int
    """FORCE, PATCH or EXTRA."""
    first: int
    """First step."""
    last: int
    """Last step."""
    target: int
    """Number of the population whose row it is."""
    row: int
    """Row that is forced or patched, or to which a synapse adds."""
    what: int
    """State or register."""
    keep: int
    """Forced: bits that are kept."""
    put: int
    """Forced: bits that are set. Patched: the number."""
    flip: int
    """Forced: bits that are inverted."""
    source: int
    """Extra: number of the population that sends."""
    sender: int
    """Row of the neuron within its population, or line."""
    delay: int
    """Extra: steps beyond the one that every synapse takes."""
    weight: int
    """Extra: what it adds."""


POPULATION = record_type(Population)
BLOCK = record_type(Block)
DISTURBANCE = record_type(Disturbance)


class Switches(NamedTuple):
    """The dialect."""

    accumulator_bits: int
    """Bits besides the sign to which a sum wraps; 0 if it does not."""
    state_bits: int
    """Bits of u and v besides the sign."""
    current_overflow: int
    """KEEP, WRAP or FOLD: what u does."""
    drive_overflow: int
    """The same of u + bias."""
    fold_from: int
    """Beyond plus or minus this a narrow u folds."""
    weight_shift: int
    """A weight is a mantissa shifted up by this."""
    decay_bits: int
    """A decay is in parts of 2**decay_bits."""


class Layout(NamedTuple):
    """A program as the kernels read it. Registers are (rows,), int32 or smaller in a narrow layout, int64 in a wide one."""

    populations: Annotated[NDArray[Any], Population]
    """(populations,) of POPULATION."""
    blocks: Annotated[NDArray[Any], Block]
    """(blocks,) of BLOCK."""
    ku: Words
    """2**decay_bits less the decay of u."""
    kv: Words
    """The same of v."""
    bias: Words
    vth: Words
    """Threshold in units of v; out of reach for neurons that do not spike."""
    vmin: Words
    vmax: Words
    refract: Bytes
    """Refractory delay in steps, uint8."""
    reset: Words
    """What a spike takes off v; -1: all of it."""
    plane_shift: Longs
    """Shift down of the sums of each plane."""
    plane_port: Longs
    """Port to which each plane belongs."""
    parameters: Reals
    """(6, rows) float64 parameters of other models than compartments, in the order of `lowering.models`."""
    initial: Longs
    """(2, rows) memory of the cleared state."""
    global_neuron: Longs
    """(rows,) number of a neuron among all of the program: its noise depends on it."""
    ids: Ints
    """Neuron of each row, of populations that are held in another order."""
    weights8: SmallInts
    weights16: Shorts
    """Weights of all blocks, int8 and int16; sparse ones in groups of four targets, then four weights."""
    index32: Unsigned
    """delay * padded + target of synapses with delays, uint32."""
    pointer: Ints
    """int32: where the rows of a source start; tile segments; patterns and their runs."""
    run_start: Longs
    """First row of each run of rows on one core, and one after the last."""
    run_core: Longs
    """Core of each run."""
    disturbances: Annotated[NDArray[Any], Disturbance]
    """(n,) of DISTURBANCE, what faults change; those of one sender stand together."""
    switches: Switches


class State(NamedTuple):
    """State of one sample, and scratch."""

    u: Words
    """(rows,) int32 or int64."""
    v: Words
    """(rows,)."""
    memory: Longs
    """(2, rows) third and fourth state of models that have them."""
    acc: Words
    """Accumulators of all populations."""
    refract: Bytes
    """(rows,) uint8 refractory steps left."""
    fired: UnsignedLongs
    """(rows / 64,) one bit for each row, set where its neuron spikes in this step."""
    spikes: Ints
    """(2 * rows and lines,) int32: what each population lists, by parity of the steps made."""
    counts: Longs
    """(2, populations): how many each lists, by parity."""
    values: Reals
    """(rows and lines,) float64 values sent, in wide layouts."""
    pending: Longs
    """(populations,) last step in which something listed so far can arrive."""
    asleep: Bytes
    """(populations,) uint8, 1 while nothing can move it."""
    cursor: Longs
    """(inputs of spikes + 1,) next event of each."""
    queue: Longs
    """(threads, n) scratch of tiled blocks."""
    arrived: Longs
    """(8,) element 0 counts the threads that have met."""
    marks: Bytes
    """(threads, neurons) uint8 scratch that sorts neurons."""


class Stimuli(NamedTuple):
    """What all inputs show, of all samples."""

    events: Ints
    """(n, 3) int32 (sample, step, line), sorted; the rows of input k are [first[k], first[k + 1])."""
    first: Longs
    raster: Bytes
    """uint8, flat: (samples, steps, lines) of input k from column[k] on, 1 where a line fires."""
    column: Longs
    """(inputs of spikes + 1,); -1: the input has events."""
    begin: int
    """Step to which index 0 of rasters and values belongs: 1, or the first of a session's call."""
    steps: int
    """Steps that are shown from `begin` on."""
    values: Reals
    """(samples, steps, value_columns) float64 of all inputs of values side by side."""
    value_columns: int
    noise: Shorts
    """(noise_samples, noise_steps, noise_columns) int16 draws that replace those of the generator; one sample serves all."""
    noise_samples: int
    noise_steps: int
    noise_columns: int
    number: int
    """Number of the first sample among all that are run."""


class Output(NamedTuple):
    """Buffers that one call fills, and arrays of the whole run."""

    rows: Ints
    """(3 * n,) int32: (sample, step, neuron) of each spike, by population."""
    payloads: Longs
    """(n,) int64 values beside them; empty if no population sends any."""
    written: Longs
    """(2, populations) rows so far, by parity of the steps made."""
    probe_row: Longs
    """(columns,) row of each probed neuron."""
    probe_kind: Longs
    """(columns,) 0 v, 1 u, 2 the chip's voltage register, 3 and 4 the memories."""
    probe_owner: Longs
    """(columns,) thread that probes it."""
    probe_unit: int
    """What the voltage register shows for each refractory step."""
    probes: Longs
    """(samples, steps, columns) int64."""
    active: Ints
    """(samples, steps, cores) int32 active compartments; of size 0 if they are not counted."""
    watch: Longs
    """(3, rows) int64 overflows of accumulator, of current or drive, and limits met by v; (3, 0) if they are not counted."""
    first: int
    """Step to which index 0 of `probes` and `active` belongs."""
    length: int
    """Steps of `probes` and `active`."""
    cores: int
    """Cores of `active`; 0 if activity is not counted."""


class Control(NamedTuple):
    """What one call runs."""

    sample: int
    """Where to begin."""
    step: int
    stop: int
    """One after the last sample."""
    steps: int
    """Last step of each sample."""
    first: int
    """First step of each sample."""
    todo: int
    """Steps that the call may make."""
    thread: int
    """Number of the thread that calls."""
    threads: int
    """Threads that share each sample."""
    seed: int


class Reached(NamedTuple):
    """Where a call ended."""

    sample: int
    """Where to continue."""
    step: int
    made: int
    """Steps made."""
