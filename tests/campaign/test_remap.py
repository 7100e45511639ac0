"""Programs leave cores: every bit stays, and what does not fit is refused."""

from __future__ import annotations

import numpy as np
import pytest
from campaigns import classifier, program, samples
from factories import network_of
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.program.audit import over_limits


def deep(seed=4):
    """Two populations over several cores of the test chip."""
    rng, cells = np.random.default_rng(seed), nd.If(v_threshold=1.0)
    return network_of(
        [nd.Population(name=name, shape=10, neuron=cells) for name in ("first", "second")],
        [
            nd.dense("in", "first", rng.normal(0.3, 0.5, (10, 4))),
            nd.dense("first", "second", rng.normal(0.2, 0.5, (10, 10))),
        ],
        inputs=(nd.Input(name="in", shape=4, encoder="rate"),),
        outputs="second",
        steps_per_sample=12,
    )


VALUES = np.random.default_rng(1).random((6, 4))


@pytest.mark.parametrize("target", ["tiny", "loihi1", "loihi2"])
@settings(max_examples=8, deadline=None)
@given(st.data())
def test_bits_stay_on_other_cores(target, data) -> None:
    made = nd.compile(deep(), target)
    most = min(made.target.cores - made.tables.n_cores, 12)
    avoid = data.draw(st.sets(st.integers(0, min(made.target.cores, 16) - 1), max_size=most))
    found = nd.remap(made, sorted(avoid), samples={"in": VALUES})
    ids = set(found.program.tables.core_id.tolist())
    assert not ids & avoid
    assert len(ids) == found.program.tables.n_cores
    assert {move.before for move in found.moves} == set(made.tables.core_id.tolist()) & avoid
    assert not over_limits(found.program)
    one, two = (nd.run(item, {"in": VALUES}).spikes for item in (made, found.program))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert (found.n_samples, found.drawn) == (6, False)
    assert nd.verify(found.program).identical


def test_a_network_that_uses_every_core_is_refused() -> None:
    made = nd.compile(deep(), "tiny")
    free = sorted(set(range(made.target.cores)) - set(made.tables.core_id.tolist()))
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.remap(made, [*free, int(made.tables.core_id[0])])
    assert [item.code for item in caught.value.diagnostics] == ["ND977"]


def test_a_network_is_compiled_again_where_no_core_is_free() -> None:
    """Populations that were pinned apart share the one core that is left."""
    made = nd.compile(classifier(), "loihi1", pins={"hidden": [0], "answer": [1]})
    assert made.tables.n_cores == 2
    found = nd.remap(made, range(1, made.target.cores), samples={"lines": samples()})
    assert (found.method, found.program.tables.n_cores) == ("compiled", 1)
    one, two = (nd.run(item, samples()).spikes for item in (made, found.program))
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_what_is_not_in_use_changes_nothing() -> None:
    found = nd.remap(program(), [5, 9])
    assert (found.method, found.moves, found.drawn) == ("unchanged", (), True)
    assert found.program.digest() == program().digest()


def test_cores_that_do_not_exist() -> None:
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.remap(program(), [100_000])
    assert [item.code for item in caught.value.diagnostics] == ["ND403"]
