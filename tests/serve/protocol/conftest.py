"""Three small models: values of a rate code, spikes, and events of a sensor; and an application that serves them."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.network import Events, Membrane, Rate, Spikes
from neurodeploy.serve.app import make_app
from neurodeploy.serve.inference.models import Model, Models
from neurodeploy.serve.options import Limits, ServeOptions
from neurodeploy.serve.service import Service


def small_network(name, shape, encoder, *, decoder=None, steps_per_sample=8):
    """`shape` lines onto 3 cells with weights of their own, so that every line and every cell matters."""
    lines = int(np.prod(shape))
    weights = np.random.default_rng(len(name)).uniform(-0.4, 1.0, (3, lines)).round(2)
    cells = nd.Population(name="cells", shape=3, neuron=nd.Lif(tau_m_s=0.01, v_threshold=1.0))
    fields = {} if decoder is None else {"decoder": decoder}
    return network_of(
        [cells],
        [nd.dense("in", "cells", weights)],
        inputs=(nd.Input(name="in", shape=shape, encoder=encoder),),
        outputs=(nd.Output(name="out", source="cells", **fields),),
        name=name,
        steps_per_sample=steps_per_sample,
    )


@pytest.fixture(scope="session")
def programs():
    made = {
        "values": small_network("values", (4,), Rate()),
        "spikes": small_network("spikes", (5,), Spikes(), steps_per_sample=None),
        "events": small_network("events", (2, 3, 3), Events(unit_s=1e-3), decoder=Membrane(), steps_per_sample=None),
    }
    return {name: nd.compile(network, "loihi2") for name, network in made.items()}


@pytest.fixture(scope="session")
def models(programs):
    older = nd.compile(small_network("values", (4,), Rate(), steps_per_sample=6), "loihi2")
    found = {name: (Model(name, program),) for name, program in programs.items()}
    return Models({**found, "values": (Model("values", older), *found["values"])})


@pytest.fixture(scope="session")
def limits():
    return Limits(body_bytes=1 << 20, samples=64, steps=200)


@pytest.fixture
def service(models, limits):
    made = Service(models, ServeOptions(port=0, limits=limits))
    yield made
    made.close()


@pytest.fixture
def app(service):
    return make_app(service)
