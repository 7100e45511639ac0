"""What the compiled engine reads and writes of plastic projections: their synapses, their rules, and the state of one sample.

Neurons and synapses are in the order of the network: sources and targets by number, synapses by source and then by target.
`plastic_tables.h` declares the same for C: `python -m neurodeploy.native.header` writes it from this file.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from numpy.typing import NDArray

from neurodeploy.native.structs import Bytes, Ints, Longs, Reals, Shorts, UnsignedLongs, record_type
from neurodeploy.network.plasticity import DELAY_RANGE, TAG_RANGE

__all__ = [
    "FACTOR",
    "LINK",
    "PES",
    "TERM",
    "TRACE",
    "LinkRecord",
    "FactorRecord",
    "PesPart",
    "PesRecord",
    "Plasticity",
    "TermRecord",
    "TraceRecord",
]

LEAST_TRACE, TRACE_VALUES = -128, 384
"""Least value of a trace, and number of values that a trace can have: those that third factors or graded spikes set too."""
LEAST_MANTISSA, MANTISSAS = -256, 512
"""Least learned weight, and their number."""
LEAST_DELAY, MOST_DELAY = DELAY_RANGE
"""Range of d."""
LEAST_TAG, MOST_TAG = TAG_RANGE
"""Range of t. The accumulator does not hold the least one, so that such a tag changes at the end of every epoch."""
X1, X2, Y1, Y2, Y3 = range(5)
"""Traces of a projection, in the order of their records; as factors of a product, too."""
OF_X0, OF_Y0, OF_U = range(3)
"""Dependencies of a product."""
X0, Y0 = 5, 6
"""Factors that are no traces: 1 if the source, the target spiked in the epoch."""
W, D, T = 7, 8, 9
"""Factors that are variables of a synapse."""
REGULAR, OVERWRITE, SATURATING, OVERFLOWING = range(4)
"""What the value of a graded spike does to x1."""
X_DECAY, X_IMPULSE, Y_DECAY, Y_IMPULSE, Y_REPEATED, OF_SYNAPSES = range(6)
"""Rows of draws."""
DRAWS = 6
PES_TRACES = 128
"""Values that a trace of PES can have."""
MOST_LEVELS = 255
"""Steps after which a trace has reached the value where it stays."""


class LinkRecord(NamedTuple):
    """One plastic projection. All int64; offsets are those of its first element in an array of `Plasticity`."""

    source: int
    """Number of the population that sends."""
    target: int
    """Number of the population that receives."""
    n: int
    """Synapses."""
    n_source: int
    n_target: int
    rows: int
    """Offset in `pointer`: first synapse of each source, and one after the last."""
    columns: int
    """Offset in `pointer`: first element in `column` of each target, and one after the last."""
    synapse: int
    """Offset in `post`, `pre`, `place`, `delay` and `column`."""
    dense: int
    """1 if each source reaches all rows of the target, in their order, with one delay."""
    shift: int
    """Shift up of a weight to the unit of the accumulators; -1 where `weight` has to be read."""
    weight: int
    """Offset in `weight`."""
    most_delay: int
    """The longest delay."""
    plane: int
    """Offset in `plane`."""
    learned: int
    """Offset in `learned` of w, then d and t, (3, n)."""
    trace: int
    """Offset in `traces` of x1, x2 (n_source), y1, y2, y3 (n_target)."""
    spiked: int
    """Offset in `spiked_at` and `listed` of the sources, then the targets."""
    target_at: int
    """Offset in `sent`, and three times that in `third_weight` and `next`, of the targets."""
    epoch: int
    """Steps of an epoch."""
    graded: int
    """REGULAR ... OVERFLOWING."""
    thirds: int
    """1 if the rule has third factors: the target computes its traces."""
    third_1: int
    """Number of the population that sets y1; -1 for none."""
    third_2: int
    third_3: int
    terms: int
    """First of its products in `terms`: those of w, then d and t."""
    term_d: int
    term_t: int
    term_stop: int
    left: int
    """Offset in `left` of the factors of sources, (products, n_source)."""
    right: int
    """Offset in `right` of those of targets, (products, n_target)."""
    reads: int
    """Variables that the rule reads or changes: 1 w, 2 d, 4 t."""
    w_low: int
    """Range of w."""
    w_high: int
    pes: int
    """Its record in `PesPart.rules`; -1 for a sum of products."""


class TraceRecord(NamedTuple):
    """One trace; each projection has five. All int64."""

    live: int
    """0 if it is 0 all the time."""
    whole: int
    """What a spike adds."""
    fraction: int
    """Draw below which it adds 1 more."""
    end_whole: int
    """The same at the end of an epoch, where values of graded spikes or of the target replace impulses."""
    end_fraction: int


class TermRecord(NamedTuple):
    """One product. All int64."""

    dependency: int
    """OF_X0 ... OF_U."""
    period: int
    """Of u: epochs from one time to the next."""
    mantissa: int
    down: int
    """Bits that the width of its factors exceeds the accumulator by."""
    up: int
    """Shift up after that."""
    factors: int
    """First of its factors."""
    factor_stop: int


class FactorRecord(NamedTuple):
    """One factor of a product. All int64."""

    variable: int
    """X1 ... T."""
    constant: int
    sign: int
    """1 if only the sign counts."""
    low: int
    """Range of the factor."""
    high: int


class PesRecord(NamedTuple):
    """One PES projection. All int64; offsets are those of its first element in an array of `PesPart`."""

    error: int
    """Number of the population or input that gives the error."""
    source_at: int
    """Offset in `sent` and `spiked`."""
    error_at: int
    """Offset in `error`."""
    mantissa: int
    """Of the learning rate."""
    shift: int
    """Bits by which mantissa * trace * error is shifted up to the unit of the accumulator; down if negative."""
    low_bits: int
    """Low bits of a mantissa that are not stored."""
    trace_epoch: int
    """Steps between updates of the trace."""
    epoch: int
    """Steps between updates of the weights."""
    rounds: int
    """0 if fractions are dropped."""
    rows: int
    """1 if each source reaches all targets."""


LINK = record_type(LinkRecord)
PES = record_type(PesRecord)
TRACE = record_type(TraceRecord)
TERM = record_type(TermRecord)
FACTOR = record_type(FactorRecord)


class PesPart(NamedTuple):
    """What PES projections have besides: their rules, and the state of one sample."""

    rules: Annotated[NDArray[Any], PesRecord]
    """(projections,) of PES."""
    scale: Reals
    """(projections,) factor of the error."""
    whole: Shorts
    """(projections, 2, PES_TRACES) next value of a trace, rounded down: without and with a spike since the last."""
    chance: Longs
    """The same: 2**32 times the draw below which it rounds up."""
    key: UnsignedLongs
    """(projections,) of the draws of this sample."""
    sent: Bytes
    """1 where a source spiked in the step before."""
    spiked: Bytes
    """1 where a source has spiked since its trace was updated."""
    error: Shorts
    """Of each pair of targets, from the step before."""
    lines: Reals
    """Values of the lines of an error; scratch."""
    signs: Ints
    """Error of each target with its sign; scratch."""


class Plasticity(NamedTuple):
    """All plastic projections of a program, and the state of one sample."""

    links: Annotated[NDArray[Any], LinkRecord]
    """(projections,) of LINK."""
    kinds: Annotated[NDArray[Any], TraceRecord]
    """(5 * projections,) of TRACE."""
    terms: Annotated[NDArray[Any], TermRecord]
    """Of TERM."""
    factors: Annotated[NDArray[Any], FactorRecord]
    """Of FACTOR."""
    pointer: Longs
    pre: Ints
    """(synapses,) source of each."""
    post: Ints
    """(synapses,) target of each."""
    place: Ints
    """(synapses,) row of the target, from its first."""
    delay: Bytes
    """(synapses,)."""
    column: Ints
    """Synapses by target and then by source."""
    column_pre: Ints
    """Their sources, in the same order."""
    weight: Ints
    """(projections, MANTISSAS) what a mantissa adds, in the unit of the accumulators."""
    plane: Longs
    """Plane of the target for each delay."""
    decay: Shorts
    """(5 * projections, TRACE_VALUES) value one step later, rounded down."""
    fraction: Reals
    """The same: what is rounded off."""
    computed: Shorts
    """(5 * projections, 2, TRACE_VALUES) value one step later of a trace that the target computes: without and with a spike."""
    third_weight: Longs
    """(3, targets) of each projection: factors of what a third factor sends."""
    learns: int
    """0 if weights stay as they are."""
    drawn_from: int
    """Step to which index 0 of the draws belongs: 1, or a later one in a session."""
    steps: int
    """Steps for which there are draws."""
    draws: Reals
    """(projections, DRAWS, steps)."""
    learned: Shorts
    """w, d and t."""
    traces: Shorts
    """Traces as they are between two steps."""
    own: Shorts
    """The same after the last spike of the epoch; scratch."""
    final: Shorts
    """The same at the end of the epoch; scratch."""
    spiked_at: Ints
    """Step of the epoch in which a source or target spiked last, from 1; 0 if it has not."""
    listed: Ints
    """Sources, then targets, that have spiked in the epoch."""
    counts: Longs
    """(projections, 3) how many sources and targets are listed; 1 if all synapses are due at the end of the epoch."""
    sent: Bytes
    """1 where a target spiked in the step before, of rules with third factors."""
    next: Longs
    """(3, targets) of each projection: what third factors set in the next step."""
    levels: Shorts
    """(5, MOST_LEVELS + 1, TRACE_VALUES) value of each trace some steps later; scratch."""
    left: Ints
    """Factors of the sources in each product, where an epoch is one step; scratch."""
    right: Ints
    """The same of targets."""
    room: Ints
    """(2, neurons) numbers of neurons that are held in another order; scratch."""
    valued: Bytes
    """(populations,) 1 where spikes carry values."""
    probe_place: Longs
    """(columns,) probed element of `learned`, or -1 - the element of `traces`."""
    probes: Longs
    """(samples, steps, columns)."""
    pes: PesPart
