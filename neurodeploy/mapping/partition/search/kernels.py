# pyright: basic, reportCallIssue=false
"""Kernels of the irregular mapper: exact use of every core while neurons move. Chooses no order and knows no chip.

A row is the synapses of one source in one projection. For every row a short list holds (core, synapses there): from these
lists follow the input axons of a core (distinct sources), the output axons of a source (its distinct cores, one more for a
core on another chip) and the words of every list under either encoding. `add` and `remove` keep all of it exact; a move is
tried by doing it, and undone if the cost did not fall. Everything runs in one thread and in a fixed order, so that equal
arguments give equal results on every machine.

Cost = weighted (source, core) pairs + a penalty of each core's loads: zero below `SOFT` of a limit, quadratic above it,
and steep above the limit itself. Both encodings and every index width are summed at all times, so memory never needs a
recount.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

__all__ = ["Loads", "Rules", "Search", "Wires"]

bare = njit(cache=True, error_model="numpy", _nrt=False)
"""Functions that allocate nothing: without counting of references, which costs more than their work."""
SOFT = 0.94
"""Share of a limit from which on a core gets crowded; measured: lower spreads too early, higher leaves no room to move."""
CROWDED = 1.5
"""Penalty of a core at its limit, in pairs per axon of distance from SOFT."""
OVER = 6.0
"""Penalty of every axon above a limit, in pairs; it doubles while cores stay overfull."""
SWAPPED = 40
"""Neurons of a core that are tried in exchange for one."""
TRIES = 3
"""Cores that are tried for a neuron, best first by shared sources."""
COMP, MEMORY, IN, OUT = range(4)
CLEAR, FULL = -1, -2
"""What a round of relief returns where it moves nothing: no core is overfull, or the journal is full."""


class Wires(NamedTuple):
    """The synapses of a network by target and by row; sources are neurons first, then input lines."""

    row_source: Any
    row_projection: Any
    source_ptr: Any
    source_row: Any
    in_ptr: Any
    in_row: Any
    in_delay: Any
    """Class of each synapse's delay width; one element if nothing is delayed."""
    out_ptr: Any
    out_target: Any
    population: Any
    """Of each neuron."""
    zone: Any
    """Of each neuron: neurons of different zones share no core."""
    weight: Any
    """Of each source: cost of one of its pairs."""


class Rules(NamedTuple):
    """Limits and word tables; a limit that is not there is 2**60."""

    limit: Any
    """(4,): compartments, memory, input axons, output axons."""
    compartments: Any
    """Per neuron, by population."""
    sparse: Any
    """(style, delay class, index class, synapses) words."""
    dense: Any
    """(style, delay class, width) words."""
    index_class: Any
    """Of each width."""
    style: Any
    """Of each projection: its weight bits."""
    look: Any
    """Of each projection: number of its (weight bits, exponent, sign)."""
    into: Any
    """Population that each projection ends in."""
    delay_classes: Any
    """Of each projection: one more than its widest delay class."""
    delay_bits: Any
    """Of each delay class."""
    index_bits: Any
    parameter: Any
    """(2, n): parameter set and threshold of each neuron; a class of -1 is not counted."""
    rare: Any
    """(5,): limits of parameter sets, thresholds, formats, accumulators, words of an axon; 2**60 where it cannot bind."""


class Loads(NamedTuple):
    """State of all cores."""

    core: Any
    """Of each neuron, -1 for none."""
    load: Any
    """(4, cores)."""
    width: Any
    """(cores, populations) neurons."""
    touched: Any
    """(cores, projections) rows with a synapse in the core."""
    words: Any
    """(cores, projections, delay classes, index classes) if stored sparse."""
    delayed: Any
    """(cores, projections, delay classes) synapses."""
    list_ptr: Any
    list_size: Any
    list_core: Any
    list_count: Any
    spot: Any
    """(rows, cores) place of a core in a row's list, -1 for none; one row where lists are short enough to be searched."""
    reach: Any
    """Of each source: distinct cores."""
    sets: Any
    """(2, cores, classes) neurons."""
    head: Any
    after: Any
    before: Any
    size: Any
    """Neurons of each core."""
    chip: Any
    """Of each core."""
    zone: Any
    """Of each core, -1 while it is empty."""
    cost: Any
    """(3,): pairs, penalties, penalty of an axon above a limit."""
    penalty: Any
    """(4, cores)."""
    keys: Any
    """(projections,) scratch."""


class Search(NamedTuple):
    """Scratch of a scan."""

    shared: Any
    """(cores,) weight of the sources a neuron shares with a core."""
    mark: Any
    """(cores,) the last synapse that marked a core."""
    journal: Any
    """(moves, 2): neuron and where it came from."""
    moves: Any
    """(2,): entries of the journal, cores in `debtors`."""
    axons: Any
    """(1,): input axons that a neuron's core is rid of."""
    owed: Any
    """(cores,) change of output axons of a trial."""
    owing: Any
    """(cores,) whether a core is among ..."""
    debtors: Any
    """... the cores whose output axons change."""
    base: Any
    chosen: Any
    """(TRIES,)."""
    scores: Any
    members: Any
    """(neurons,)."""


@bare
def find(spot, list_core, start, stop, row, core):
    """Place of a core in a row's list [start, stop), -1 if it is not there."""
    if spot.shape[0] > 1:
        return start + spot[row, core] if spot[row, core] >= 0 else -1
    for at in range(start, stop):
        if list_core[at] == core:
            return at
    return -1


@bare
def only_row(source_ptr, source_row, loads_lists, source, row, core):
    """Whether no other row of a source has a synapse in a core."""
    spot, list_ptr, list_size, list_core = loads_lists
    for at in range(source_ptr[source], source_ptr[source + 1]):
        other = source_row[at]
        start = list_ptr[other]
        if other != row and find(spot, list_core, start, start + list_size[other], other, core) >= 0:
            return False
    return True


@bare
def pressure(limits, steep, kind, value):
    """Penalty of a load, in pairs."""
    limit = limits[kind]
    soft = SOFT * limit
    if value <= soft:
        return 0.0
    unit = min(limits[IN], limits[OUT]) / limit
    span = limit - soft + 1e-9
    over = max(0.0, value - limit)
    inside = min(value, limit) - soft
    return unit * (CROWDED * 0.5 * inside * inside / span + steep[2] * over)


@bare
def reload(rules, loads, kind, core):
    """Bring the penalty of one load up to date."""
    now = pressure(rules.limit, loads.cost, kind, loads.load[kind, core])
    loads.cost[1] += now - loads.penalty[kind, core]
    loads.penalty[kind, core] = now


@bare
def delay_class(rules, loads, core, projection):
    """Widest delay class among the synapses of a projection in a core."""
    for level in range(rules.delay_classes[projection] - 1, 0, -1):
        if loads.delayed[core, projection, level] > 0:
            return level
    return 0


@bare
def plan(rules, loads, core, projection):
    """(words, delay class, index class; index class -1 for dense) of a projection in a core, as the program stores it."""
    width = loads.width[core, rules.into[projection]]
    level = delay_class(rules, loads, core, projection)
    index = rules.index_class[width]
    dense = loads.touched[core, projection] * rules.dense[rules.style[projection], level, width]
    sparse = loads.words[core, projection, level, index]
    if dense <= sparse:
        return dense, level, -1
    return sparse, level, index


@bare
def memory(rules, loads, core):
    """Words of a core."""
    total = 0
    for projection in range(rules.style.size):
        if loads.touched[core, projection] > 0:
            total += plan(rules, loads, core, projection)[0]
    return total


@bare
def leaving(wires, loads, source, core):
    """Output axons of a neuron on a core: its distinct cores, those on other chips twice."""
    chip, list_core = loads.chip, loads.list_core
    total = loads.reach[source]
    if chip[chip.size - 1] == chip[0]:
        return total
    first, last = wires.source_ptr[source], wires.source_ptr[source + 1]
    for at in range(first, last):
        start = loads.list_ptr[wires.source_row[at]]
        for place in range(start, start + loads.list_size[wires.source_row[at]]):
            to = list_core[place]
            if chip[to] == chip[core]:
                continue
            new = True
            for before in range(first, at):
                other = wires.source_row[before]
                low = loads.list_ptr[other]
                if find(loads.spot, list_core, low, low + loads.list_size[other], other, to) >= 0:
                    new = False
            total += new
    return total


@bare
def join(wires, loads, neuron, core):
    """Enter a neuron into the members of a core."""
    first = loads.head[core]
    loads.after[neuron] = first
    loads.before[neuron] = -1
    if first >= 0:
        loads.before[first] = neuron
    loads.head[core] = neuron
    loads.size[core] += 1
    loads.zone[core] = wires.zone[neuron]


@bare
def part(loads, neuron, core):
    """Strike a neuron from the members of a core."""
    left, right = loads.before[neuron], loads.after[neuron]
    if left >= 0:
        loads.after[left] = right
    else:
        loads.head[core] = right
    if right >= 0:
        loads.before[right] = left
    loads.size[core] -= 1
    if loads.size[core] == 0:
        loads.zone[core] = -1


@bare
def settle(rules, loads, core):
    """Bring memory and the penalties of a core up to date."""
    loads.load[MEMORY, core] = memory(rules, loads, core)
    for kind in range(4):
        reload(rules, loads, kind, core)


@bare
def touch(wires, rules, loads, neuron, core, sign):  # noqa: PLR0915
    """A neuron's synapses come to a core (sign 1) or leave it (-1): lists, words, pairs, output axons of the sources."""
    in_row, row_source, row_projection, in_delay = wires.in_row, wires.row_source, wires.row_projection, wires.in_delay
    source_ptr, source_row, weight = wires.source_ptr, wires.source_row, wires.weight
    list_ptr, list_size, list_core, list_count = loads.list_ptr, loads.list_size, loads.list_core, loads.list_count
    touched, words, delayed, reach, where, chip = (
        loads.touched, loads.words, loads.delayed, loads.reach, loads.core, loads.chip,
    )  # fmt: skip
    spot = loads.spot
    lists = (spot, list_ptr, list_size, list_core)
    sparse, style, delay_classes, limits = rules.sparse, rules.style, rules.delay_classes, rules.limit
    load, penalty, steep = loads.load, loads.penalty, loads.cost
    n, pairs, penalties, axons = where.size, 0.0, 0.0, 0
    for at in range(wires.in_ptr[neuron], wires.in_ptr[neuron + 1]):
        row = in_row[at]
        projection = row_projection[row]
        start = list_ptr[row]
        stop = start + list_size[row]
        place, new = find(spot, list_core, start, stop, row, core), False
        if place < 0:
            place, new = stop, True
            list_core[place] = core
            if spot.shape[0] > 1:
                spot[row, core] = stop - start
            list_count[place] = 0
            list_size[row] += 1
        count = list_count[place]
        list_count[place] = count + sign
        if count + sign == 0:
            list_core[place], list_count[place] = list_core[stop - 1], list_count[stop - 1]
            if spot.shape[0] > 1:
                spot[row, list_core[place]] = place - start
                spot[row, core] = -1
            list_size[row] -= 1
            new = True
        for level in range(delay_classes[projection]):
            for index in range(sparse.shape[2]):
                change = (
                    sparse[style[projection], level, index, count + sign]
                    - sparse[style[projection], level, index, count]
                )
                words[core, projection, level, index] += change
        if delay_classes[projection] > 1:
            delayed[core, projection, in_delay[at]] += sign
        if not new:
            continue
        touched[core, projection] += sign
        source = row_source[row]
        alone = source_ptr[source + 1] - source_ptr[source] == 1
        if alone or only_row(source_ptr, source_row, lists, source, row, core):
            reach[source] += sign
            axons += sign
            pairs += weight[source]
            if source < n and where[source] >= 0:
                home = where[source]
                load[OUT, home] += sign * (1 + (chip[home] != chip[core]))
                now = pressure(limits, steep, OUT, load[OUT, home])
                penalties += now - penalty[OUT, home]
                penalty[OUT, home] = now
    load[IN, core] += axons
    loads.cost[0] += sign * pairs
    loads.cost[1] += penalties


@bare
def occupy(rules, loads, population, neuron, core, sign):
    """A neuron takes (sign 1) or leaves (-1) its compartments, parameter set and threshold."""
    loads.width[core, population] += sign
    loads.load[COMP, core] += sign * rules.compartments[population]
    for kind in range(2):
        if rules.parameter[kind, neuron] >= 0:
            loads.sets[kind, core, rules.parameter[kind, neuron]] += sign


@bare
def shift(wires, rules, loads, neuron, to):
    """Take a neuron from the core it is on, if any, and put it on another, if `to` is none of -1.

    Every kernel moves neurons through this one call: each further one would be compiled again in full.
    """
    for come in range(2):
        core = to if come else loads.core[neuron]
        if core < 0:
            continue
        if not come:
            loads.load[OUT, core] -= leaving(wires, loads, neuron, core)
            loads.core[neuron] = -1
            part(loads, neuron, core)
        touch(wires, rules, loads, neuron, core, 2 * come - 1)
        occupy(rules, loads, wires.population[neuron], neuron, core, 2 * come - 1)
        if come:
            loads.core[neuron] = core
            loads.load[OUT, core] += leaving(wires, loads, neuron, core)
            join(wires, loads, neuron, core)
        settle(rules, loads, core)


@bare
def rare_ok(rules, loads, core):
    """Whether a core keeps the limits that seldom bind: sets, thresholds, formats, accumulators."""
    for kind in range(2):
        if rules.rare[kind] < 1 << 60:
            used = 0
            for value in loads.sets[kind, core]:
                used += value > 0
            if used > rules.rare[kind]:
                return False
    if rules.rare[2] >= 1 << 60 and rules.rare[3] >= 1 << 60:
        return True
    return formats_ok(rules, loads, core)


@bare
def formats_ok(rules, loads, core):
    """Whether formats and accumulators of a core are within their limits."""
    n = rules.style.size
    keys = loads.keys
    used, widest = 0, 0
    for projection in range(n):
        if loads.touched[core, projection] == 0:
            continue
        _, level, index = plan(rules, loads, core, projection)
        widest = max(widest, rules.delay_bits[level])
        bits = 0 if index < 0 else rules.index_bits[index]
        key = (rules.look[projection] * 64 + rules.delay_bits[level]) * 64 + bits
        new = True
        for other in range(used):
            if keys[other] == key:
                new = False
        if new:
            keys[used] = key
            used += 1
    return used <= rules.rare[2] and (loads.load[COMP, core] << widest) <= rules.rare[3]


@bare
def fits(rules, loads, core):
    """Whether a core keeps every limit."""
    for kind in range(4):
        if loads.load[kind, core] > rules.limit[kind]:
            return False
    return rare_ok(rules, loads, core)


@bare
def fill(wires, rules, loads, order, expected):
    """Fill cores one after the other in an order; `expected` (n,) output axons of each neuron; return cores begun.

    A core is full when the next neuron does not fit beside what it holds, its output axons being those expected. -1 - v: neuron
    v overfills an empty core; 0: more than the cores there are room for.
    """
    core, leaves, at = 0, 0, 0
    while at < order.size:
        neuron = order[at]
        alone, ok = loads.size[core] == 0, False
        if alone or loads.zone[core] == wires.zone[neuron]:
            shift(wires, rules, loads, neuron, core)
            ok = loads.load[COMP, core] <= rules.limit[COMP] and loads.load[MEMORY, core] <= rules.limit[MEMORY]
            ok = ok and loads.load[IN, core] <= rules.limit[IN] and rare_ok(rules, loads, core)
            ok = ok and leaves + expected[neuron] <= rules.limit[OUT]
        if ok:
            leaves += expected[neuron]
            at += 1
            continue
        if alone:
            return -1 - neuron
        core, leaves = core + 1, 0
        if core >= loads.size.size:
            return 0
    return core + 1


@bare
def scan(wires, loads, search, neuron):
    """Enter into the scratch the weight of the sources that a neuron shares with each core; return that of all its sources."""
    in_row, row_source, source_ptr, source_row = wires.in_row, wires.row_source, wires.source_ptr, wires.source_row
    list_ptr, list_size, list_core = loads.list_ptr, loads.list_size, loads.list_core
    shared, mark, weights = search.shared, search.mark, wires.weight
    shared[:] = 0.0
    degree = 0.0
    for at in range(wires.in_ptr[neuron], wires.in_ptr[neuron + 1]):
        row = in_row[at]
        source = row_source[row]
        weight = weights[source]
        degree += weight
        first, last = source_ptr[source], source_ptr[source + 1]
        if last - first == 1:
            for place in range(list_ptr[row], list_ptr[row] + list_size[row]):
                shared[list_core[place]] += weight
            continue
        for sibling in range(first, last):
            low = list_ptr[source_row[sibling]]
            for place in range(low, low + list_size[source_row[sibling]]):
                core = list_core[place]
                if mark[core] != at:
                    shared[core] += weight
                    mark[core] = at
    return degree


@bare
def slope(rules, loads, kind, core):
    """What one more axon costs a core, in pairs."""
    limit = rules.limit[kind]
    value, soft = loads.load[kind, core], SOFT * limit
    if value <= soft:
        return 0.0
    unit = min(rules.limit[IN], rules.limit[OUT]) / limit
    return unit * (loads.cost[2] if value >= limit else CROWDED * (value - soft) / (limit - soft + 1e-9))


@bare
def score(wires, rules, loads, neuron, core, more):
    """Estimate of what a neuron adds to the cost of a core."""
    added = more * (1.0 + slope(rules, loads, IN, core)) + slope(rules, loads, OUT, core) * loads.reach[neuron]
    added += slope(rules, loads, COMP, core) * rules.compartments[wires.population[neuron]]
    return added + slope(rules, loads, MEMORY, core) * more


@bare
def best(wires, rules, loads, search, neuron, degree, chosen, scores):
    """Put the most promising cores of a scan into `chosen`; return how many."""
    kept, home, shared = 0, loads.core[neuron], search.shared
    zone, mine, zones = wires.zone[neuron], chosen.size, loads.zone
    room = rules.limit[COMP] - rules.compartments[wires.population[neuron]]  # never exceeded: word tables end there
    for core in range(shared.size):
        more = degree - shared[core]
        if shared[core] == 0.0 or core == home or (kept == mine and more >= scores[mine - 1]) or zones[core] != zone:
            continue
        if loads.load[COMP, core] > room:
            continue
        added = score(wires, rules, loads, neuron, core, more)
        if kept < mine:
            slot = kept
            kept += 1
        elif added < scores[kept - 1]:
            slot = kept - 1
        else:
            continue
        while slot > 0 and scores[slot - 1] > added:
            scores[slot], chosen[slot] = scores[slot - 1], chosen[slot - 1]
            slot -= 1
        scores[slot], chosen[slot] = added, core
    return kept


@bare
def leaves(wires, loads, search, neuron):
    """Enter into the scratch what the sources that only this neuron has in its core are rid of; return their weight."""
    home, lists, freed = loads.core[neuron], (loads.spot, loads.list_ptr, loads.list_size, loads.list_core), 0.0
    spot, list_ptr, list_size, list_core, list_count = lists[0], lists[1], lists[2], lists[3], loads.list_count
    in_row, row_source, source_ptr, where, chip = (
        wires.in_row,
        wires.row_source,
        wires.source_ptr,
        loads.core,
        loads.chip,
    )
    search.axons[0] = 0
    for at in range(wires.in_ptr[neuron], wires.in_ptr[neuron + 1]):
        row = in_row[at]
        place = find(spot, list_core, list_ptr[row], list_ptr[row] + list_size[row], row, home)
        if list_count[place] > 1:
            continue
        source = row_source[row]
        alone = source_ptr[source + 1] - source_ptr[source] == 1
        if alone or only_row(source_ptr, wires.source_row, lists, source, row, home):
            search.axons[0] -= 1
            freed += wires.weight[source]
            owe(search, where, chip, source, home, -1)
    return freed


@bare
def owe(search, where, chip, source, core, sign):
    """Note that the core of a source has an output axon more or fewer."""
    if source < where.size and where[source] >= 0:
        of = where[source]
        if search.owed[of] == 0 and search.owing[of] == 0:
            search.owing[of] = 1
            search.debtors[search.moves[1]] = of
            search.moves[1] += 1
        search.owed[of] += sign * (1 + (chip[of] != chip[core]))


@bare
def gain_at(wires, rules, loads, search, neuron, core, freed):
    """Change of the cost if a neuron goes to a core; memory is judged when the move is made."""
    spot, list_ptr, list_size, list_core = loads.spot, loads.list_ptr, loads.list_size, loads.list_core
    lists, where, chip = (spot, list_ptr, list_size, list_core), loads.core, loads.chip
    in_row, row_source, source_ptr = wires.in_row, wires.row_source, wires.source_ptr
    home, limits, load, penalty, steep = where[neuron], rules.limit, loads.load, loads.penalty, loads.cost
    kept, more, change = search.moves[1], 0, -freed
    for place in range(kept):
        search.base[place] = search.owed[search.debtors[place]]
    for at in range(wires.in_ptr[neuron], wires.in_ptr[neuron + 1]):
        row = in_row[at]
        if find(spot, list_core, list_ptr[row], list_ptr[row] + list_size[row], row, core) >= 0:
            continue
        source = row_source[row]
        alone = source_ptr[source + 1] - source_ptr[source] == 1
        if alone or only_row(source_ptr, wires.source_row, lists, source, row, core):
            more += 1
            change += wires.weight[source]
            owe(search, where, chip, source, core, 1)
    own = leaving(wires, loads, neuron, home)
    there = own if chip[chip.size - 1] == chip[0] else leaving(wires, loads, neuron, core)
    change += pressure(limits, steep, IN, load[IN, home] + search.axons[0]) - penalty[IN, home]
    change += pressure(limits, steep, IN, load[IN, core] + more) - penalty[IN, core]
    each = rules.compartments[wires.population[neuron]]
    change += pressure(limits, steep, COMP, load[COMP, home] - each) - penalty[COMP, home]
    change += pressure(limits, steep, COMP, load[COMP, core] + each) - penalty[COMP, core]
    seen = 0
    for place in range(search.moves[1]):
        of = search.debtors[place]
        extra = search.owed[of] - (own if of == home else 0) + (there if of == core else 0)
        seen += (of == home) + 2 * (of == core)
        change += pressure(limits, steep, OUT, load[OUT, of] + extra) - penalty[OUT, of]
    if seen % 2 == 0:
        change += pressure(limits, steep, OUT, load[OUT, home] - own) - penalty[OUT, home]
    if seen < 2:
        change += pressure(limits, steep, OUT, load[OUT, core] + there) - penalty[OUT, core]
    for place in range(search.moves[1]):
        of = search.debtors[place]
        search.owed[of] = search.base[place] if place < kept else 0
        search.owing[of] = place < kept
    search.moves[1] = kept
    return change


@bare
def try_move(wires, rules, loads, search, neuron, chosen, scores, slack):
    """Move a neuron where the cost falls (or rises by less than `slack`); return whether it moved."""
    home = loads.core[neuron]
    degree = scan(wires, loads, search, neuron)
    kept = best(wires, rules, loads, search, neuron, degree, chosen, scores)
    search.moves[1] = 0
    freed = leaves(wires, loads, search, neuron)
    to, least = -1, slack - 1e-6
    for place in range(kept):
        change = gain_at(wires, rules, loads, search, neuron, chosen[place], freed)
        if change < least:
            to, least = chosen[place], change
    for place in range(search.moves[1]):
        search.owed[search.debtors[place]] = 0
        search.owing[search.debtors[place]] = 0
    if to < 0:
        return False
    before = loads.cost[0] + loads.cost[1]
    for back in range(2):
        shift(wires, rules, loads, neuron, home if back else to)
        if not back and loads.cost[0] + loads.cost[1] < before + slack - 1e-6 and rare_ok(rules, loads, to):
            note(search, neuron, home)
            return True
    return False


@bare
def fitting(wires, rules, loads, neuron, core):
    """Return the first neuron, from one on in its list, for whose compartments a core has room; -1: none."""
    room = rules.limit[COMP] - loads.load[COMP, core]  # never exceeded: word tables end there
    while neuron >= 0 and rules.compartments[wires.population[neuron]] > room:
        neuron = loads.after[neuron]
    return neuron


@bare
def try_swap(wires, rules, loads, search, neuron, chosen, scores):
    """Exchange a neuron for one of a promising core where the cost falls; return whether it did.

    The neuron goes there first, and stays while the core's own are tried one after the other: a single call of `shift`.
    """
    home, before = loads.core[neuron], loads.cost[0] + loads.cost[1]
    degree = scan(wires, loads, search, neuron)
    kept = best(wires, rules, loads, search, neuron, degree, chosen, scores)
    for place in range(kept):
        to = chosen[place]
        other, following, tried = loads.head[to], -1, 0
        mover, goal = neuron, to
        while True:
            shift(wires, rules, loads, mover, goal)
            if mover == neuron and goal == home:
                break
            if mover == other and goal == home:
                if (
                    loads.cost[0] + loads.cost[1] < before - 1e-6
                    and rare_ok(rules, loads, to)
                    and rare_ok(rules, loads, home)
                ):
                    note(search, neuron, home)
                    note(search, other, to)
                    return True
                goal = to
                continue
            other = fitting(wires, rules, loads, following if mover == other else other, home)
            if other >= 0 and tried < SWAPPED:
                following, tried = loads.after[other], tried + 1
                mover, goal = other, home
            else:
                mover, goal = neuron, home
    return False


@bare
def try_cores(wires, rules, loads, search, neuron):
    """Move a neuron to the best core that takes it, whatever the loads; return whether there is one."""
    home = loads.core[neuron]
    degree = scan(wires, loads, search, neuron)
    kept = best(wires, rules, loads, search, neuron, degree, search.chosen, search.scores)
    for place in range(kept + 1):
        to = search.chosen[place] if place < kept else home
        shift(wires, rules, loads, neuron, to)
        if place < kept and rare_ok(rules, loads, to):
            note(search, neuron, home)
            return True
    return False


@bare
def note(search, neuron, home):
    """Write a move down."""
    if search.moves[0] < search.journal.shape[0]:
        search.journal[search.moves[0], 0] = neuron
        search.journal[search.moves[0], 1] = home
    search.moves[0] += 1


@bare
def sweep(wires, rules, loads, search, order, slack):
    """Try to move every neuron of an order once; return how many moved."""
    chosen, scores = search.chosen, search.scores
    moved = 0
    for place in range(order.size):
        search.moves[0] = 0
        moved += try_move(wires, rules, loads, search, order[place], chosen, scores, slack[place])
    return moved


@bare
def exchange(wires, rules, loads, search, order):
    """Try to exchange every neuron of an order once; return how many were."""
    moved = 0
    for place in range(order.size):
        search.moves[0] = 0
        moved += try_swap(wires, rules, loads, search, order[place], search.chosen, search.scores)
    return moved


@bare
def overflow(rules, loads):
    """How far all cores are above their limits, as shares of a limit."""
    total = 0.0
    for core in range(loads.size.size):
        for kind in range(4):
            total += max(0, loads.load[kind, core] - rules.limit[kind]) / rules.limit[kind]
    return total


@bare
def is_over(rules, loads, core):
    """Whether a core is above a limit."""
    over = 0
    for kind in range(4):
        over += loads.load[kind, core] > rules.limit[kind]
    return over > 0


@bare
def relieve(wires, rules, loads, search, swapping):
    """Move neurons out of overfull cores, each once, or (`swapping` 1) exchange them for others; return how many.

    CLEAR: no core is overfull; FULL: the journal has no room for a round. Nothing is done then.
    """
    chosen, scores, members = search.chosen, search.scores, search.members
    over, moved = 0, 0
    if search.moves[0] + members.size >= search.journal.shape[0]:
        return FULL
    for core in range(loads.size.size):
        if not is_over(rules, loads, core):
            continue
        over += 1
        count, neuron = 0, loads.head[core]
        while neuron >= 0 and count < members.size:
            members[count] = neuron
            count += 1
            neuron = loads.after[neuron]
        for place in range(count):
            if not is_over(rules, loads, core) or search.moves[0] + 2 > search.journal.shape[0]:
                break
            if swapping == 1:
                moved += try_swap(wires, rules, loads, search, members[place], chosen, scores)
            else:
                moved += try_move(wires, rules, loads, search, members[place], chosen, scores, 0.0)
    return CLEAR if over == 0 else moved


@bare
def split(wires, rules, loads, core, empty):
    """Move neurons of an overfull core to an empty one until the core is within its limits, or the other is full."""
    while is_over(rules, loads, core) and loads.size[core] > 1:
        neuron = loads.head[core]
        for back in range(2):
            shift(wires, rules, loads, neuron, core if back else empty)
            if not back and (loads.size[empty] == 1 or fits(rules, loads, empty)):
                break
        if loads.core[neuron] == core:
            return False
    return True


@bare
def undo(wires, rules, loads, search, to):
    """Take moves back, the last one first, until `to` are left."""
    while search.moves[0] > to:
        search.moves[0] -= 1
        shift(wires, rules, loads, search.journal[search.moves[0], 0], search.journal[search.moves[0], 1])


@bare
def spread(wires, rules, loads, search, core):
    """Put every neuron of a core on another, which may be overfull then; return whether each found one."""
    search.moves[0] = 0
    while loads.head[core] >= 0:
        if not try_cores(wires, rules, loads, search, loads.head[core]):
            return False
    return True


@bare
def steepen(rules, loads, over):
    """Change the penalty of an axon above a limit."""
    loads.cost[2] = over
    for core in range(loads.size.size):
        for kind in range(4):
            reload(rules, loads, kind, core)


@bare
def scatter(wires, rules, loads, search, core):
    """Spread a core over the others whatever they hold; a neuron that shares no source with any core stays."""
    neuron = loads.head[core]
    while neuron >= 0:
        after = loads.after[neuron]
        search.moves[0] = 0
        try_cores(wires, rules, loads, search, neuron)
        neuron = after


@bare
def restore(wires, rules, loads, core):
    """Put every neuron on a given core."""
    for neuron in range(core.size):
        shift(wires, rules, loads, neuron, core[neuron])


@njit(cache=True, error_model="numpy")
def leavings(wires, loads):
    """Output axons of every neuron."""
    found = np.zeros(loads.core.size, np.int64)
    for neuron in range(found.size):
        found[neuron] = leaving(wires, loads, neuron, loads.core[neuron])
    return found


@bare
def grow(wires, rules, loads, expected, usual, balance, shared, left):
    """Fill cores one after the other: first the largest neuron left, then those that share most of their sources with the core.

    Where a core has used more of its input axons than of its output axons, neurons with many output axons are preferred, and
    the reverse; `balance` weighs that against shared sources. `expected` (n,) output axons of each neuron, `usual` their
    mean; scratch: `shared` (n,) int32 zeros, `left` (n,) neurons not placed yet. Returns cores begun, 0 if there is no room.
    """
    core, leaves, many = 0, 0, left.size
    while many > 0:
        top, at_top, value = -1, -1, -1.0e30
        lean = balance * (loads.load[IN, core] / rules.limit[IN] - leaves / rules.limit[OUT]) / usual
        for at in range(many):
            neuron = left[at]
            degree = wires.in_ptr[neuron + 1] - wires.in_ptr[neuron]
            if leaves + expected[neuron] > rules.limit[OUT]:
                continue
            more = degree - shared[neuron]
            if loads.load[IN, core] + more > rules.limit[IN]:
                continue
            worth = (shared[neuron] + 0.5) / (degree + 1) + lean * (expected[neuron] - usual)
            if loads.size[core] == 0:
                worth = degree / rules.limit[IN] + expected[neuron] / rules.limit[OUT]
            if worth > value:
                top, at_top, value = neuron, at, worth
        if top >= 0 and (loads.size[core] == 0 or loads.zone[core] == wires.zone[top]):
            enter(wires, loads, top, core, shared)
            ok = False
            for back in range(2):
                shift(wires, rules, loads, top, -1 if back else core)
                ok = loads.load[COMP, core] <= rules.limit[COMP] and loads.load[MEMORY, core] <= rules.limit[MEMORY]
                ok = ok and not back and rare_ok(rules, loads, core)
                if ok:
                    break
            if ok:
                leaves += expected[top]
                many -= 1
                left[at_top] = left[many]
                left[many] = top
                continue
            if loads.size[core] == 0:
                return 0
        core, leaves = core + 1, 0
        if core >= loads.size.size:
            return 0
        shared[:] = 0
    return core + 1


@bare
def enter(wires, loads, neuron, core, shared):
    """Count, for all targets of the sources that a neuron brings to a core, one more source shared with it."""
    for at in range(wires.in_ptr[neuron], wires.in_ptr[neuron + 1]):
        row = wires.in_row[at]
        start = loads.list_ptr[row]
        if find(loads.spot, loads.list_core, start, start + loads.list_size[row], row, core) < 0:
            for place in range(wires.out_ptr[row], wires.out_ptr[row + 1]):
                shared[wires.out_target[place]] += 1
