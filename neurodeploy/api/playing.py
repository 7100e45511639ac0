"""nd.play: events of files, arrays and sockets into a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from typing import Any

from neurodeploy.diagnostics.choices import chosen, needs
from neurodeploy.network import Network
from neurodeploy.program import Program
from neurodeploy.signals import EventOptions, RunOptions, Samples, TimeOrigin
from neurodeploy.stream import Chunk, Session
from neurodeploy.stream.sources import Batch, Replay
from neurodeploy.stream.sources import play as played
from neurodeploy.stream.sources import replay as replayed
from neurodeploy.stream.udp import UdpEvents

__all__ = ["Batch", "Replay", "UdpEvents", "play", "replay"]


def replay(
    network: Network | Program,
    samples: Samples,
    *,
    events: EventOptions | None = None,
    sample: int = 0,
    steps: int | None = None,
    seed: int = 0,
    time_origin: TimeOrigin = "zero",
    batch_steps: int = 10,
    speed: float | None = None,
) -> Replay:
    """Return a recording, or other samples, as a source of events for nd.play: the spikes that nd.run shows the network.

    `samples`: the path of an event recording or a stimulus file, or samples in any form that nd.encode takes. `events`: how a
    recording becomes the input. `sample`: number of the sample that is played. `steps`, `seed`, `time_origin`: as for nd.run.
    `batch_steps`: steps that are pushed together. `speed`: times real time, 1 for a recording at its own pace; None: as fast as
    possible.

    Raises DiagnosticError: ND002 (arguments), ND938 (no such sample, or an input of currents), the codes of nd.load_events and
    nd.encode.

    Example: nd.replay(program, "hand.aedat4", events=nd.EventOptions(downsample=4), time_origin="first", speed=1)
    """
    needs("replay", network=(network, (Network, Program)), events=(events, (EventOptions, type(None))))
    described = network.network if isinstance(network, Program) else network
    made = chosen("replay", RunOptions, None, {"steps": steps, "seed": seed, "time_origin": time_origin}, ("network",))
    return replayed(
        described,
        samples,
        events=events,
        sample=sample,
        steps=made.steps,
        seed=made.seed,
        time_origin=made.time_origin,
        batch_steps=batch_steps,
        speed=speed,
    )


def play(session: Session, source: Iterable[Batch] | str | PathLike[str], *, finish: bool = True) -> Iterator[Chunk]:
    """Yield what a session gives for each batch of a source, and at last for the drain.

    `session`: from nd.stream. `source`: from nd.replay or nd.UdpEvents, any other batches, or the path of a recording.
    `finish`: whether the stream ends with the source, so that the network drains as at the end of nd.run.

    Raises DiagnosticError: ND002 (arguments), the codes of Session.push and of the source.

    Example: for chunk in nd.play(session, nd.replay(program, "hand.aedat4")): print(chunk.spikes["out"])
    """
    named: Any = source
    needs("play", session=(session, Session), source=(named, (Iterable, str, PathLike)), finish=(finish, bool))
    batches = named if not isinstance(source, (str, PathLike)) else replayed(session.program.network, source)
    return played(session, batches, finish=finish)
