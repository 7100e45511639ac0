"""Data that goes into a run and comes out of it: samples, stimulus, options, recording and state. Nothing here runs."""

from neurodeploy.signals.chunk import Chunk
from neurodeploy.signals.events import EventChoices, EventOptions, EventRecording
from neurodeploy.signals.learned import Learned
from neurodeploy.signals.options import Engine, Learn, Probes, Progress, RunChoices, RunOptions, TimeOrigin
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.state import RunState
from neurodeploy.signals.stimulus import Samples, SampleValues, Stimulus

__all__ = [
    "Chunk",
    "Engine",
    "EventChoices",
    "EventOptions",
    "EventRecording",
    "Learn",
    "Learned",
    "Probes",
    "Progress",
    "Recording",
    "RunChoices",
    "RunOptions",
    "RunState",
    "SampleValues",
    "Samples",
    "Stimulus",
    "TimeOrigin",
]
