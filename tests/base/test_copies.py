"""Copies of nouns: derived values are never stale, arrays stay read-only, and fields are validated as in a new noun."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from factories import one_layer

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network.validate import validate
from neurodeploy.program.validate import program_faults


def network(size=2):
    return one_layer(nd.If(v_threshold=1), np.eye(size), output="out", metadata={"note": {"by": ["us"]}})


@pytest.fixture
def used():
    """A program of which everything derived is known already."""
    program = nd.compile(network(), "loihi1")
    assert program_faults(program) == []
    assert program.network.population_by_name["cells"].size == 2
    assert program.network.source_size("in") == 2
    assert validate(program.network) == ()
    assert program.digest()
    return program


def test_a_changed_copy_has_its_own_digest_names_and_findings(used):
    other = used.model_copy(update={"placement_seed": 7})
    assert other.digest() != used.digest()
    assert other.digest() == type(used)(**dict(other)).digest()
    cells = nd.Population(name="others", shape=3, neuron=nd.If(v_threshold=1))
    changed = used.network.model_copy(update={"populations": (cells,)})
    assert list(changed.population_by_name) == ["others"]
    assert {item.code for item in validate(changed)} == {"ND101"}
    wide = used.network.model_copy(update={"inputs": (nd.Input(name="in", shape=5),)})
    assert wide.source_size("in") == 5
    assert {item.code for item in validate(wide)} == {"ND102"}


def test_a_copy_is_checked_as_a_new_noun(used):
    with pytest.raises(DiagnosticError) as error:
        used.network.model_copy(update={"populations": "none", "nmae": "x"})
    assert {item.code for item in error.value.diagnostics} == {"ND002"}
    assert used.network.populations[0].model_copy(update={"shape": 5}).shape == (5,)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda noun: pickle.loads(pickle.dumps(noun)), lambda n: n.model_copy(deep=True)],
)
def test_copies_are_equal_and_cannot_be_written_to(used, copied):
    other = copied(used)
    assert other == used
    assert other.digest() == used.digest()
    weights = other.network.projections[0].operation.weights
    for array in (weights, other.tables.du, other.populations[0].v_frame, other.table_rows["cells"]):
        assert array is not None
    for array in (weights, other.tables.du, other.populations[0].v_frame):
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="cannot set WRITEABLE"):
            array.view().flags.writeable = True


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda noun: pickle.loads(pickle.dumps(noun))])
def test_nothing_derived_is_carried_over(used, copied):
    assert "_digest" in used.__dict__
    other = copied(used)
    assert not {"_digest", "_faults", "table_rows"} & set(other.__dict__)
    assert "population_by_name" not in other.network.__dict__
    other.network.metadata["note"]["by"].append("them")
    assert used.network.metadata == {"note": {"by": ["us"]}}


def test_a_state_of_a_changed_program_is_that_of_another(used):
    shown = np.ones((1, 5, 2), dtype=np.uint8)
    kept = nd.run(used, {"in": shown}, keep_state=True).final_state
    other = used.model_copy(update={"placement_seed": 7})
    with pytest.raises(DiagnosticError) as error:
        nd.run(other, {"in": np.ones((1, 9, 2), dtype=np.uint8)}, resume=kept)
    assert "ND509" in {item.code for item in error.value.diagnostics}


@pytest.mark.parametrize(
    "copied", [lambda n: n, copy.copy, copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n)), lambda n: n.model_copy()]
)
def test_tables_of_a_noun_are_read_and_not_changed(used, copied):
    rules = copied(used.target).rules
    assert rules == dict(used.target.rules)
    for change in (
        lambda: rules.update(x=1),
        lambda: rules.pop("nxtf", None),
        rules.clear,
        lambda: rules.__setitem__("x", 1),
        lambda: rules.setdefault("x", 1),
        lambda: rules.__ior__({"x": 1}),
    ):
        with pytest.raises(TypeError, match="read-only"):
            change()
    own = rules.copy()
    own["x"] = 1
    assert "x" not in used.target.rules


def test_a_noun_keeps_a_read_only_array_but_not_a_small_part_of_one():
    whole = np.arange(100)
    whole.flags.writeable = False
    values = [nd.SampleValues(values={"in": whole[:size]}).values["in"] for size in (100, 50, 49)]
    assert [item is whole or item.base is whole for item in values] == [True, True, False]
    changing = np.arange(4)
    kept = nd.SampleValues(values={"in": changing}).values["in"]
    changing[:] = 7
    assert kept.tolist() == [0, 1, 2, 3]
