"""Triggers of findings about drawn synapses."""

from __future__ import annotations

import contextlib

import pytest
from diagnostic_cases import net

import neurodeploy as nd
from neurodeploy.network.procedural import connectivity
from neurodeploy.network.validate import validate


def wires(number):
    return (nd.fixed_number("in", "cells", (2, 2), number, seed=1),)


@contextlib.contextmanager
def few():
    """Two synapses at most are listed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connectivity, "MOST_LISTED", 2)
        yield


def listed():
    with few():
        return nd.written_out(net(projections=wires(2)))


CASES = {
    "ND134": lambda _: validate(net(projections=wires(3))),
    "ND135": lambda _: listed(),
}
