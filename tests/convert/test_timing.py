"""Networks of plans, run by the float reference, spike for spike against the simulation that calibrates them."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

import neurodeploy as nd
from neurodeploy.convert.build import network_of
from neurodeploy.convert.coding import Coded, Unit
from neurodeploy.convert.plan import plan_of
from neurodeploy.convert.rates import driven, emitted, input_rates, simulate, spikes_of_rates
from neurodeploy.network import Conv2d, Dense
from neurodeploy.trained.layers import Layer, Layers, Term
from neurodeploy.trained.network import TrainedInput
from neurodeploy.trained.operations import Activate

RELU = Activate(function="relu")
STEPS = 9


def grid(rng, *shape):
    """Multiples of 1/16, whose sums and products here are exact in float32."""
    return rng.integers(-24, 25, size=shape) / 16.0


def powers(rng, size):
    return 2.0 ** rng.integers(-1, 2, size=size)


def coding(rng, size, units):
    first = Unit(powers(rng, size), grid(rng, size), powers(rng, size))
    second = Unit(-powers(rng, size), grid(rng, size), -powers(rng, size))
    return Coded((first, second)[:units], grid(rng, size))


@st.composite
def plans(draw):
    """Layers that read any earlier layers and inputs, so that paths of different lengths meet, in units of all kinds."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inputs = tuple(TrainedInput(name=f"x{k}", shape=(1, 2, 3)) for k in range(draw(st.integers(1, 2))))
    sizes = {item.name: 6 for item in inputs}
    one, zero = np.ones(6), np.zeros(6)
    codings = {item.name: Coded((Unit(one, zero, one),), zero) for item in inputs}
    layers = list[Layer]()
    n_layers = draw(st.integers(1, 4))
    for number in range(n_layers):
        last, size = number == n_layers - 1, draw(st.integers(1, 5))
        sources = draw(st.lists(st.sampled_from(sorted(sizes)), min_size=1, max_size=3, unique=True))
        terms, shape = list[Term](), (size,)
        window = not last and all(sizes[name] == 6 for name in sources) and draw(st.booleans())
        for name in sources:
            step = Dense(weights=grid(rng, size, sizes[name]))
            if window:
                step = Conv2d(input_shape=(1, 2, 3), weights=grid(rng, 1, 1, 3, 3), padding=(1, 1))
                size, shape = 6, (1, 2, 3)
            terms.append(Term(name, (step,)))
        if not last and draw(st.booleans()) and any(sizes[name] == size for name in sizes):
            terms.append(Term(next(name for name in sizes if sizes[name] == size), ()))  # a residual
        label = f"layer{number}"
        layers.append(Layer(label, shape, shape, None if last else RELU, tuple(terms), grid(rng, size), (label,)))
        made = coding(rng, size, 1 if last else draw(st.integers(1, 2)))
        small = made.units[0]._replace(slope=made.units[0].slope / 64)  # the output stays below its threshold
        codings[label] = made._replace(units=(small,)) if last else made
        sizes[label] = size
    made = Layers(inputs, tuple(layers), None)
    x = {item.name: rng.integers(0, 17, size=(4, 6)) / 16.0 for item in inputs}
    return plan_of(made, codings, hard=draw(st.booleans())), x


@settings(max_examples=15, deadline=None)
@given(plans())
def test_the_reference_spikes_as_the_simulation_in_every_step_of_every_layer(given):
    plan, x = given
    network = network_of(plan, "net", STEPS)
    depth, shown = plan.layers.depth(), {name: rows.reshape(-1, 1, 2, 3) for name, rows in x.items()}
    recording = nd.run(nd.compile(network, "loihi2"), shown, steps=STEPS, backend="reference")
    spikes, read = {}, None
    for item in plan.layers.inputs:
        spikes[item.name, 0] = spikes_of_rates(input_rates(plan.codings[item.name], x[item.name])[0], STEPS)
    for item in plan.populations:
        sent, _ = emitted(plan, item, driven(item, spikes, STEPS))
        spikes[item.layer, item.unit] = sent
        if item.kind == "read":
            read = np.cumsum(sent, axis=0)
            continue
        rows = recording.spikes[item.name]
        made = np.zeros((STEPS, 4, item.constant.size))
        when = rows[:, 1] - 1 - depth[item.layer]
        assert (when >= 0).all(), f"{item.name} spikes before its input arrives"
        rows, when = rows[when < STEPS], when[when < STEPS]
        np.add.at(made, (when, rows[:, 0], rows[:, 2]), 1)
        np.testing.assert_array_equal(made, sent, err_msg=item.name)
    last = STEPS + depth[plan.populations[-1].layer]  # a branch that the output does not read may be longer
    np.testing.assert_allclose(recording.states["scores.v"][:, last - 1], read[-1], atol=1e-6)
    np.testing.assert_allclose(simulate(plan, x, STEPS).read[:, -1], read[-1], atol=1e-6)
