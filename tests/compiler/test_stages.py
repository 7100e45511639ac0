"""Compilations that stop after a stage and start with what an earlier one gave."""

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.compiler import STAGES
from neurodeploy.mapping import Mapping
from neurodeploy.quantize import Quantized


@pytest.fixture
def network():
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=(4,)),),
        populations=(nd.Population(name="cells", shape=(3,), neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0)),),
        projections=(nd.dense("in", "cells", np.arange(12.0).reshape(3, 4) - 5),),
    )


@pytest.mark.parametrize("stop", STAGES)
def test_a_compilation_stops_after_a_stage_with_what_exists_so_far(network, stop):
    result = nd.check(network, "tiny", stop=stop)
    done = [stage for stage in STAGES[: STAGES.index(stop) + 1] if stage != "fixes"]  # nothing to fix
    assert list(result.stage_seconds) == done
    assert (result.quantized is not None) == ("quantize" in done)
    assert (result.mapping is not None) == ("partition" in done)
    assert (result.program is not None) == ("emit" in done)
    assert result.verdict == ("fits" if "partition" in done else "stopped")


def test_a_compilation_starts_with_what_an_earlier_one_gave(network):
    whole = nd.compile(network, "tiny")
    first = nd.check(network, "tiny", stop="partition")
    assert isinstance(first.quantized, Quantized)
    assert isinstance(first.mapping, Mapping)
    for source, start in ((first.quantized, None), (first.quantized, "partition"), (first.mapping, None)):
        assert nd.compile(source, "tiny", start=start).digest() == whole.digest()
    placed = nd.check(first.mapping, "tiny", stop="place")
    assert placed.verdict == "fits"
    assert nd.compile(placed.mapping, "tiny", start="emit").digest() == whole.digest()


def test_a_refused_network_ends_in_the_stage_that_refuses_it(network):
    wide = network.model_copy(update={"projections": network.projections * 2})
    result = nd.check(wide, "tiny", stop="partition")
    assert result.verdict == "refused"
    assert list(result.stage_seconds) == ["validate"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"stop": "partiton"}, "did you mean 'partition'?"),
        ({"start": "emitt"}, "did you mean 'emit'?"),
        ({"start": "place"}, "a Network starts with validate, not with 'place'"),
    ],
)
def test_stages_that_make_no_sense_are_refused(network, given, told):
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.check(network, "tiny", **given)
    assert {item.code for item in caught.value.diagnostics} == {"ND002"}
    assert told in str(caught.value)


def test_a_stop_before_the_start_is_refused(network):
    mapping = nd.check(network, "tiny", stop="partition").mapping
    with pytest.raises(nd.DiagnosticError, match="stage 'check' comes before 'place', the first"):
        nd.check(mapping, "tiny", stop="check")


def test_integers_and_mappings_are_of_one_target(network):
    """The dialect stands in the message, since a target can be compiled for with another one."""
    result = nd.check(network, "loihi1", stop="place")
    for source, kind in ((result.quantized, "Quantized"), (result.mapping, "Mapping")):
        with pytest.raises(nd.DiagnosticError) as error:
            nd.compile(source, "loihi2")
        assert str(error.value) == (
            f"error[ND002] compile: argument 'target': the {kind} was made for 'loihi1' (dialect loihi1), not for 'loihi2' "
            "(dialect loihi2)"
        )
        with pytest.raises(nd.DiagnosticError, match="was made for 'loihi1' \\(dialect loihi1\\)"):
            nd.compile(source, "loihi1", dialect="nengo")
    with pytest.raises(nd.DiagnosticError, match="made for another board, rule set or file of target 'loihi1'"):
        nd.compile(result.mapping, "loihi1", board=next(iter(nd.load_target("loihi1").boards)))
