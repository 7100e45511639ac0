"""Triggers of findings about sessions, whose input arrives over time."""

from __future__ import annotations

from diagnostic_cases import net, program

import neurodeploy as nd
from neurodeploy.simulate import Stimulus


def pushed(*calls, **options):
    """A session of a small network after calls of `push`."""
    session = nd.stream(program(net()), **options)
    for rows in calls:
        session.push(rows)
    return session


def ended():
    session = pushed([[2, 1]])
    session.finish()
    session.push([[30, 0]])


def several():
    made = program(net())
    kept = nd.run(made, Stimulus(n_samples=8, n_steps=3), until=3, keep_state=True).final_state
    nd.stream(made, state=kept)


CASES = {
    "ND930": lambda _: pushed([[10, 1]], [[7, 0]]),
    "ND931": lambda _: pushed([[1, 2]]),
    "ND932": lambda _: ended(),
    "ND933": lambda _: nd.stream(program(net()), backend="reference"),
    "ND934": lambda _: several(),
    "ND935": lambda _: pushed([[2_000_000_000, 0]]),
}
