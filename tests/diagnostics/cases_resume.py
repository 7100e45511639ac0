"""Triggers of findings about runs, states, recordings and sealed outputs of programs."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import net, program, run

import neurodeploy as nd
from neurodeploy.profile import profile, profile_findings
from neurodeploy.simulate import RunOptions, Stimulus, compare_findings


def shown(step, **fields):
    return Stimulus(n_samples=1, n_steps=5, spikes={"in": np.array([[0, step, 0]], dtype=np.int32)}, **fields)


def kept(made):
    return nd.run(made, shown(2), until=3, options=RunOptions(keep_state=True)).final_state


def went_on():
    made = program(net())
    return made, nd.run(made, shown(2), options=RunOptions(resume=kept(made)))


def other_past():
    made = program(net())
    nd.run(made, shown(1), options=RunOptions(resume=kept(made)))


def doubled():
    made, recording = run()
    rows = np.repeat(np.array([[0, 2, 1]], dtype=np.int32), 3, axis=0)
    profile(made, recording.model_copy(update={"spikes": {"cells": rows}}))


def unrecorded():
    made = program(net())
    profile(made, nd.run(made, shown(2), options=RunOptions(record=())))


def lacking():
    _, recording = run()
    states = {"v": np.zeros((recording.n_samples, recording.n_steps, 2), dtype=np.int64)}
    return compare_findings(recording, recording.model_copy(update={"states": states}))


CASES = {
    "ND511": lambda _: nd.run(
        program(net()), shown(2), options=RunOptions(noise={"cells": np.zeros((1, 4, 3), dtype=int)})
    ),
    "ND512": lambda _: other_past(),
    "ND513": lambda _: doubled(),
    "ND514": lambda _: unrecorded(),
    "ND515": lambda _: profile_findings(profile(*went_on())),
    "ND516": lambda _: nd.run(program(net()), shown(2), backend="reference", options=RunOptions(engine="spec")),
    "ND555": lambda _: lacking(),
}
