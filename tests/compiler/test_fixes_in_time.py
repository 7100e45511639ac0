"""Time limits of fixes and searches, their progress, and fixes that pass when typed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import wide_network

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network, fit_network
from neurodeploy.compiler.fixes import WORDS
from neurodeploy.compiler.quantize_cache import QuantizeCache
from neurodeploy.compiler.trials import cores_needed
from neurodeploy.hardware import load_target
from neurodeploy.mapping import OutOfTimeError, TimeLimit, partition
from neurodeploy.network.files import save_network
from neurodeploy.quantize import quantize

WIDE = nd.Lif(tau_m_s=0.02, v_threshold=1.0)


def wide(size=60, n_in=10, neuron=WIDE, **fields):
    return wide_network(size, n_in, neuron, seed=0, output="out", **fields)


def far(size=3000, fan_out=60):
    """A network without order, of which first fit takes far more cores than a bound."""
    rng = np.random.default_rng(1)
    post, pre = rng.integers(0, size, size * fan_out), np.repeat(np.arange(size), fan_out)
    pairs = np.unique(pre * size + post)
    style = nd.network.WeightFormat(weight_bits=8)
    operation = nd.network.Sparse(
        shape=(size, size), pre=pairs // size, post=pairs % size, weights=np.full(pairs.size, 2)
    )
    wires = nd.Projection(name="loop", source="cells", target="cells", operation=operation, weight_format=style)
    cells = nd.Population(name="cells", shape=size, neuron=nd.LoihiCuba(du=4095, dv=64, vth_mant=200))
    return nd.Network(name="far", time=nd.Time(dt_s=1e-3), populations=(cells,), projections=(wires,))


def codes(result):
    return [item.code for item in result.findings if item.code.startswith("ND4")]


def test_no_time_for_fixes_tells_which_were_not_tried_in_their_order():
    result = compile_network(wide(), load_target("tiny"), CompileOptions(fix_time_s=0), others=[load_target("loihi1")])
    assert codes(result) == ["ND401", "ND406"]
    refused, untried = result.findings[-2:]
    assert refused.fixes == ()
    assert untried.severity == "info"
    told = ["a larger board", "another target"]
    places = [untried.message.index(words) for words in told]
    assert places == sorted(places)
    assert set(told) <= set(WORDS.values())


def test_time_enough_tells_nothing_of_it_and_every_fix_has_a_place():
    result = compile_network(wide(30), load_target("tiny"), CompileOptions(fix_time_s=600))
    assert codes(result) == ["ND401"]
    assert [fix.flag for item in result.findings for fix in item.fixes] == ["--weight-bits 4", "--board pair"]


def test_fixes_share_the_network_in_integers(monkeypatch):
    module = __import__("sys").modules["neurodeploy.compiler.quantize_cache"]
    made, counted = module.quantize, []
    monkeypatch.setattr(
        module, "quantize", lambda *given, **more: counted.append(given[2].weight_bits) or made(*given, **more)
    )
    network, target = wide(40, 1), load_target("tiny")
    result = compile_network(network, target, CompileOptions(fix_time_s=600))
    assert [fix.flag for item in result.findings for fix in item.fixes] == ["--board pair"]
    assert counted.count({}) <= 1 + sum("prune" in str(item) for item in counted), (
        "a board is no reason to quantize again"
    )


def test_a_trial_needs_the_cores_of_a_compilation():
    network, target = wide(20), load_target("tiny")
    cache = QuantizeCache(network)
    for options in (CompileOptions(), CompileOptions(weight_bits={"*": 4}), CompileOptions()):
        cores = cores_needed(cache, target, options, TimeLimit())
        assert cores == compile_network(network, target, options.model_copy(update={"fixes": False})).n_cores


def test_a_watch_that_is_over_ends_first_fit_and_follows_it():
    network, target = far(600, 20), load_target("loihi1")
    seen = []
    quantized = quantize(network, target)
    partition(quantized, target, time_limit=TimeLimit(progress=lambda *step: seen.append(step)))
    assert {what for what, _, _ in seen} == {"first fit"}
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert {total for _, _, total in seen} == {600}
    with pytest.raises(OutOfTimeError):
        partition(quantized, target, time_limit=TimeLimit(deadline=0.0))


def test_progress_names_stages_and_fixes():
    seen = []
    compile_network(wide(30), load_target("tiny"), progress=lambda what, done, total: seen.append(what))
    stages = [what for what in dict.fromkeys(seen) if what in ("validate", "quantize", "check", "partition")]
    assert stages == ["validate", "quantize", "check", "partition"]
    assert "fixes: fewer weight bits" in seen


@pytest.mark.parametrize("size", [28, 30, 44, 60, 90])
@pytest.mark.parametrize("kind", ["plain", "delays", "unlike", "sources"])
def test_every_flag_that_is_printed_passes_when_it_is_typed(call, tmp_path, size, kind):
    fields = {"delay_steps": 3} if kind == "delays" else {}
    unlike = nd.Lif(tau_m_s=np.linspace(0.01, 0.03, size), v_threshold=np.linspace(1.0, 2.0, size))
    network = wide(size, 13 if kind == "sources" else 4, unlike if kind == "unlike" else WIDE, **fields)
    save_network(network, tmp_path / "net.nd.json")
    command = ("check", tmp_path / "net.nd.json", "-t", "tiny", "--json", "--fix-time", "600")
    status, out, _ = call(*command)
    told = json.loads(out)
    fixes = [fix for item in told["findings"] if item["severity"] == "error" for fix in item["fixes"]]
    assert (status == 1) == (told["verdict"] != "fits")
    for flag in {fix["flag"] for fix in fixes if fix.get("flag")}:
        status, out, _ = call(*command, *flag.split())
        assert (status, json.loads(out)["verdict"]) == (0, "fits"), flag


def test_fit_says_what_it_had_no_time_for():
    rows = fit_network(wide(60), [load_target("tiny")], CompileOptions(fix_time_s=0))
    assert rows[0].fix is None
    assert "a larger board" in rows[0].untried


def test_no_seconds_for_fixes_are_refused(call, tmp_path):
    save_network(wide(4, 2), tmp_path / "net.nd.json")
    for given in ("nan", "-1", "inf"):
        status, _, err = call("check", tmp_path / "net.nd.json", "-t", "tiny", "--fix-time", given)
        assert (status, "ND701" in err) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("level", [2, 3])
def test_a_time_limit_ends_the_search_and_tells_so(level):
    network, target = far(), load_target("loihi1", board="nahuku8")
    result = compile_network(network, target, CompileOptions(level=level, time_limit_s=3.0, fixes=False))
    assert result.verdict == "fits"
    (item,) = [item for item in result.findings if item.code == "ND407"]
    assert item.message.startswith("the time limit of 3 s ended the search")


def test_without_a_time_limit_slices_change_nothing():
    """A limit that is never reached gives the program that no limit gives."""
    network, target = far(400, 12), load_target("loihi1")
    plain, limited = (
        compile_network(network, target, CompileOptions(level=2, time_limit_s=limit, fixes=False)).require()
        for limit in (None, 3600.0)
    )
    assert plain.digest() == limited.digest()


def test_the_api_follows_a_compilation():
    seen = []
    nd.compile(wide(4, 2), "tiny", progress=lambda what, done, total: seen.append(what))
    assert list(dict.fromkeys(seen)) == ["validate", "quantize", "check", "partition", "first fit", "place", "emit"]


def test_another_target_is_offered_under_the_rules_that_were_typed(call, tmp_path):
    save_network(far(1500, 4), tmp_path / "net.nd.json")
    base = ("check", tmp_path / "net.nd.json", "-t", "tiny", "--json", "--fix-time", "600")
    for rules, offered in (((), ["--target loihi1"]), (("--rules", "short"), [])):
        told = json.loads(call(*base, *rules)[1])
        flags = [fix["flag"] for item in told["findings"] for fix in item["fixes"] if fix.get("flag")]
        assert flags == offered, "no other target has the rule set 'short'"
        for flag in flags:
            assert call(*base, *rules, *flag.split())[0] == 0
