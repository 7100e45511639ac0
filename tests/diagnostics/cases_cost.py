"""Triggers of findings about energy, time and static power."""

from __future__ import annotations

from factories import pair_network

import neurodeploy as nd
from neurodeploy.simulate import Stimulus


def priced(target, **cost):
    """The findings of a profile of two neurons that is asked for so."""
    program = nd.compile(pair_network(), target)
    recording = nd.run(program, Stimulus(n_samples=1, n_steps=4, spikes={"lines": [[0, 1, 0]]}))
    return nd.profile(program, recording, **cost).findings


CASES = {
    "ND610": lambda _: priced("loihi1", boundary="chip", rate_per_s=40_000),
    "ND611": lambda _: priced("loihi1", energy="scaled"),
    "ND612": lambda _: priced("loihi2", energy="scaled"),
    "ND613": lambda _: priced("tiny", boundary="board"),
    "ND614": lambda _: priced("loihi2", rate_per_s=30),
}
