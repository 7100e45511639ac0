"""Verb: refine, which neurons share a core where their synapses are irregular. Knows no chip and places nothing.

Starts: a first cut or the order of the network, the orders that the caller names, and cores grown by shared sources. Each is filled
exactly, relieved of what the growth of output axons overfills, and then squeezed: the emptiest core is spread over the
others, which are relieved in turn, and all of it is taken back if a limit cannot be kept. The best start wins: cores
first, then (source, core) pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.compiled import moving
from neurodeploy.mapping.partition.search.hypergraph import begin
from neurodeploy.mapping.partition.search.kernels import OVER, Loads, Rules, Search, Wires
from neurodeploy.mapping.partition.search.starts import Order
from neurodeploy.mapping.time_limit import TimeLimit

__all__ = ["Effort", "Mapped", "dissolved", "effort_of", "refine", "relieved", "sequential", "settled"]

Ints = NDArray[np.int64]
PATIENCE, SWAP_PATIENCE = 60, 8
"""Cores that are tried in vain before squeezing ends: by moves, and by moves and exchanges, which take longer."""
ASKED, EXCHANGED = 200, 2500
"""Neurons that are exchanged for others to make room, before cores are tried by exchanges; the first ones tell if it helps."""
HARD = 60.0
"""Penalty of an axon above a limit where every limit is kept already."""
RELIEF = 12
"""Rounds of relieving overfull cores."""
SPLIT = 1.5
"""Cores after overfull ones are shared with empty ones, in parts of those before; a neuron in two cores more takes an axon
more, so that sharing may feed itself."""
GROWTHS, FREELY = 9, 3
"""Rounds of growing, and those in which an expectation may fall."""
BALANCE = 0.2
"""Weight of an even use of input and output axons against shared sources while a core grows."""
SLICE = 4_096
"""Neurons that are moved between two looks at the clock."""
GROWABLE = 30_000
"""Neurons up to which growing and exchanges are tried: their time goes with the square, or with the cores tried for each."""
ROUNDS = 6
"""Rounds of filling until the output axons expected agree with those found."""


class Effort(NamedTuple):
    """How long to search."""

    sweeps: int
    squeeze: int
    """Cores that are tried at most; 0: as many as there are."""
    heat: float
    """Pairs by which a move may be worse when squeezing is stuck; 0: never."""
    presses: int
    watch: TimeLimit

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.watch.ends("the search")


class Mapped(NamedTuple):
    """A feasible assignment."""

    core: NDArray[np.int32]
    """Of each neuron, all of 0 .. n_cores - 1 in use."""
    chip: NDArray[np.int32]
    """Of each core."""
    pairs: float

    @property
    def n_cores(self) -> int:
        """Cores in use."""
        return int(self.chip.size)


def effort_of(level: int, n_synapses: int, watch: TimeLimit) -> Effort:
    """Return the effort of a level; large networks get fewer sweeps."""
    large = n_synapses > 30_000_000
    sweeps = {2: 2 if large else 6, 3: 4 if large else 15}.get(level, 1)
    return Effort(sweeps, 200 if large else 0, 40.0 if level == 3 else 0.0, 0 if level < 3 else 6, watch)


def sequential(
    wires: Wires, rules: Rules, chip: Any, order: Ints, mended: Callable[[Loads, Search], bool] | None = None
) -> tuple[Loads, Search, bool]:
    """Fill cores in an order until the output axons expected agree with those found; the last is whether every limit holds.

    That is first fit where `order` is the order of the network. `mended` may move what overfills a core, from the first
    round on whose expectations were found, and tells whether every limit holds then.
    """
    expected = np.zeros(wires.population.size, dtype=np.int64)
    loads, search = begin(wires, rules, chip)
    for again in range(ROUNDS):
        if again:
            loads, search = begin(wires, rules, chip)
        begun = int(moving.fill(wires, rules, loads, order, expected))
        if begun <= 0:
            return loads, search, False
        if moving.overflow(rules, loads) == 0.0:
            return loads, search, True
        expected = np.maximum(expected, moving.leavings(wires, loads))
        if again and mended is not None and mended(loads, search):
            return loads, search, True
    return loads, search, False


def _swept(wires: Wires, rules: Rules, loads: Loads, search: Search, effort: Effort, order: Ints, slack: Any) -> int:
    """Try to move every neuron of an order once, as long as there is time; return how many moved."""
    moved = 0
    for start in range(0, order.size, SLICE):
        if effort.over:
            break
        part = slice(start, start + SLICE)
        moved += int(moving.sweep(wires, rules, loads, search, order[part], slack[part]))
    return moved


def _eased(wires: Wires, rules: Rules, loads: Loads, search: Search, watch: TimeLimit, swaps: int = 0) -> bool:
    """Move neurons out of overfull cores until nothing helps, as long as there is time; return whether none is left.

    Where no move helps and `swaps` is 1, neurons are exchanged for others.
    """
    swapping = 0
    for _ in range(RELIEF):
        moved = int(moving.relieve(wires, rules, loads, search, swapping))
        if moved == moving.CLEAR:
            return True
        stuck = moved == moving.FULL or (moved == 0 and (swapping or not swaps))
        if stuck or watch.ends("the search"):
            return False
        swapping = int(moved == 0)
    return bool(moving.overflow(rules, loads) == 0.0)


def dissolved(
    wires: Wires, rules: Rules, loads: Loads, search: Search, core: int, watch: TimeLimit, swaps: int
) -> bool:
    """Spread a core over the others and relieve those; all is taken back unless every limit holds. Return success."""
    good = bool(moving.spread(wires, rules, loads, search, core))
    good = good and _eased(wires, rules, loads, search, watch, swaps)
    if not good:
        moving.undo(wires, rules, loads, search, 0)
    return good


def grown(wires: Wires, rules: Rules, chip: Any, watch: TimeLimit) -> tuple[Loads, Search, bool]:
    """Grow cores by shared sources until the output axons expected are those found; the last tells if every limit holds.

    In the later rounds no expectation falls, so that the rounds come to an end.
    """
    n = wires.population.size
    expected = np.zeros(n, dtype=np.int64)
    loads, search = begin(wires, rules, chip)
    for again in range(GROWTHS):
        if again:
            if watch.ends("the search"):
                break
            loads, search = begin(wires, rules, chip)
        usual, scratch = max(float(expected.mean()), 1.0), np.zeros(n, dtype=np.int32)
        left = np.arange(n, dtype=np.int64)
        if moving.grow(wires, rules, loads, expected, usual, BALANCE, scratch, left) == 0:
            break
        if moving.overflow(rules, loads) == 0.0:
            return loads, search, True
        found = moving.leavings(wires, loads)
        expected = found if again < FREELY else np.maximum(found, expected)
    return loads, search, False


def _settle(wires: Wires, rules: Rules, loads: Loads, search: Search, effort: Effort, seed: int) -> bool:
    """Move neurons until every limit holds; return whether it does."""
    rng, n, over = np.random.default_rng(seed), wires.population.size, OVER
    if moving.overflow(rules, loads) == 0.0:
        over = HARD  # what fits already is kept
        moving.steepen(rules, loads, over)
    for _ in range(effort.sweeps):
        moved = _swept(wires, rules, loads, search, effort, rng.permutation(n), np.zeros(n))
        if effort.over or moved * 200 < n:
            break
    return relieved(wires, rules, loads, search, effort.watch, over)


def relieved(wires: Wires, rules: Rules, loads: Loads, search: Search, watch: TimeLimit, over: float = OVER) -> bool:
    """Move neurons out of overfull cores, then share those that stay so with empty ones; return whether every limit holds."""
    for _ in range(RELIEF):
        search.moves[0] = 0
        if _eased(wires, rules, loads, search, watch) or watch.late:
            break
        over *= 1.5
        moving.steepen(rules, loads, over)
    _split(wires, rules, loads)
    moving.steepen(rules, loads, OVER)
    return bool(moving.overflow(rules, loads) == 0.0)


def _split(wires: Wires, rules: Rules, loads: Loads) -> None:
    """Give what still overfills a core a core of its own, as long as there are empty ones and not too many are taken."""
    most = int(SPLIT * (loads.size > 0).sum())
    for _ in range(RELIEF):
        over = np.flatnonzero((loads.load > rules.limit[:, None]).any(axis=0))
        empty = np.flatnonzero(loads.size == 0)[: most - int((loads.size > 0).sum())]
        if not over.size or empty.size < over.size:
            return
        for core, spare in zip(over, empty, strict=False):
            moving.split(wires, rules, loads, int(core), int(spare))


def _emptiest(rules: Rules, loads: Loads) -> Ints:
    """Cores in use, those with the least of their scarcest resource first."""
    used = np.flatnonzero(loads.size > 0)
    share = (loads.load[:, used] / rules.limit[:, None]).max(axis=0)
    return used[np.argsort(share, kind="stable")]


def _squeeze(
    wires: Wires, rules: Rules, loads: Loads, search: Search, effort: Effort, seed: int, swaps: int = 0
) -> int:
    """Empty core after core, by moves alone or (`swaps` 1) by exchanges too; return how many were emptied."""
    rng, n = np.random.default_rng(seed), wires.population.size
    moving.steepen(rules, loads, HARD)
    emptied, vain, tried = 0, 0, set[int]()
    limit = effort.squeeze or 1 << 30
    for _ in range(limit):
        left = [core for core in _emptiest(rules, loads) if int(core) not in tried]
        if (
            not left
            or vain >= (SWAP_PATIENCE if swaps else PATIENCE)
            or effort.over
            or len(_emptiest(rules, loads)) <= 1
        ):
            break
        core = int(left[0])
        if dissolved(wires, rules, loads, search, core, effort.watch, swaps):
            emptied, vain = emptied + 1, 0
            tried.clear()
            continue
        vain += 1
        tried.add(core)
        if vain % 8 == 0 and effort.sweeps > 1:
            _swept(wires, rules, loads, search, effort, rng.permutation(n), np.zeros(n))
            if moving.overflow(rules, loads) > 0 and not _eased(wires, rules, loads, search, effort.watch):
                break
    return emptied


def settled(rules: Rules, loads: Loads) -> Mapped | None:
    """Return the assignment, its cores renumbered without gaps; None if a limit is broken."""
    used = np.flatnonzero(loads.size > 0)
    if (loads.core < 0).any() or not all(moving.fits(rules, loads, core) for core in used):
        return None
    number = np.full(loads.size.size, -1, dtype=np.int32)
    number[used] = np.arange(used.size)
    return Mapped(number[loads.core], loads.chip[used].copy(), float(loads.cost[0]))


def restored(wires: Wires, rules: Rules, mapped: Mapped, chip: Any) -> tuple[Loads, Search]:
    """Return the state of an assignment; `chip` holds the chips of its cores first, then those of spare ones."""
    loads, search = begin(wires, rules, chip)
    moving.restore(wires, rules, loads, mapped.core)
    return loads, search


def _better(left: Mapped | None, right: Mapped | None) -> Mapped | None:
    if left is None or right is None:
        return left or right
    return right if (right.n_cores, right.pairs) < (left.n_cores, left.pairs) else left


def _press(wires: Wires, rules: Rules, best: Mapped, effort: Effort, seed: int) -> Mapped:
    """Try fewer cores by force: spread some over the others, anneal the overfull rest until it fits or the heat is gone."""
    rng, n = np.random.default_rng(seed), wires.population.size
    for share in (0.03, 0.02, 0.01, 0.01, 0.005, 0.005)[: effort.presses]:
        loads, search = restored(wires, rules, best, best.chip)
        for core in _emptiest(rules, loads)[: max(1, int(share * best.n_cores))]:
            moving.scatter(wires, rules, loads, search, int(core))
        for step in range(effort.sweeps):
            heat = effort.heat * (1 - step / effort.sweeps) ** 2
            moving.steepen(rules, loads, 2.0 * 6.0 ** (step / effort.sweeps))
            _swept(wires, rules, loads, search, effort, rng.permutation(n), heat * rng.exponential(size=n))
            if effort.over:
                return best
        if _settle(wires, rules, loads, search, effort._replace(sweeps=1), seed):
            _squeeze(wires, rules, loads, search, effort, seed)
            best = _better(best, settled(rules, loads)) or best
    return best


def refine(
    wires: Wires,
    rules: Rules,
    chip: Any,
    effort: Effort,
    seed: int,
    orders: Sequence[Order],
    first: NDArray[Any] | None = None,
) -> Mapped | None:
    """Return the best assignment found, None if none keeps every limit.

    `chip` (cores that there are,), ascending; `orders`: in which neurons fill cores; `first` (n,): an assignment to begin
    with, which is never made worse, instead of the order of the network.
    """
    n, best = wires.population.size, None
    starts: list[Callable[[], tuple[Loads, Search, bool]]] = []
    if first is not None:
        start = Mapped(first.astype(np.int32), np.asarray(chip[: int(first.max(initial=0)) + 1], dtype=np.int32), 0.0)
        starts.append(lambda: (*restored(wires, rules, start, chip), True))
    else:
        starts.append(lambda: sequential(wires, rules, chip, np.arange(n, dtype=np.int64)))
    starts += [partial(_in_order, wires, rules, chip, order) for order in orders]
    if n <= GROWABLE:
        starts.append(lambda: grown(wires, rules, chip, effort.watch))
    for number, begun in enumerate(starts):
        if number and effort.over:
            break
        loads, search, _ = begun()
        if (loads.core < 0).any():
            continue
        best = _better(best, settled(rules, loads))
        if _settle(wires, rules, loads, search, effort, seed):
            _squeeze(wires, rules, loads, search, effort, seed)
        best = _better(best, settled(rules, loads))
    if best is not None and effort.presses and not effort.over:
        best = _press(wires, rules, best, effort, seed)
    if best is not None and n <= GROWABLE and not effort.over:
        best = _exchanged(wires, rules, best, effort, seed)
    return best


def _in_order(wires: Wires, rules: Rules, chip: Any, order_of: Order) -> tuple[Loads, Search, bool]:
    """Fill cores in an order, zone by zone."""
    order = order_of()
    return sequential(wires, rules, chip, order[np.argsort(wires.zone[order], kind="stable")])


def _exchanged(wires: Wires, rules: Rules, best: Mapped, effort: Effort, seed: int) -> Mapped:
    """Go on from where no single move helps: neurons change places, then cores are emptied by exchanges too."""
    loads, search = restored(wires, rules, best, best.chip)
    moving.steepen(rules, loads, HARD)
    rng, n = np.random.default_rng(seed), wires.population.size
    order = rng.permutation(n)[:EXCHANGED]
    if not moving.exchange(wires, rules, loads, search, order[:ASKED]):
        return best
    for start in range(ASKED, order.size, ASKED):
        if effort.over:
            break
        moving.exchange(wires, rules, loads, search, order[start : start + ASKED])
    _swept(wires, rules, loads, search, effort, rng.permutation(n), np.zeros(n))
    _squeeze(wires, rules, loads, search, effort, seed, swaps=1)
    return _better(best, settled(rules, loads)) or best
