"""What fits, what is proven not to, and fixes that work when they are applied."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.check import core_limits, use_of_program
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.target import load_target, on_board


def lif():
    return nd.Lif(tau_m_s=0.02, v_threshold=1.0)


def inputs_to_neurons(n_in, size):
    weights = np.random.default_rng(0).normal(size=(size, n_in)).astype(np.float32) / np.sqrt(n_in)
    return nd.Network(
        name="wide",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=n_in),),
        populations=(nd.Population(name="cells", shape=size, neuron=lif()),),
        projections=(nd.dense("in", "cells", weights),),
        outputs=(nd.Output(name="out", source="cells"),),
    )


def neurons_to_neurons(size):
    wide = inputs_to_neurons(size, size)
    first = nd.Population(name="first", shape=size, neuron=lif())
    relay = nd.one_to_one("in", "first")
    dense = wide.projections[0].model_copy(update={"source": "first"})
    return wide.model_copy(update={"populations": (first, *wide.populations), "projections": (relay, dense)})


def within_limits(program):
    limits = core_limits(program.target)
    return all((values <= limits[name].value).all() for name, values in use_of_program(program).items())


def test_dense_1024_to_1024_neurons_compiles():
    result = compile_network(neurons_to_neurons(1024), load_target("loihi1"))
    assert result.verdict == "fits"
    assert within_limits(result.require())
    assert max(result.lower_bounds.values()) <= result.n_cores <= 12


def test_4000_inputs_to_4000_neurons_is_refused_on_one_chip_with_fixes_that_pass():
    network, target = inputs_to_neurons(4000, 4000), load_target("loihi1")
    result = compile_network(network, target)
    (finding,) = [item for item in result.findings if item.code == "ND401"]
    assert (finding.found, finding.limit) == (134, 128)  # 30 neurons of 4,000 8-bit rows of 4 words fill 16,000 words
    assert result.verdict == "not placed by this mapper"
    assert [fix.change for fix in finding.fixes] == [{"weight_bits": {"*": 6}}, {"board": "kapoho_bay"}]
    for fix in finding.fixes:
        board = fix.change.get("board")
        again = compile_network(
            network, on_board(target, board), CompileOptions(weight_bits=fix.change.get("weight_bits", {}))
        )
        assert again.verdict == "fits"
        assert f"{again.n_cores:,} cores" in fix.text
        assert within_limits(again.require())


def test_5000_inputs_to_one_neuron_each_is_proven_impossible_and_only_pruning_helps():
    network, target = inputs_to_neurons(5000, 200), load_target("loihi1")
    result = compile_network(network, target)
    (finding,) = [item for item in result.findings if item.severity == "error"]
    assert (finding.code, finding.found, finding.limit) == ("ND303", 5000, 4096)
    assert result.verdict == "proven not to fit"
    (fix,) = finding.fixes
    assert fix.change == {"prune_sources": {"*": 0.2}}  # 1 - 4096 / 5000 = 18.1 %, in steps of 5 %
    assert compile_network(network, target, CompileOptions(**fix.change)).verdict == "fits"


@pytest.mark.parametrize("size", [8, 9, 30])
def test_every_printed_fix_on_the_tiny_chip_passes_when_applied(size):
    target = load_target("tiny")
    network = inputs_to_neurons(8, size * 2)
    result = compile_network(network, target)
    for finding in result.findings:
        for fix in finding.fixes:
            if fix.change:
                options = CompileOptions(**{key: value for key, value in fix.change.items() if key != "board"})
                assert compile_network(network, on_board(target, fix.change.get("board")), options).verdict == "fits"
