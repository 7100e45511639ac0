"""Options of a session, and what its calls return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from pydantic import Field

from neurodeploy.base.noun import Name, Noun, WholeNumber
from neurodeploy.base.rows import LARGEST
from neurodeploy.network import Probe
from neurodeploy.signals import Chunk, Engine, Learn, Learned, Probes, RunState

__all__ = ["MOST_STEPS", "Chunk", "Late", "StreamChoices", "StreamOptions"]

Late = Literal["refuse", "drop"]
MOST_STEPS = 1_000_000
"""Steps that one call may run, unless an option says more: what an emulator runs in seconds, and a wrong time stamp exceeds."""


class StreamOptions(Noun):
    """Options of a session. Only `seed`, `learn`, `learned`, `state` and `late` can change spikes."""

    seed: WholeNumber | None = Field(default=None, ge=-(2**63), lt=2**63)
    """Seed of noise, a signed 64-bit integer. Default: that of `state`, else 0."""
    engine: Engine = "auto"
    """Engine of the emulator, as in a run. Never changes results."""
    record: tuple[Name, ...] | None = None
    """Populations whose spikes are returned; default: all."""
    probes: tuple[Probe, ...] = ()
    """States to return in addition to the network's own probes."""
    overflow: bool = True
    """Count accumulators, currents and voltages that leave their range, unless a proof excludes it for the program."""
    learn: Learn | None = None
    """off: plastic projections keep their weights. Default: they learn."""
    learned: Learned | None = None
    """Weights, delays and tags to begin with, of an earlier recording, instead of the program's."""
    state: RunState | None = None
    """State to go on from, of a run or session of one sample. Default: the cleared state."""
    late: Late = "refuse"
    """What happens to rows of a step that has been run: the call is refused, or they are left out and counted."""
    most_steps: WholeNumber = Field(default=MOST_STEPS, ge=1, le=LARGEST)
    """Steps that one call may run."""


class StreamChoices(TypedDict, total=False):
    """Fields of StreamOptions as keyword arguments; `probes` accepts more forms."""

    seed: int | None
    engine: Engine
    record: Sequence[str] | None
    probes: Probes
    overflow: bool
    learn: Learn | None
    learned: Learned | None
    state: RunState | None
    late: Late
    most_steps: int
