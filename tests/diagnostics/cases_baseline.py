"""Triggers of findings about baselines."""

from __future__ import annotations

import numpy as np
from factories import pair_network

import neurodeploy as nd

SPIKES = {"lines": np.ones((2, 3, 2), dtype=np.uint8)}


def entry(scale=2.0, labels=(0, 1)):
    """The baseline entry of two neurons that each repeat the spikes of a line; with a weight below 1 they spike less."""
    program = nd.compile(pair_network(scale=scale, steps_per_sample=3), "tiny")
    return nd.baseline(program, nd.run(program, SPIKES), labels=None if labels is None else np.array(labels))


def check(base, head, **options):
    nd.write_baseline({"pair": base})
    return nd.check_baseline(head, **options).findings


def unmoved():
    other = pair_network(steps_per_sample=3)
    program = nd.compile(other, "tiny", placement_seed=3)
    return check(entry(), nd.baseline(program, nd.run(program, SPIKES), labels=np.array([0, 1])))


def differing():
    from neurodeploy.cli.diff_command import differing as finding_of

    return finding_of(nd.diff(pair_network(), pair_network(scale=0.5)))


CASES = {
    "ND620": lambda _: check(entry(), entry(scale=0.5)),
    "ND621": lambda _: check(entry(), entry(), name="pear"),
    "ND622": lambda _: nd.load_baseline(),
    "ND623": lambda _: check(entry(), entry(labels=None)),
    "ND624": lambda _: unmoved(),
    "ND625": lambda _: differing(),
    "ND626": lambda _: nd.diff(entry(), pair_network()),
}
