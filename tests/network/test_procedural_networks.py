"""Networks with drawn synapses against the same networks written out, and what refuses them."""

from __future__ import annotations

import numpy as np
import pytest
from engines import ENGINES
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.network import DistanceKernel, FixedNumber, FixedProbability, WeightFormat
from neurodeploy.network.connectivity import connectivity_of
from neurodeploy.network.procedural import connectivity
from neurodeploy.network.validate import validate

INTEGERS = nd.Normal(mean=3, std=9, low=-100, high=100, whole=True)
DELAYS = nd.Uniform(low=0, high=5, whole=True)


def network(kinds, *, integer, seed=0):
    """Populations that rules of all kinds join, from one input."""
    neuron = nd.LoihiCuba(du=1000, dv=200, vth_mant=60) if integer else nd.Lif(tau_m_s=0.02, v_threshold=1.0)
    style = {"weight_format": WeightFormat(weight_bits=8)} if integer else {}
    weights = INTEGERS if integer else nd.Normal(mean=0.5, std=0.3)
    own = {"weights": weights, "delays": DELAYS, **style}
    every = {
        "distance_kernel": nd.distance_kernel("in", "a", (6, 10), (6, 8), (1, 1), 0.9, 0.3, seed=seed + 1, **own),
        "target": nd.fixed_number("a", "b", (40, 48), 12, seed=seed + 2, **own),
        "projection": nd.fixed_number("b", "c", (20, 40), 300, per="projection", seed=seed + 3, **own),
        "source": nd.fixed_number("c", "d", (40, 20), 7, per="source", seed=seed + 3, **own),
        "probability": nd.fixed_probability(
            "b", "b", (40, 40), 0.1, seed=seed + 4, self_connections=False, name="rec", **own
        ),
        "delayed": nd.fixed_probability("d", "a", (48, 40), 0.1, seed=seed, delay_steps=2, **{**own, "delays": 0}),
    }
    full = nd.dense("in", "b", np.ones((40, 60), dtype=int if integer else float), **style)
    return nd.Network(
        name="drawn",
        time=nd.Time(dt_s=1e-3, steps_per_sample=30),
        inputs=[nd.Input(name="in", shape=(6, 10))],
        populations=[
            nd.Population(name=k, shape=s, neuron=neuron) for k, s in (("a", (6, 8)), ("b", 40), ("c", 20), ("d", 40))
        ],
        projections=[full, *(every[kind] for kind in kinds)],
        outputs=[nd.Output(name="o", source="d")],
    )


ALL = ("distance_kernel", "target", "projection", "source", "probability", "delayed")


def check_twins(drawn, target="loihi1", backends=("emulator",)):
    listed = nd.written_out(drawn)
    assert {item.operation.kind for item in listed.projections} <= {"sparse", "dense"}
    mine, other = nd.compile(drawn, target), nd.compile(listed, target)
    assert mine.tables == other.tables
    assert mine.formats == other.formats
    assert mine.inputs == other.inputs
    shown = (np.random.default_rng(0).random((2, 30, 6, 10)) < 0.3).astype(np.uint8)
    for backend in backends:
        one, two = nd.run(mine, shown, backend=backend, until=40), nd.run(other, shown, backend=backend, until=40)
        assert sum(len(spikes) for spikes in one.spikes.values())
        for name, spikes in one.spikes.items():
            assert np.array_equal(spikes, two.spikes[name])


@pytest.mark.parametrize("target", ["loihi1", "loihi2"])
@pytest.mark.parametrize("integer", [True, False])
def test_a_program_is_that_of_the_network_written_out(integer, target):
    check_twins(network(ALL, integer=integer), target, ("emulator",) if integer else ("emulator", "reference"))


def test_both_engines_run_drawn_synapses_alike():
    program = nd.compile(network(ALL, integer=True))
    shown = (np.random.default_rng(1).random((1, 30, 6, 10)) < 0.3).astype(np.uint8)
    native, numpy_ = (nd.run(program, shown, engine=engine) for engine in ENGINES)
    assert sum(len(spikes) for spikes in native.spikes.values())
    assert all(np.array_equal(spikes, numpy_.spikes[name]) for name, spikes in native.spikes.items())


@settings(max_examples=examples(40, 6), deadline=None)
@given(st.sets(st.sampled_from(ALL), min_size=1), st.booleans(), st.integers(0, 2**62))
def test_any_drawn_network_is_its_twin(kinds, integer, seed):
    check_twins(network(sorted(kinds), integer=integer, seed=seed))


def test_a_file_holds_the_rule_and_no_synapses(tmp_path):
    made = network(ALL, integer=True)
    nd.save(made.model_copy(update={"projections": made.projections[1:]}), tmp_path / "drawn.nd.json")
    assert not (tmp_path / "drawn.nd.npz").exists()
    assert (tmp_path / "drawn.nd.json").stat().st_size < 8000
    loaded = nd.load(tmp_path / "drawn.nd.json")
    assert loaded.projections == made.projections[1:]
    assert [item.operation.weights for item in loaded.projections[:2]] == [INTEGERS, INTEGERS]


def test_a_program_file_keeps_its_digest(tmp_path):
    program = nd.compile(network(ALL, integer=False))
    nd.save(program, tmp_path / "drawn.ndp")
    assert nd.load(tmp_path / "drawn.ndp").digest() == program.digest()


@pytest.mark.parametrize(
    "options",
    [{"prune": {"*": 0.2}}, {"prune_sources": {"*": 0.2}}, {"max_delay": {"*": 3}}, {"clip_weights": {"*": 0.1}},
     {"channel_scales": {"*": 4}}, {"weight_bits": {"*": 6}}],
    ids=lambda options: next(iter(options)),
)  # fmt: skip
def test_edits_are_those_of_the_network_written_out(options):
    made = network(ALL, integer=False)
    mine, other = (nd.compile(item, "loihi1", **options) for item in (made, nd.written_out(made)))
    assert mine.tables == other.tables


@pytest.mark.parametrize("target", ["speck2f", "truenorth", "spinnaker2", "odin"])
def test_other_chips_judge_drawn_synapses_as_listed_ones(target):
    made = network(ALL, integer=False)
    mine, other = (nd.judge(item, target).findings for item in (made, nd.written_out(made)))
    assert [(item.code, item.message) for item in mine] == [(item.code, item.message) for item in other]


def test_nir_holds_them_written_out(tmp_path):
    made = network(("distance_kernel", "target"), integer=False)
    nd.save(made, tmp_path / "drawn.nir")
    assert nd.load(tmp_path / "drawn.nir") == nd.written_out(made)


def test_too_many_synapses_are_not_listed(monkeypatch):
    monkeypatch.setattr(connectivity, "MOST_LISTED", 100)
    made = network(("target",), integer=False)
    with pytest.raises(nd.DiagnosticError) as error:
        nd.written_out(made)
    assert [(item.code, str(item.subject)) for item in error.value.diagnostics] == [("ND135", "projection 'a_to_b'")]


FAULTS = {
    "a number beyond the sources": (FixedNumber(shape=(2, 2), number=3, weights=1, seed=0), "ND134", "draws 3 different sources"),
    "a number beyond the targets": (
        FixedNumber(shape=(2, 2), number=2, per="source", weights=1, seed=0, self_connections=False), "ND134",
        "draws 2 different targets for each source",
    ),
    "more draws than pairs": (FixedNumber(shape=(2, 2), number=17, per="projection", weights=1, seed=0), "ND134", "4 pairs"),
    "other sizes": (FixedProbability(shape=(2, 3), probability=0.1, weights=1, seed=0), "ND102", "shape [2, 3]"),
    "axes": (
        DistanceKernel(source_shape=(2,), target_shape=(1, 2), extent=(1,), probability=1, radius=1, weights=1, seed=0),
        "ND134", "have 1, 2 and 1 axes",
    ),
    "ends in the wrong order": (
        FixedProbability(shape=(2, 2), probability=0.1, weights=nd.Uniform(low=2, high=1), seed=0), "ND134", "low 2 above high 1"),
    "half a whole number": (
        FixedProbability(shape=(2, 2), probability=0.1, weights=nd.Uniform(low=0.5, high=1, whole=True), seed=0), "ND134", "0.5"),
    "delays of floats": (
        FixedProbability(shape=(2, 2), probability=0.1, weights=1, delays=nd.Normal(mean=3, std=1), seed=0), "ND107", "not integers"),
    "delays before the spike": (
        FixedProbability(shape=(2, 2), probability=0.1, weights=1, delays=nd.Normal(mean=3, std=3, whole=True), seed=0), "ND107",
        "a delay of -10 steps",
    ),
    "long delays": (FixedProbability(shape=(2, 2), probability=0.1, weights=1, delays=256, seed=0), "ND107", "256 steps"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_rule_that_cannot_be_drawn_is_found(name):
    rule, code, words = FAULTS[name]
    found = validate(joined(rule))
    assert [item.code for item in found if item.severity == "error"] == [code]
    assert words in found[0].message


def test_delays_of_the_projection_are_one_number():
    rule = FixedProbability(shape=(2, 2), probability=0.5, weights=1, seed=0)
    found = validate(joined(rule, delay_steps=[1, 2], delay_axis="source"))
    assert [(item.code, item.severity) for item in found][:1] == [("ND107", "error")]


def test_drawn_synapses_do_not_learn():
    rule = FixedProbability(shape=(2, 2), probability=0.5, weights=1, seed=0)
    found = validate(joined(rule, plasticity="pair_stdp"))
    assert found[0].code == "ND125"
    assert "are drawn whenever they are read" in found[0].message


def test_a_projection_without_weights_drives_nothing():
    found = validate(joined(FixedProbability(shape=(2, 2), probability=0.5, weights=0, seed=0)))
    assert [item.code for item in found] == ["ND115"]


def joined(rule, **fields):
    neuron = nd.Lif(tau_m_s=0.02, v_threshold=1.0)
    return nd.Network(
        name="n",
        time=nd.Time(dt_s=1e-3),
        inputs=[nd.Input(name="in", shape=2)],
        populations=[nd.Population(name="cells", shape=2, neuron=neuron)],
        projections=[nd.Projection(name="p", source="in", target="cells", operation=rule, **fields)],
        outputs=[nd.Output(name="o", source="cells")],
    )


def test_a_connectivity_is_made_once_for_a_projection():
    made = network(("target",), integer=False)
    assert connectivity_of(made.projections[1], 48) is connectivity_of(made.projections[1], 48)
