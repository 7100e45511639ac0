"""nd.stream: a program whose input arrives over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodeploy.program import Program
from neurodeploy.stream import Chunk, Session, StreamOptions, open_session

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from neurodeploy.stream import StreamChoices

__all__ = ["Chunk", "Session", "StreamOptions", "stream"]


def stream(
    program: Program,
    *,
    backend: str = "emulator",
    options: StreamOptions | None = None,
    **choices: Unpack[StreamChoices],
) -> Session:
    """Return a session of a program, which takes input over time and gives the bits of nd.run, however it is divided.

    `backend`: one of the names in nd.backends() that can stream. `choices`: fields of StreamOptions by keyword, such as seed,
    record, probes, state, late or most_steps; they take precedence over those of `options`. Session.push takes rows
    (step, line), Session.advance lets silence pass, Session.finish drains the network, and Session.state keeps it.

    Raises DiagnosticError: ND002 (arguments), ND011 (inconsistent program), ND501-ND504 and ND933 (backend), ND509, ND512
    and ND934 (state), ND510, ND511 and ND516 (options), ND517, ND518 and ND521 (learning).

    Example: nd.stream(program).push([[1, 4], [2, 0]]).spikes["hidden"]
    """
    return open_session(program, backend=backend, options=options, **choices)
