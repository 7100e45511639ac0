"""Drawn synapses: the definition against a scalar model of its text, and the compiled loops against the definition."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.network import DistanceKernel, FixedNumber, FixedProbability
from neurodeploy.network.procedural import connectivity, drawing
from neurodeploy.network.procedural.connectivity import ProceduralConnectivity
from neurodeploy.network.procedural.sizes import most_synapses
from neurodeploy.network.procedural.tables import binomial, profile, table_of, z_values

WORD = 2**64
INTEGERS = nd.Normal(mean=3, std=9, low=-100, high=100, whole=True)
DELAYS = nd.Uniform(low=0, high=5, whole=True)
VALUES = {"weights": INTEGERS, "delays": DELAYS}
RULES = {
    "probability": FixedProbability(shape=(30, 40), probability=0.2, seed=3, **VALUES),
    "likely": FixedProbability(shape=(30, 30), probability=0.8, seed=4, self_connections=False, **VALUES),
    "certain": FixedProbability(shape=(5, 7), probability=1, weights=2.5, seed=4),
    "never": FixedProbability(shape=(5, 7), probability=0, weights=2.5, seed=4),
    "target": FixedNumber(shape=(30, 40), number=7, weights=nd.Normal(mean=1, std=0.3), seed=5),
    "most of each": FixedNumber(shape=(30, 30), number=25, weights=nd.Uniform(low=-1, high=1), seed=5, self_connections=False),
    "source": FixedNumber(shape=(30, 40), number=6, per="source", seed=6, **VALUES),
    "projection": FixedNumber(shape=(20, 20), number=600, per="projection", seed=7, self_connections=False, **VALUES),
    "gaussian": DistanceKernel(
        source_shape=(6, 10), target_shape=(4, 5), extent=(1, 2), probability=0.9, scale=0.3, radius=0.9, seed=8, **VALUES
    ),
    "ring": DistanceKernel(
        source_shape=(70,), target_shape=(50,), extent=(3,), profile="exponential", periodic=True, probability=1.0,
        scale=0.2, radius=0.8, seed=9, **VALUES,
    ),
    "torus": DistanceKernel(
        source_shape=(2, 6, 6), target_shape=(3, 6, 6), extent=(0, 1, 1), profile="uniform", periodic=True, probability=0.7,
        radius=0.34, seed=10, **VALUES,
    ),
    "plane": DistanceKernel(
        source_shape=(6, 6), target_shape=(6, 6), extent=(1, 1), probability=1, scale=0.2, radius=0.6, seed=11,
        self_connections=False, **VALUES,
    ),
}  # fmt: skip


# --- the definition, in integers of Python, one pair after the other


def mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % WORD
    x = (x ^ x >> 27) * 0x94D049BB133111EB % WORD
    return x ^ x >> 31


def draw(key, i):
    return mix((key + (i + 1) * 0x9E3779B97F4A7C15) % WORD)


def key(seed, what, k):
    return draw(mix((seed + (what + 1) * 0x9E3779B97F4A7C15) % WORD), k)


def partners(start, count, n):
    """The first different numbers below n, or all but those, if they are more than half."""
    found, i = set(), 0
    while len(found) < min(count, n - count):
        found.add(draw(start, i) * n // WORD)
        i += 1
    return found if count <= n - count else set(range(n)) - found


def binomial_below(n, p):
    """Exact thresholds of 0, 1, ... successes."""
    chance = Fraction(p)
    each = [math.comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(n + 1)]
    return [math.floor(sum(each[: k + 1]) * WORD) for k in range(n)]


def near(rule, t, s):
    targets, sources = np.unravel_index(t, rule.target_shape), np.unravel_index(s, rule.source_shape)
    square = 0.0
    for i, j, n, m, length in zip(sources, targets, rule.source_shape, rule.target_shape, rule.extent, strict=True):
        a = abs((2 * int(i) + 1) * m - (2 * int(j) + 1) * n)
        apart = (min(a, 2 * n * m - a) if rule.periodic else a) * (length / (2 * n * m))
        square += apart * apart * (4096 / (rule.radius * rule.radius))
    step = int(square)
    return step < 4096 and draw(key(rule.seed, 1, t), s) >> 32 < int(profile(rule)[step])


def modelled(rule):
    """(target, source) -> how often the pair is drawn."""
    n_target, n_source = rule.shape
    if isinstance(rule, DistanceKernel):
        pairs = product(range(n_target), range(n_source))
        return {(t, s): 1 for t, s in pairs if (rule.self_connections or s != t) and near(rule, t, s)}
    room = n_source - (not rule.self_connections)

    def other(t, s):
        return s + (not rule.self_connections and s >= t)

    if isinstance(rule, FixedProbability):
        below = binomial_below(room, rule.probability)
        counts = [sum(key(rule.seed, 0, t) >= item for item in below) for t in range(n_target)]
    elif rule.per == "source":
        of = {s: partners(key(rule.seed, 1, s), rule.number, n_target) for s in range(n_source)}
        return {(t, s): 1 for s, mine in of.items() for t in mine}
    elif rule.per == "projection":
        found = {}
        owners = [key(rule.seed, 0, i) * n_target // WORD for i in range(rule.number)]
        for t in range(n_target):
            for i in range(owners.count(t)):
                pair = t, other(t, draw(key(rule.seed, 1, t), i) * room // WORD)
                found[pair] = found.get(pair, 0) + 1
        return found
    else:
        counts = [rule.number] * n_target
    return {(t, other(t, s)): 1 for t in range(n_target) for s in partners(key(rule.seed, 1, t), counts[t], room)}


@pytest.mark.parametrize("name", RULES)
def test_synapses_are_those_of_the_definition(name):
    rule = RULES[name]
    times, weights, delays = modelled(rule), table_of(rule.weights), table_of(rule.delays)
    made = ProceduralConnectivity.of(rule, 1).into(np.arange(rule.shape[0]))
    assert list(zip(made.rows.tolist(), made.source.tolist(), strict=True)) == sorted(times)
    for pair, weight, delay in zip(sorted(times), made.weights, made.delay_steps, strict=True):
        r = draw(key(rule.seed, 2, pair[0]), pair[1])
        assert weight == times[pair] * weights[r % weights.size]
        assert delay == 1 + delays[(r >> 16) % delays.size]


def test_the_generator_stays():
    made = ProceduralConnectivity.of(RULES["probability"]).into(np.arange(3))
    assert made.ptr.tolist() == [0, 10, 19, 28]
    assert made.source.tolist() == [
        5,
        9,
        11,
        12,
        14,
        17,
        18,
        21,
        28,
        35,
        9,
        10,
        11,
        13,
        20,
        24,
        34,
        35,
        36,
        5,
        8,
        15,
        18,
        26,
        27,
        30,
        38,
        39,
    ]
    assert made.weights.tolist() == [
        9,
        2,
        -2,
        -6,
        20,
        1,
        4,
        2,
        6,
        -14,
        23,
        -1,
        -4,
        11,
        6,
        -17,
        1,
        19,
        -3,
        -4,
        4,
        5,
        1,
        -8,
        -13,
        7,
        6,
        2,
    ]
    assert made.delay_steps.tolist() == [
        4,
        0,
        5,
        3,
        3,
        2,
        5,
        3,
        5,
        5,
        0,
        5,
        2,
        0,
        2,
        2,
        5,
        2,
        4,
        4,
        1,
        2,
        0,
        0,
        5,
        2,
        0,
        4,
    ]


# --- the compiled loops


def by_definition(monkeypatch, rule, base):
    with monkeypatch.context() as patch:
        patch.setattr(drawing, "_loops", lambda: None)
        made = ProceduralConnectivity.of(rule, base)
        numbers = np.linspace(-1, 1, made.rows.size)
        return made, made.into(np.arange(made.n_target)), made.fan_out, made.longest_delay, made.sums(numbers)


def check_loops(monkeypatch, rule, base=2):
    slow, synapses, fan_out, longest, sums = by_definition(monkeypatch, rule, base)
    fast = ProceduralConnectivity.of(rule, base)
    assert fast == slow
    for mine, other in zip(fast.into(np.arange(fast.n_target)), synapses, strict=True):
        assert mine.dtype == other.dtype
        assert np.array_equal(mine, other)
    assert np.array_equal(fast.fan_in, np.diff(synapses.ptr))
    assert np.array_equal(fast.fan_out, fan_out)
    assert np.array_equal(fast.longest_delay, longest)
    assert np.array_equal(fast.sums(np.linspace(-1, 1, fast.rows.size)), sums)
    assert fast.n_synapses <= most_synapses(rule)


@pytest.mark.parametrize("name", RULES)
def test_loops_give_the_bits_of_the_definition(name, monkeypatch):
    check_loops(monkeypatch, RULES[name])


def test_batches_slabs_and_threads_do_not_matter(monkeypatch):
    wanted = {name: ProceduralConnectivity.of(rule).listed() for name, rule in RULES.items()}
    monkeypatch.setattr(drawing, "BATCH", 37)
    monkeypatch.setattr(drawing, "SLAB", 50)
    monkeypatch.setattr(connectivity, "BATCH", 29)
    monkeypatch.setattr(drawing, "_threads", lambda: 3)
    for name, rule in RULES.items():
        made = ProceduralConnectivity.of(rule)
        assert made.listed() == wanted[name]
        parts = list(made.batches())
        assert [start for start, _ in parts] == sorted({start for start, _ in parts})
        assert sum(part.source.size for _, part in parts) == made.n_synapses
        some = np.arange(1, made.n_target, 2)
        for mine, other in zip(made.into(some), wanted[name].into(some), strict=True):
            assert np.array_equal(mine, other)


@st.composite
def rules(draw_):
    n, m = draw_(st.integers(1, 40)), draw_(st.integers(1, 40))
    itself, seed = draw_(st.booleans()) and n == m and n > 1, draw_(st.integers(0, 2**63 - 1))
    own = {"seed": seed, "self_connections": not itself, "weights": nd.Uniform(low=-3, high=3), "delays": DELAYS}
    kind = draw_(st.sampled_from(["probability", "target", "source", "projection", "near"]))
    if kind == "probability":
        return FixedProbability(shape=(n, m), probability=draw_(st.floats(0, 1)), **own)
    if kind == "near":
        length = draw_(st.floats(0.1, 3))
        return DistanceKernel(
            source_shape=(m,), target_shape=(n,), extent=(length,), periodic=draw_(st.booleans()), probability=0.9,
            profile=draw_(st.sampled_from(["gaussian", "exponential", "uniform"])), radius=draw_(st.floats(0.01, 4)), **own,
        )  # fmt: skip
    most = {"target": m - itself, "source": n - itself, "projection": 2 * n * m}[kind]
    return FixedNumber(shape=(n, m), number=draw_(st.integers(0, most)), per=kind, **own)


@settings(max_examples=examples(100, 30), deadline=None)
@given(rules())
def test_any_rule_is_drawn_alike_by_loops_and_definition(rule):
    with pytest.MonkeyPatch.context() as patch:
        check_loops(patch, rule)


# --- numbers


def test_numbers_of_synapses_are_binomial():
    first, thresholds = binomial(5, 0.5)
    assert [0] * first + thresholds.tolist() == [
        WORD * sum(math.comb(5, j) for j in range(k + 1)) // 32 for k in range(5)
    ]
    for n, p in ((12, 0.1), (40, 0.93), (7, 0.0), (7, 1.0)):
        first, thresholds = binomial(n, p)
        exact = [item for item in binomial_below(n, p) if item < WORD]
        mine = [0] * first + thresholds.tolist()
        assert all(abs(one - other) <= 1 for one, other in zip(mine, exact, strict=True))


def test_normal_values_are_the_middles_of_equal_shares():
    z = z_values() / 4096
    exact = np.array([NormalDist().inv_cdf((level + 0.5) / 65536) for level in range(32768, 65536)])
    assert np.array_equal(z[:32768], -z[:32767:-1])
    assert np.abs(z[32768:] - exact).max() < 1 / 4096
    assert z.std() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("kind", "value"), [("gaussian", math.exp(-0.5)), ("exponential", math.exp(-1)), ("uniform", 1)]
)
def test_a_profile_falls_as_its_formula(kind, value):
    rule = RULES["gaussian"].model_copy(update={"profile": kind, "scale": 0.5, "radius": 1.0, "probability": 0.75})
    assert profile(rule)[1024] / 2**32 == pytest.approx(0.75 * value, rel=1e-3)


def test_pairs_are_independent():
    rule = FixedProbability(shape=(400, 500), probability=0.1, weights=nd.Normal(mean=0, std=1), seed=1)
    made = ProceduralConnectivity.of(rule)
    for fan, pairs in ((made.fan_in, 500), (made.fan_out, 400)):
        assert fan.mean() == pytest.approx(0.1 * pairs, rel=0.02)
        assert fan.var() == pytest.approx(0.09 * pairs, rel=0.25)
    listed = made.listed()
    assert listed.weights.std() == pytest.approx(1, rel=0.03)
    other = ProceduralConnectivity.of(rule.model_copy(update={"seed": 2})).listed()
    shared = set(zip(listed.pre, listed.post, strict=True)) & set(zip(other.pre, other.post, strict=True))
    assert len(shared) == pytest.approx(2000, rel=0.15)


def test_mantissas_replace_weights_without_a_list():
    made = ProceduralConnectivity.of(RULES["target"])
    stored = made.with_mantissas(np.arange(made.rows.size))
    assert stored.into(np.array([4])).weights.dtype == np.int16
    assert set(stored.listed().weights.tolist()) == set(range(made.rows.size))
    assert np.array_equal(stored.fan_out, made.fan_out)
