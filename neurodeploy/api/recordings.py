"""nd.load_events: recordings of event sensors."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, overload

from neurodeploy.diagnostics.choices import chosen, needs
from neurodeploy.network import Network
from neurodeploy.program import Program
from neurodeploy.signals import EventChoices, EventOptions, EventRecording, SampleValues
from neurodeploy.simulate import load_stimulus
from neurodeploy.simulate.stimulus_files import read_events

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["load_events"]


@overload
def load_events(path: str | PathLike[str], network: None = None, **options: Unpack[EventChoices]) -> EventRecording: ...
@overload
def load_events(
    path: str | PathLike[str], network: Network | Program, **options: Unpack[EventChoices]
) -> SampleValues: ...
def load_events(
    path: str | PathLike[str], network: Network | Program | None = None, **options: Unpack[EventChoices]
) -> EventRecording | SampleValues:
    """Return a recording of an event sensor, or the samples for `network` made from it.

    `path`: a file in a format of event recordings, or a folder with one file for each sample, in folders named by their
    label. `options`: fields of EventOptions. What was assumed or left out is in the `findings` of the result.

    Raises DiagnosticError: ND001-ND012 (files), ND069 (other format), ND094-ND099 (recordings), ND505 (several inputs).

    Example: nd.run(program, nd.load_events("hand.aedat4", program, downsample=4), time_origin="first")
    """
    needs("load_events", path=(path, (str, PathLike)), network=(network, (Network, Program, type(None))))
    made = chosen("load_events", EventOptions, None, dict(options), ("path", "network"))
    if network is None:
        return read_events(Path(path), made)
    return load_stimulus(Path(fspath(path)), network.network if isinstance(network, Program) else network, made)
