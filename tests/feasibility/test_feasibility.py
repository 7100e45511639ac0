"""Chips that are judged: fixed networks and crossbars at the edge of each limit, fixes, the command, real networks."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from factories import network_of, ones_conv, operation_network, with_limits

import neurodeploy as nd
from neurodeploy.diagnostics import errors_in
from neurodeploy.feasibility import judge
from neurodeploy.hardware import load_feasibility_target
from neurodeploy.importers import ImportOptions
from neurodeploy.network import WeightFormat

IF = nd.If(v_threshold=1.0)
LIF = nd.Lif(tau_m_s=0.02, v_threshold=1.0, reset="subtract")


def limited(name, **values):
    return with_limits(load_feasibility_target(name), **values)


def codes(judgement):
    return sorted(item.code for item in judgement.findings if item.severity == "error")


# -- neurons ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "neuron", "word"),
    [
        ("speck2f", nd.Lif(tau_m_s=0.02, v_threshold=1.0), "neuron kind 'lif'"),
        ("speck2f", nd.If(v_threshold=1.0, reset="none"), "reset 'none'"),
        ("speck2f", nd.If(v_threshold=1.0, refractory_steps=1), "refractory period"),
        ("speck2f", nd.If(v_threshold=np.linspace(1, 2, 144)), "144 different values of v_threshold"),
        ("speck2f", nd.If(v_threshold=1.0, v_floor=-np.linspace(1, 2, 144)), "values of v_floor"),
        ("speck2f", nd.If(v_threshold=1.0, bias=np.linspace(0, 1, 144)), "one bias for each neuron"),
        ("odin", nd.If(v_threshold=1.0, bias=-0.1), "has no floor and inhibition"),
        ("odin", nd.If(v_threshold=1.0, bias=-0.1, v_floor=-1.0), "has another floor and inhibition"),
        ("truenorth", nd.Lif(tau_m_s=0.02, v_threshold=1.0), "neuron kind 'lif'"),
        ("xylo_audio2", IF, "neuron kind 'if'"),
    ],
)
def test_neurons_that_a_chip_cannot_express_are_told_with_the_reason(target, neuron, word):
    found = judge(operation_network(ones_conv(), neuron=neuron), load_feasibility_target(target)).findings
    told = [item for item in found if item.code == "ND340" and word in item.message]
    assert len(told) == 1, [item.message for item in found]
    assert str(told[0].subject) == "population 'cells'"


def test_decays_end_where_the_shift_ends():
    # dt is 1 ms: 2**15 steps are 32.768 s
    def judged(tau):
        neuron = nd.CubaLif(tau_m_s=0.02, tau_syn_s=tau, v_threshold=1.0, reset="subtract")
        return judge(rig(neuron=neuron), load_feasibility_target("xylo_audio2"))

    assert codes(judged(32.768)) == []
    (item, *_) = judged(65.536).findings
    assert (item.code, item.found, item.limit) == ("ND340", 16, 15)
    assert "neuron.tau_syn_s = 32.768" in item.fixes[0].text


# -- fixed --------------------------------------------------------------------------------------------------------


def rig(inputs=2, hidden=3, outputs=2, neuron=LIF, recurrent=None, w_in=None, w_out=None, more=()):
    wires = [
        nd.dense("in", "hid", np.ones((hidden, inputs)) if w_in is None else w_in, name="w_in"),
        nd.dense("hid", "out", np.ones((outputs, hidden)) if w_out is None else w_out, name="w_out"),
    ]
    if recurrent is not None:
        wires.append(nd.dense("hid", "hid", recurrent, name="w_rec"))
    return network_of(
        (nd.Population(name="hid", shape=hidden, neuron=neuron), nd.Population(name="out", shape=outputs, neuron=LIF)),
        (*wires, *more),
        inputs=inputs,
        outputs=(nd.Output(name="answer", source="out"),),
        name="rig",
    )


def rows(n, size, ones):
    """(size, n) with that many ones in the first column, filled from the top."""
    weights = np.zeros((size, n))
    weights[:ones, 0] = 1.0
    return weights


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize(
    ("field", "limit", "code", "network"),
    [
        ("inputs", 4, "ND346", lambda n: rig(inputs=n)),
        ("hidden", 4, "ND346", lambda n: rig(hidden=n)),
        ("outputs", 4, "ND346", lambda n: rig(outputs=n)),
        ("fan_out", 3, "ND347", lambda n: rig(hidden=5, recurrent=rows(5, 5, n))),
        ("synapses", 3, "ND350", lambda n: rig(hidden=5, recurrent=rows(5, 5, n))),
        ("input_reach", 3, "ND347", lambda n: rig(hidden=5, w_in=rows(2, 5, n))),
        ("output_reads", 3, "ND348", lambda n: rig(hidden=5, w_out=rows(2, 5, n).T)),
    ],
)
def test_a_fixed_chip_is_judged_at_the_edge_of_each_limit(field, limit, code, network, more):
    judged = judge(network(limit + more), limited("xylo_audio2", **{field: limit}))
    assert codes(judged) == ([code] if more > 0 else [])
    use = next(item for item in judged.uses if item.name == field)
    assert (use.found, use.limit) == (limit + more, limit)


def test_wiring_that_a_fixed_chip_has_no_place_for_is_named():
    direct = nd.dense("in", "out", np.ones((2, 2)), name="shortcut")
    back = nd.dense("out", "hid", np.ones((3, 2)), name="back")
    judged = judge(rig(more=(direct, back)), load_feasibility_target("xylo_audio2"))
    assert [(item.code, str(item.subject)) for item in judged.findings if item.severity == "error"] == [
        ("ND342", "population 'out'"),
        ("ND342", "projection 'shortcut'"),
    ]
    assert judged.verdict == "not expressible"
    flat = rig().model_copy(
        update={
            "populations": rig().populations[1:],
            "projections": (nd.dense("in", "out", np.ones((2, 2)), name="only"),),
        }
    )
    assert "has no hidden population" in judge(flat, load_feasibility_target("xylo_audio2")).findings[1].message


def test_delays_and_wide_weights_are_told_of_their_projection():
    network = rig()
    wires = network.projections[0].model_copy(update={"delay_steps": 2, "weight_format": WeightFormat(weight_bits=9)})
    judged = judge(
        network.model_copy(update={"projections": (wires, network.projections[1])}),
        load_feasibility_target("xylo_audio2"),
    )
    told = {
        item.code: (str(item.subject), item.found, item.limit) for item in judged.findings if item.severity == "error"
    }
    assert told == {"ND341": ("projection 'w_in'", 2, 0), "ND349": ("projection 'w_in'", 9, 8)}


# -- crossbar -----------------------------------------------------------------------------------------------------


def crossed(weights, neuron=IF, inputs=None):
    inputs = inputs or np.shape(weights)[1]
    return network_of(
        (nd.Population(name="cells", shape=np.shape(weights)[0], neuron=neuron),),
        (nd.dense("in", "cells", weights),),
        inputs=inputs,
        name="grid",
    )


def hub(n):
    """One neuron that n others hear."""
    return network_of(
        (nd.Population(name="one", shape=1, neuron=IF), nd.Population(name="many", shape=n, neuron=IF)),
        (nd.dense("in", "one", [[1.0]]), nd.dense("one", "many", np.ones((n, 1)))),
        inputs=1,
        name="hub",
    )


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize(
    ("limits", "limit", "code", "network"),
    [
        ({"axons": 4}, 4, "ND348", lambda n: crossed(np.ones((1, n)))),
        ({"cores": 2, "neurons": 3}, 6, "ND346", lambda n: crossed(np.ones((n, 1)))),
        ({"weights_per_neuron": 4}, 4, "ND349", lambda n: crossed(np.arange(1.0, n + 1)[None, :])),
        ({"neurons": 5}, 5, "ND347", hub),
    ],
)
def test_a_crossbar_is_judged_at_the_edge_of_each_limit(limits, limit, code, network, more):
    assert codes(judge(network(limit + more), limited("truenorth", **limits))) == ([code] if more > 0 else [])


@pytest.mark.parametrize(("steps", "fits"), [(13, True), (14, True), (15, False)])
def test_a_delay_includes_the_step_that_every_connection_takes(steps, fits):
    network = crossed(np.ones((2, 2)))
    wires = network.projections[0].model_copy(update={"delay_steps": steps})
    judged = judge(network.model_copy(update={"projections": (wires,)}), load_feasibility_target("truenorth"))
    assert codes(judged) == ([] if fits else ["ND341"])


def test_inputs_and_sending_neurons_share_the_rows_of_one_crossbar():
    target = limited("odin", neurons=6, axons=6)
    assert codes(judge(crossed(np.ones((6, 6))), target)) == [], "nothing sends, so inputs have all rows"
    chain = hub(3)  # 1 input + 4 neurons
    assert codes(judge(chain, limited("odin", neurons=6, axons=5))) == []
    assert codes(judge(chain, limited("odin", neurons=6, axons=4))) == ["ND346"]


def test_a_source_has_one_sign_and_a_crossing_one_synapse():
    floor = nd.If(v_threshold=1.0, v_floor=0.0)
    target = load_feasibility_target("odin")
    assert codes(judge(crossed([[1.0, -1.0], [1.0, -1.0]], floor), target)) == []
    assert codes(judge(crossed([[1.0, -1.0], [-1.0, -1.0]], floor), target)) == ["ND342"]
    once = crossed(np.ones((2, 2)), floor)
    twice = once.model_copy(
        update={"projections": (*once.projections, nd.dense("in", "cells", np.ones((2, 2)), name="again"))}
    )
    (item, *_) = judge(twice, target).findings
    assert (item.code, str(item.subject)) == ("ND342", "projection 'again'")
    assert "4 of its synapses" in item.message


def test_processors_are_judged_by_the_bytes_of_weights_and_only_warn():
    network = crossed(np.ones((4, 4)))
    assert judge(network, limited("spinnaker2", cores=1, core_memory=16)).findings[0].code == "ND351"
    judged = judge(network, limited("spinnaker2", cores=1, core_memory=15))
    assert (judged.findings[0].code, judged.findings[0].severity) == ("ND350", "warning")
    assert (judged.findings[0].found, judged.findings[0].limit) == (16, 15)
    assert judged.verdict == "within limits"


# -- fixes --------------------------------------------------------------------------------------------------------

WRITE = re.compile(r"in (population|projection) '(\w+)' write ([\w.]+) = (.+)")


def written(network, text):
    """The network after the user wrote what a fix says into its document."""
    kind, name, path, value = WRITE.fullmatch(text).groups()
    document = network.model_dump(mode="json")
    item = next(item for item in document[f"{kind}s"] if item["name"] == name)
    *outer, last = path.split(".")
    for part in outer:
        item = item[part]
    item[last] = json.loads(value)
    return nd.Network.model_validate(document)


BROKEN = {
    "reset": (rig(neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0, reset="zero")), load_feasibility_target("xylo_audio2")),
    "refractory": (
        operation_network(ones_conv(), neuron=nd.If(v_threshold=1.0, refractory_steps=3)),
        load_feasibility_target("speck2f"),
    ),
    "floor": (crossed([[1.0, -1.0]]), load_feasibility_target("odin")),
    "decay": (
        rig(neuron=nd.Lif(tau_m_s=99.0, v_threshold=1.0, reset="subtract")),
        load_feasibility_target("xylo_audio2"),
    ),
    "delay": (operation_network(ones_conv(), delay_steps=4), load_feasibility_target("speck2f")),
    "fan out": (
        rig(hidden=8, recurrent=np.random.default_rng(0).normal(size=(8, 8))),
        limited("xylo_audio2", fan_out=5),
    ),
    "fan in": (crossed(np.random.default_rng(0).normal(size=(1, 8)) * 0 + 1), limited("truenorth", axons=5)),
    "synapses": (
        rig(hidden=8, recurrent=np.random.default_rng(0).normal(size=(8, 8))),
        limited("xylo_audio2", synapses=40),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_every_fix_that_is_offered_helps_when_it_is_made(name):
    from neurodeploy.network.prune import prune

    network, target = BROKEN[name]
    before = judge(network, target)
    fixes = [(item, fix) for item in before.findings for fix in item.fixes]
    assert fixes
    for item, fix in fixes:
        edited = prune(network, fix.change["prune"]) if fix.change else written(network, fix.text)
        after = judge(edited, target)
        assert not errors_in(after.findings), fix.text
        assert item.code not in {other.code for other in after.findings}


def test_another_chip_is_offered_only_if_nothing_speaks_against_it():
    from neurodeploy.hardware import read_target, target_names

    others = [read_target(name) for name in target_names()]
    others = [item for item in others if hasattr(item, "architecture")]
    network = rig(outputs=9)  # Audio 2 has 8 outputs, Audio 3 has 32, IMU has 16
    judged = judge(network, load_feasibility_target("xylo_audio2"), others=others)
    flags = [fix.flag for item in judged.findings for fix in item.fixes]
    assert flags == ["--target xylo_audio3", "--target xylo_imu"]
    for flag in flags:
        assert not errors_in(judge(network, load_feasibility_target(flag.split()[1])).findings)
    assert [
        fix.flag
        for item in judge(rig(outputs=20), load_feasibility_target("xylo_audio2"), others=others).findings
        for fix in item.fixes
    ] == ["--target xylo_audio3"]


# -- the command, and networks of others --------------------------------------------------------------------------


def test_check_judges_and_compile_says_that_it_cannot(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    nd.save(rig(outputs=9), "rig.nd.json")
    status, out, err = call("check", "rig.nd.json", "-t", "xylo_audio2")
    assert status == 1
    assert out.startswith("verdict: over limits (judged against public limits of xylo_audio2")
    assert "error[ND346]" in err
    assert "--target xylo_audio3" in err
    assert call("check", "rig.nd.json", "-t", "xylo_audio3")[0] == 0
    status, _, err = call("compile", "rig.nd.json", "-t", "xylo_audio3")
    assert status == 1
    assert "error[ND028]" in err
    document = json.loads(call("check", "rig.nd.json", "-t", "xylo_audio2", "--json")[1])
    assert document["verdict"] == "over limits"
    assert {item["name"]: item["share"] for item in document["uses"]}["outputs"] == 9 / 8


def test_a_judgement_takes_budgets_formats_and_pruning(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    index = np.arange(8)
    circular = 1.0 + (index[:, None] + index) % 8  # every row and every column holds 1 to 8
    nd.save(rig(hidden=8, recurrent=circular), "rig.nd.json")
    check = ("check", "rig.nd.json", "-t", "xylo_audio2")
    assert call(*check, "--budget", "fan_out<=8", "--budget", "hidden<=1%")[0] == 0
    status, out, _ = call(*check, "--budget", "fan_out<=7", "--format", "concise")
    assert status == 1
    assert "ND604" in out
    assert call(*check, "--budget", "fan_out<=7", "--prune", "0.5")[0] == 0
    assert call(*check, "--budget", "synapse_memory<=7")[0] == 1, "no figure of this report"
    assert call(*check, "--board", "pair")[0] == 1


def test_an_invalid_network_is_not_judged(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    nd.save(rig(w_in=np.ones((2, 3))), "rig.nd.json")
    status, out, err = call("check", "rig.nd.json", "-t", "xylo_audio2")
    assert status == 1
    assert "ND102" in err
    assert "verdict" not in out
    json.loads(call("check", "rig.nd.json", "-t", "xylo_audio2", "--json")[1])


def test_the_convolutional_network_that_ran_on_speck_is_within_its_limits(reference_data):
    file = reference_data / "real_inputs" / "nir_paper" / "02_cnn" / "cnn_sinabs.nir"
    network = nd.load(file, ImportOptions(dt_s=1e-3, reset="subtract", producer="nir"))
    judged = judge(network, load_feasibility_target("speck2f"))
    assert judged.verdict == "within limits"
    assert len(judged.cores) == len(network.populations)
    zero = nd.load(file, ImportOptions(dt_s=1e-3, reset="none", producer="nir"))
    assert judge(zero, load_feasibility_target("speck2f")).verdict == "not expressible"


@pytest.mark.parametrize(("target", "verdict"), [("xylo_audio2", "within limits"), ("speck2f", "not expressible")])
def test_the_recurrent_network_that_ran_on_xylo_is_within_its_limits(reference_data, target, verdict):
    file = reference_data / "real_inputs" / "nir_paper" / "03_rnn" / "braille_noDelay_noBias_subtract.nir"
    network = nd.load(file, ImportOptions(dt_s=1e-4, reset="subtract", producer="nir"))
    assert judge(network, load_feasibility_target(target)).verdict == verdict
