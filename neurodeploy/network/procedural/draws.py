"""What a procedural operation draws, in plain numpy: the definition that the compiled loops repeat bit for bit.

All numbers are counter-based: each depends on the seed, on what it decides and on the neurons that it concerns, and on no
other draw, so that the synapses into any neurons can be drawn alone, in any order and on any machine. Integers are unsigned
with 64 bits and wrap:

    mix(x):              x ^= x >> 30; x *= 0xBF58476D1CE4E5B9; x ^= x >> 27; x *= 0x94D049BB133111EB; x ^= x >> 31
    key(seed, what, k) = mix(mix(seed + (what + 1) * G) + (k + 1) * G),  G = 0x9E3779B97F4A7C15
    draw(key, i)       = mix(key + (i + 1) * G)
    below(r, n)        = floor(r * n / 2**64)

`mix` is the finaliser of splitmix64, and `draw` its i-th output behind the state `key` (Steele, Lea and Flood, "Fast
splittable pseudorandom number generators", OOPSLA 2014).

- fixed_probability: target t has as many sources as there are thresholds of the binomial distribution at or below
  key(seed, COUNT, t), see `tables.binomial`.
- fixed_number per projection: draw i goes to target below(key(seed, COUNT, i), targets).
- The sources of t are the first different ones among below(draw(key(seed, PARTNER, t), i), n) for i = 0, 1, ...; if there are
  more than n // 2 of n, those that are not sources are drawn instead. Per projection, repeated ones count again. Without
  connections to itself n is one less, and sources from t on are one more. Per source, the same yields targets of a source.
- distance_kernel: source s reaches t if the upper 32 bits of draw(key(seed, PARTNER, t), s) are below the threshold of the
  squared distance, see `tables.profile`.
- The synapse from s to t takes row `r % 2**16` of the table of weights and row `r // 2**16 % 2**16` of the table of delays,
  where r = draw(key(seed, VALUE, t), s).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.network.procedural.geometry import candidates
from neurodeploy.network.procedural.nouns import Geometry
from neurodeploy.network.procedural.operations import DistanceKernel, FixedNumber, FixedProbability, Procedural
from neurodeploy.network.procedural.tables import LEVELS, binomial

__all__ = [
    "COUNT",
    "MOST_TIMES",
    "PARTNER",
    "VALUE",
    "Drawn",
    "counts_of",
    "draw",
    "drawn",
    "key",
    "room",
    "start_of",
    "value_rows",
]

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
G = np.uint64(0x9E3779B97F4A7C15)
COUNT, PARTNER, VALUE = 0, 1, 2
"""What a key decides: numbers of synapses, which neurons they join, weights and delays."""
MOST_TIMES = 64
"""A pair that is drawn more often than this counts as drawn this often; draws are at most 4 for each pair on average."""
BATCH = 1 << 21
"""Draws made at a time."""


class Drawn(NamedTuple):
    """The synapses into some targets, without their values: target k has [ptr[k], ptr[k + 1]), sources ascending."""

    ptr: Ints
    """(n_targets + 1,)."""
    source: NDArray[np.int32]
    """(n_synapses,) source neuron of each synapse."""
    times: NDArray[np.int32]
    """(n_synapses,) how often the pair was drawn; 1 except in a fixed number per projection."""


def mix(x: Words) -> Words:
    """Return the finaliser of splitmix64 of (n,) words."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def start_of(seed: int, what: int) -> Words:
    """Return (1,) the state from which the keys of a decision follow; `what`: COUNT, PARTNER or VALUE."""
    return mix(np.array([seed], dtype=np.uint64) + np.array([what + 1], dtype=np.uint64) * G)


def key(seed: int, what: int, k: NDArray[Any]) -> Words:
    """Return the keys of (n,) counters `k`; `what`: COUNT, PARTNER or VALUE."""
    return mix(start_of(seed, what) + (k.astype(np.uint64) + np.uint64(1)) * G)


def draw(keys: Words, i: NDArray[Any]) -> Words:
    """Return draw number `i` of each key."""
    return mix(keys + (i.astype(np.uint64) + np.uint64(1)) * G)


def below(r: Words, n: int) -> Ints:
    """Return floor(r * n / 2**64), n below 2**31."""
    n_, half = np.uint64(n), np.uint64(32)
    low = (r & np.uint64(0xFFFFFFFF)) * n_ >> half
    return ((r >> half) * n_ + low >> half).astype(np.int64)


def counts_of(operation: FixedProbability | FixedNumber) -> Ints:
    """Return (n_target,) draws of each target; (n_source,) of each source for a fixed number per source."""
    n_target, n_source = operation.shape
    if isinstance(operation, FixedProbability):
        first, thresholds = binomial(room(operation, n_source), operation.probability)
        words = key(operation.seed, COUNT, np.arange(n_target))
        return first + np.searchsorted(thresholds, words, side="right").astype(np.int64)
    if operation.per != "projection":
        return np.full(n_target if operation.per == "target" else n_source, operation.number, dtype=np.int64)
    counts = np.zeros(n_target, dtype=np.int64)
    for start in range(0, operation.number, BATCH):
        i = np.arange(start, min(start + BATCH, operation.number))
        counts += np.bincount(below(key(operation.seed, COUNT, i), n_target), minlength=n_target)
    return counts


def room(operation: Procedural, n: int) -> int:
    """Neurons that one neuron can be joined to."""
    return n if operation.self_connections else n - 1


def drawn(operation: Procedural, neurons: Ints, counts: Ints, geometry: Geometry | None) -> Drawn:
    """Return the synapses into `neurons` (ascending).

    `counts`: what `counts_of` returns, without meaning for a distance kernel; `geometry`: of a distance kernel.
    """
    if isinstance(operation, DistanceKernel):
        assert geometry is not None, "internal: a distance kernel has distances"
        return _near(operation, neurons, geometry)
    if isinstance(operation, FixedNumber) and operation.per == "source":
        return _from_sources(operation, neurons, counts)
    n_source, own = operation.shape[1], counts[neurons]
    repeated = isinstance(operation, FixedNumber) and operation.per == "projection"
    pick = _repeated if repeated else _different
    row, source, times = pick(key(operation.seed, PARTNER, neurons), own, room(operation, n_source))
    if not operation.self_connections:
        source = source + (source >= neurons[row])
    return _by_target(row, source, times, neurons.size)


def _by_target(row: Ints, source: Ints, times: NDArray[Any], n: int) -> Drawn:
    """Synapses whose rows ascend, sorted within each."""
    order = np.lexsort((source, row))
    ptr: Ints = np.r_[0, np.cumsum(np.bincount(row, minlength=n))]
    return Drawn(ptr, source[order].astype(np.int32), times[order].astype(np.int32))


def _different(keys: Words, counts: Ints, n: int) -> tuple[Ints, Ints, Ints]:
    """(row, number, 1) of `counts` different numbers below n of each key."""
    fewer = np.minimum(counts, n - counts)
    row, number = _first_different(keys, fewer, n)
    whole = np.flatnonzero(counts > n - counts)
    if whole.size:
        missing, place = np.zeros((whole.size, n), dtype=bool), np.full(counts.size, -1)
        place[whole] = np.arange(whole.size)
        inverted = place[row] >= 0
        missing[place[row[inverted]], number[inverted]] = True
        at, rest = np.nonzero(~missing)
        row, number = np.r_[row[~inverted], whole[at]], np.r_[number[~inverted], rest]
    return row, number, np.ones(row.size, dtype=np.int64)


def _first_different(keys: Words, counts: Ints, n: int) -> tuple[Ints, Ints]:
    """(row, number) of the first `counts` different numbers below n that each key draws; at most half of them."""
    rows, numbers = list[Ints](), list[Ints]()
    left, tries = np.flatnonzero(counts > 0), counts + counts // 4 + 4
    while left.size:
        row = np.repeat(left, tries[left])
        i = places_of(np.zeros(left.size, dtype=np.int64), tries[left])
        number = below(draw(keys[row], i), n)
        order = np.lexsort((i, number, row))
        same = row[order] * n + number[order]
        new = np.zeros(row.size, dtype=bool)
        new[order] = np.r_[True, same[1:] != same[:-1]]
        start = np.cumsum(tries[left]) - tries[left]
        ahead: Ints = np.r_[0, np.cumsum(new)]
        rank = ahead[1:] - np.repeat(ahead[start], tries[left])
        enough = ahead[start + tries[left]] - ahead[start] >= counts[left]
        kept = new & (rank <= counts[row]) & np.repeat(enough, tries[left])
        rows.append(row[kept])
        numbers.append(number[kept])
        left = left[~enough]
        tries[left] *= 2
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *rows]), np.concatenate([none, *numbers])


def _repeated(keys: Words, counts: Ints, n: int) -> tuple[Ints, Ints, Ints]:
    """(row, number, times) of the numbers below n that each key draws in `counts` draws."""
    row = np.repeat(np.arange(counts.size), counts)
    i = places_of(np.zeros(counts.size, dtype=np.int64), counts)
    pairs, times = np.unique(row * n + below(draw(keys[row], i), n), return_counts=True)
    return pairs // n, pairs % n, np.minimum(times, MOST_TIMES)


def _from_sources(operation: FixedNumber, neurons: Ints, counts: Ints) -> Drawn:
    """The synapses into some targets where each source draws its own targets."""
    n_target, n_source = operation.shape
    place, parts = np.full(n_target, -1), list[tuple[Ints, Ints]]()
    place[neurons] = np.arange(neurons.size)
    for some in _some(n_source, int(counts.max(initial=0))):
        row, target, _ = _different(key(operation.seed, PARTNER, some), counts[some], room(operation, n_target))
        if not operation.self_connections:
            target = target + (target >= some[row])
        kept = place[target] >= 0
        parts.append((place[target[kept]], some[row[kept]]))
    at, source = (np.concatenate([np.zeros(0, dtype=np.int64), *column]) for column in zip(*parts, strict=True))
    order = np.argsort(at, kind="stable")
    return _by_target(at[order], source[order], np.ones(at.size, dtype=np.int64), neurons.size)


def _some(n: int, each: int) -> Iterator[Ints]:
    """Neurons from 0 to n, as many at a time as make a batch of draws."""
    step = max(BATCH // max(each, 1), 1)
    for start in range(0, n, step):
        yield np.arange(start, min(start + step, n))


def _near(operation: DistanceKernel, neurons: Ints, geometry: Geometry) -> Drawn:
    """The synapses into some targets of a distance kernel."""
    row, source, threshold = candidates(geometry, neurons)
    reached = draw(key(operation.seed, PARTNER, neurons)[row], source) >> np.uint64(32) < threshold
    if not operation.self_connections:
        reached &= source != neurons[row]
    row, source = row[reached], source[reached]
    return _by_target(row, source, np.ones(row.size, dtype=np.int64), neurons.size)


def value_rows(operation: Procedural, neurons: Ints, found: Drawn) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return (row in the table of weights, row in the table of delays) of each synapse, both (n_synapses,)."""
    target = np.repeat(neurons, np.diff(found.ptr))
    r = draw(key(operation.seed, VALUE, target), found.source)
    weight, delay = r % np.uint64(LEVELS), (r >> np.uint64(16)) % np.uint64(LEVELS)
    return weight.astype(np.int32), delay.astype(np.int32)
