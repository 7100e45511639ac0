"""Figures of learning engines: what is public of each target and dialect, and what is not."""

from __future__ import annotations

import pytest

from neurodeploy.hardware import dialect_names, load_dialect, load_target, on_dialect
from neurodeploy.io.tensors import split

PUBLIC = {"rules", "rules_source", "mantissa", "exponent", "constant", "decimation", "epoch_steps", "trace_bits"}
PUBLIC |= {"accumulator_bits", "weight_bits", "tag_bits", "delay_bits"}


def test_figures_of_loihi_1():
    engine = load_target("loihi1").learning
    assert {name for name, value in engine if value is not None} == PUBLIC | {"cores", "source_traces"}
    assert (engine.epoch_steps.low, engine.epoch_steps.high) == (1, 63)
    assert (engine.mantissa.low, engine.mantissa.high) == (-8, 7)
    assert engine.source_traces.value == 3
    assert engine.cores.value == load_target("loihi1").chip.cores.value


def test_what_is_not_public_is_unknown():
    assert load_target("loihi1").learning.products is None
    assert load_target("loihi1").learning.rules_per_core is None
    assert {name for name, value in load_target("loihi2").learning if value is not None} == PUBLIC
    assert load_target("tiny").learning is None


def test_a_target_without_an_engine_is_written_as_before():
    """Hashes of programs for other targets stay."""
    assert "learning" not in split(load_target("tiny"))[0]
    assert "learning" in split(load_target("loihi1"))[0]
    assert all("synapse_update" not in item for item in split(load_target("tiny"))[0]["energy"].values())


@pytest.mark.parametrize("name", dialect_names())
def test_the_model_of_every_dialect_has_a_source(name):
    dialect = load_dialect(name)
    assert dialect.learning in ("sum_of_products", "pes", "brian2")
    assert len(dialect.sources["learning"]) > 20
    assert on_dialect(load_target("loihi1"), name).dialect.learning == dialect.learning


@pytest.mark.parametrize("name", ["davies2018", "nahuku"])
def test_an_update_of_a_synapse_costs_what_davies_gives(name):
    cost = load_target("loihi1").energy[name].synapse_update
    assert cost.energy.value == pytest.approx(120e-12)
    assert cost.time.value == pytest.approx(6.1e-9)
    assert cost.energy.kind == "pre-silicon"
