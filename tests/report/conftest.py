"""The network that tests of reports check."""

from __future__ import annotations

import pytest
from factories import wide_network

import neurodeploy as nd


@pytest.fixture
def wide(tmp_path, monkeypatch):
    """A network that needs five of the test chip's four cores: 30 neurons of 10 sources, 7 neurons to a core."""
    monkeypatch.chdir(tmp_path)
    network = wide_network(source="sensor", output="loudest")
    nd.save(network, "wide.nd.json")
    return network
