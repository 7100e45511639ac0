"""Events of a sensor in pieces become the rows of the recording as a whole."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import Events
from neurodeploy.signals import EventOptions
from neurodeploy.simulate import encode
from neurodeploy.stream.aer import event_form, event_steps_of

CELLS = [nd.Population(name="cells", shape=1, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0))]


def seen(shape, encoder="spikes"):
    """A network that sees events on an input of a shape."""
    size = int(np.prod(shape))
    wires = [nd.dense("in", "cells", np.ones((1, size)))]
    return network_of(CELLS, wires, inputs=(nd.Input(name="in", shape=shape, encoder=encoder),))


def events_of(number, width, height, seed=0, last_us=30_000):
    """Rows (t, x, y, p) in the order of their times."""
    rng = np.random.default_rng(seed)
    columns = np.sort(rng.integers(0, last_us, number)), *(rng.integers(0, n, number) for n in (width, height, 2))
    return np.stack(columns, axis=1)


def codes(error):
    return {item.code for item in error.value.diagnostics}


@pytest.mark.parametrize("columns", ["txyp", "xytp", "xypt"])
@pytest.mark.parametrize("shape", [(2, 4, 6), (4, 6)])
@given(cuts=st.lists(st.integers(0, 60), max_size=5).map(sorted))
@settings(max_examples=5, deadline=None)
def test_pieces_are_the_whole(shape, columns, cuts):
    network = seen(shape, Events(columns=columns, unit_s=1e-6))
    events = events_of(60, 6, 4)[:, [*map("txyp".index, columns)]]
    form = event_form(network)
    pieces = [event_steps_of(form, part).rows for part in np.split(events, cuts)]
    whole = encode(network, {"in": np.insert(events, 0, 0, axis=1)}).rows("in")[:, 1:]
    np.testing.assert_array_equal(np.unique(np.concatenate(pieces), axis=0), whole)


@pytest.mark.parametrize(
    "options",
    [
        {"downsample": 2},
        {"polarity": "on", "downsample": 2},
        {"polarity": "merge", "downsample": 2},
        {"crop": "corner"},
        {"downsample": 2, "window_s": 0.003, "bins": "round"},
    ],
)
@pytest.mark.parametrize("encoder", ["spikes", Events()])
def test_a_larger_sensor_is_fitted_as_files_are(tmp_path, options, encoder):
    network, events = seen((2, 4, 6), encoder), events_of(200, 12, 8)
    t, x, y, p = events.T
    np.savez(tmp_path / "hand.npz", t_us=t, x=x, y=y, p=p, width=12, height=8)
    whole = encode(network, nd.load_events(tmp_path / "hand.npz", network, **options)).rows("in")[:, 1:]
    form = event_form(network, "in", EventOptions(**options), width=12, height=8)
    pieces = [event_steps_of(form, part).rows for part in np.array_split(events, 7)]
    np.testing.assert_array_equal(np.unique(np.concatenate(pieces), axis=0), whole)
    assert form.step_s == options.get("window_s", 1e-3)


def test_the_center_of_a_sensor_is_kept():
    form = event_form(seen((2, 4, 6)), options=EventOptions(crop="center"), width=12, height=8)
    rows, findings = event_steps_of(form, [[0, 3, 2, 0], [0, 8, 5, 1], [0, 2, 2, 0], [0, 9, 5, 0]])
    assert rows.tolist() == [[1, 0], [1, 47]], "the outermost pixels of columns 3 to 8 and rows 2 to 5"
    assert [item.code for item in findings] == ["ND556"]


def test_times_count_from_the_origin():
    form = event_form(seen((2, 4, 6), Events()))
    events = [[5_000_000, 0, 0, 0], [5_001_500, 1, 0, 0]]
    assert event_steps_of(form, events, origin=5_000_000).rows.tolist() == [[1, 0], [2, 1]]
    with pytest.raises(DiagnosticError) as error:
        event_steps_of(form, events, origin=5_000_001)
    assert codes(error) == {"ND505"}


def test_times_beyond_32_bits_are_whole():
    form = event_form(seen((2, 4, 6), Events()))
    rows = event_steps_of(form, [[7_000_000_000, 0, 0, 1]]).rows
    assert rows.tolist() == [[7_000_001, 24]]


@pytest.mark.parametrize(
    "events",
    [[[0, 6, 0, 0]], [[0, 0, 4, 0]], [[0, 0, 0, 2]], [[-1, 0, 0, 0]], [[0.5, 0, 0, 0]], [[0, 0, 0]], [1, 2, 3, 4]],
)
def test_events_that_do_not_fit_are_findings(events):
    with pytest.raises(DiagnosticError) as error:
        event_steps_of(event_form(seen((2, 4, 6), Events())), events)
    assert codes(error) == {"ND505"}


def test_inputs_that_take_no_events_are_refused():
    with pytest.raises(DiagnosticError) as error:
        event_form(seen((2, 4, 6), "current"))
    assert codes(error) == {"ND936"}
    with pytest.raises(DiagnosticError) as error:
        event_form(seen((2, 4, 6)), "on")
    assert codes(error) == {"ND936"}
    two = network_of(
        CELLS,
        [nd.dense("in", "cells", [[1.0]]), nd.dense("on", "cells", [[1.0]])],
        inputs=(nd.Input(name="in", shape=1), nd.Input(name="on", shape=1)),
    )
    with pytest.raises(DiagnosticError, match="2 inputs"):
        event_form(two)
    assert event_form(two, "on").item.name == "on"


def test_no_events_are_no_rows():
    rows = event_steps_of(event_form(seen((2, 4, 6), Events())), np.zeros((0, 4), dtype=np.int64)).rows
    assert rows.shape == (0, 2)
    assert rows.dtype == np.int32
