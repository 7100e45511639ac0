"""Options of learning: what is refused, what is said, and weights that pass from sample to sample, batch and part of a run."""

from __future__ import annotations

import numpy as np
import pytest
from learners import learner, operation_of, shown, trained

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.signals import Learned
from neurodeploy.simulate import get_backend


def codes(findings):
    return [item.code for item in findings]


def refusal(call, *arguments, **choices):
    with pytest.raises(DiagnosticError) as error:
        call(*arguments, **choices)
    return [(item.code, item.message) for item in error.value.diagnostics]


def of_network(**change):
    network = learner()
    plain = network.projections[0].model_copy(update={"plasticity": None})
    return nd.compile(network.model_copy(update={"projections": (plain,), **change}), "loihi1")


def test_samples_that_learn_apart_begin_alike_and_are_numbered():
    program, recording = trained(samples=3, learn="apart")
    weights = recording.learned.synapses["in_cells.w"]
    assert weights.shape == (3, 12)
    assert recording.learned.program_digest == program.digest()
    alone = nd.run(program, {"in": shown(program.network, 3)["in"][:1]}, engine="spec")
    assert np.array_equal(alone.learned.synapses["in_cells.w"][0], weights[0])
    assert (weights[0] != weights[1]).any()


def test_a_sequence_goes_on_with_what_was_learned():
    program, recording = trained(samples=3, learn="sequential")
    samples, learned = shown(program.network, 3)["in"], None
    stimulus = nd.encode(program, {"in": samples})
    for k in range(3):
        part = stimulus.part(np.array([k])).model_copy(update={"first_sample": k})
        learned = nd.run(program, part, engine="spec", learned=learned, learn="sequential").learned
    weights = recording.learned.synapses["in_cells.w"]
    assert weights.shape == (1, 12)
    assert np.array_equal(learned.synapses["in_cells.w"], weights)


@pytest.mark.parametrize("learn", ["apart", "sequential", "off"])
@pytest.mark.parametrize("batch", [1, 2, 5])
def test_batches_of_an_iterator_change_no_bit(learn, batch):
    program, whole = trained(samples=5, learn=learn)
    samples = ({"in": one} for one in shown(program.network, 5)["in"])
    parts = nd.run(program, samples, engine="spec", learn=learn, batch=batch)
    assert np.array_equal(parts.learned.synapses["in_cells.w"], whole.learned.synapses["in_cells.w"])
    assert np.array_equal(parts.spikes["cells"], whole.spikes["cells"])
    assert not nd.compare(parts, whole).findings


def test_batches_take_their_rows_of_learned_weights():
    program, before = trained(samples=4, learn="apart")
    samples = shown(program.network, 4, seed=9)
    whole = nd.run(program, samples, engine="spec", learn="off", learned=before.learned)
    parts = nd.run(
        program, ({"in": one} for one in samples["in"]), engine="spec", learn="off", learned=before.learned, batch=3
    )
    assert np.array_equal(parts.learned.synapses["in_cells.w"], before.learned.synapses["in_cells.w"])
    assert np.array_equal(parts.spikes["cells"], whole.spikes["cells"])
    found = refusal(
        nd.run, program, ({"in": one} for one in samples["in"][:3]), engine="spec", learn="off", learned=before.learned
    )
    assert [code for code, _ in found] == ["ND518"]


def test_off_keeps_the_weights_and_is_allowed_where_nothing_learns():
    program, recording = trained(samples=2, learn="off")
    start = operation_of("dense").weights.T.ravel()
    assert np.array_equal(recording.learned.synapses["in_cells.w"], np.stack([start, start]))
    assert nd.run(of_network(), shown(program.network, 2), learn="off").learned is None


def test_several_samples_that_learn_unasked_are_told():
    program, recording = trained(samples=2)
    told = [item for item in recording.findings if item.code == "ND519"]
    assert len(told) == 1
    assert "2 samples" in told[0].message
    assert told[0].fixes[0].text.startswith("--learn sequential")
    for choices in ({"samples": 1}, {"samples": 2, "learn": "apart"}, {"samples": 2, "learn": "off"}):
        assert "ND519" not in codes(trained(**choices)[1].findings)
    parts = nd.run(program, ({"in": one} for one in shown(program.network, 3)["in"]), engine="spec", batch=1)
    assert codes(parts.findings).count("ND519") == 1


def test_options_without_plastic_projections_are_refused():
    fixed = of_network()
    samples, (_, recording) = shown(learner()), trained()
    assert refusal(nd.run, fixed, samples, learn="sequential")[0][0] == "ND517"
    assert refusal(nd.run, fixed, samples, learn="apart")[0][0] == "ND517"
    assert refusal(nd.run, fixed, samples, learned=recording.learned)[0][0] == "ND517"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"in_cells.w": None}, "is missing"),
        ({"other.w": np.zeros((1, 12), dtype=int)}, "is nothing that the program learns"),
        ({"in_cells.t": np.zeros((1, 12), dtype=int)}, "is nothing that the program learns"),
        ({"in_cells.w": np.zeros((1, 11), dtype=int)}, "needs integers [1, 12]"),
        ({"in_cells.w": np.zeros((3, 12), dtype=int)}, "needs integers [1, 12]"),
        ({"in_cells.w": np.zeros(12, dtype=int)}, "needs integers [1, 12]"),
        ({"in_cells.w": np.full((1, 12), 256)}, "has 12 values outside -256 to 255"),
        ({"in_cells.w": np.full((1, 12), 2**63, dtype=np.uint64)}, "uint64"),
    ],
)
def test_learned_values_that_do_not_fit_are_refused(change, words):
    program, recording = trained()
    synapses = {**recording.learned.synapses, **change}
    learned = Learned(
        program_digest="", step=1, synapses={name: rows for name, rows in synapses.items() if rows is not None}
    )
    found = refusal(nd.run, program, shown(program.network), learned=learned)
    assert [code for code, _ in found] == ["ND518"]
    assert words in found[0][1]


def test_learned_values_of_another_program_with_the_same_synapses_are_taken():
    program, recording = trained()
    other = nd.compile(learner(seed=5), "loihi1")
    assert other.digest() != program.digest()
    made = nd.run(other, shown(program.network), engine="spec", learn="off", learned=recording.learned)
    assert np.array_equal(made.learned.synapses["in_cells.w"], recording.learned.synapses["in_cells.w"])


def test_the_rows_of_samples_begin_each_sample():
    program, before = trained(samples=2, learn="apart")
    after = nd.run(program, shown(program.network, 2), engine="spec", learn="off", learned=before.learned)
    assert np.array_equal(after.learned.synapses["in_cells.w"], before.learned.synapses["in_cells.w"])
    found = refusal(nd.run, program, shown(program.network, 2), learn="sequential", learned=before.learned)
    assert [code for code, _ in found] == ["ND518"], "a sequence has one beginning"


def test_states_of_several_samples_contradict_a_sequence():
    program, recording = trained(samples=2, learn="apart", keep_state=True, until=7)
    samples = shown(program.network, 2)
    for choices in ({"keep_state": True}, {"resume": recording.final_state}):
        assert [code for code, _ in refusal(nd.run, program, samples, learn="sequential", **choices)] == ["ND520"]
    found = refusal(
        nd.run, program, ({"in": one} for one in samples["in"]), learn="sequential", keep_state=True, batch=1
    )
    assert [code for code, _ in found] == ["ND520"], "one sample at a time in batches is a sequence of several as well"
    state = recording.final_state
    assert refusal(nd.run, program, samples, resume=state, learned=recording.learned)[0][0] == "ND518"


@pytest.mark.parametrize("cut", [1, 6, 7, 20])
def test_a_run_in_parts_learns_what_the_whole_run_learns(cut):
    network = learner(epoch_steps=4, dt="2^-3*x1*y0", dd="y1*x0", third_factors=())
    program, whole = trained(network, samples=2, learn="apart", until=22)
    samples = shown(network, 2)
    first = nd.run(program, samples, engine="spec", learn="apart", until=cut, keep_state=True)
    second = nd.run(program, samples, engine="spec", learn="apart", until=22, resume=first.final_state)
    joined = nd.continued([first, second])
    assert joined.learned.synapses.keys() == {"in_cells.w", "in_cells.d", "in_cells.t"}
    assert nd.compare(joined, whole).identical
    batches = nd.run(
        program, ({"in": one} for one in samples["in"]), engine="spec", learn="apart", until=22, batch=1,
        resume=first.final_state,
    )  # fmt: skip
    assert np.array_equal(batches.learned.synapses["in_cells.w"], whole.learned.synapses["in_cells.w"])


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("in_cells.w", None, "has no such array"),
        ("in_cells.x1", np.zeros((1, 3), dtype=int), "needs [1, 4]"),
        ("in_cells.z", np.zeros((1, 4), dtype=int), "nothing of this name"),
        ("in_cells.w", np.full((1, 12), 300), "needs -256 to 255"),
        ("in_cells.y2", np.full((1, 3), 128), "needs 0 to 127"),
        ("in_cells.tx", np.full((1, 4), 2), "needs 0 to 1"),
    ],
)
def test_states_that_no_run_of_the_rule_reaches_are_refused(name, values, words):
    program, recording = trained(keep_state=True, until=5)
    state = recording.final_state
    learning = {**state.learning, name: values}
    changed = state.model_copy(update={"learning": {key: rows for key, rows in learning.items() if rows is not None}})
    found = refusal(nd.run, program, shown(program.network), engine="spec", resume=changed)
    assert [code for code, _ in found] == ["ND509"]
    assert words in found[0][1]


def test_backends_that_cannot_learn_are_refused_unless_weights_stay():
    program, recording = trained()
    samples = shown(program.network)
    found = refusal(nd.run, program, samples, backend="reference")
    assert [code for code, _ in found] == ["ND521"]
    assert "'in_cells'" in found[0][1]
    plain = nd.run(program, samples, backend="reference", learn="off")
    assert np.array_equal(plain.spikes["cells"], nd.run(program, samples, engine="spec", learn="off").spikes["cells"])
    assert (
        refusal(nd.run, program, samples, backend="reference", learn="off", learned=recording.learned)[0][0] == "ND521"
    )


def test_weights_at_their_limits_are_told():
    strong = learner(dw="2^3*x1*y0", x1=nd.Trace(impulse=100, tau_steps=100))
    _, recording = trained(strong)
    told = [item for item in recording.findings if item.code == "ND524"]
    assert len(told) == 1
    assert "12 of 12" in told[0].message
    assert "ND524" not in codes(trained()[1].findings)


RULES = {
    "emulator": ("sum_of_products", "pes"),
    "lava": ("sum_of_products",),
    "nengo-loihi": ("pes",),
    "nengo-loihi-board": (),
    "brian2loihi": ("sum_of_products",),
}


@pytest.mark.parametrize(("name", "kinds"), RULES.items(), ids=RULES)
def test_each_backend_names_the_rules_that_it_runs(name, kinds):
    assert get_backend(name).learns == kinds
