"""What goes into a network and what comes out of it: stimulus, recording, state and the options of a run. Runs nothing."""

from neurodeploy.signals.recording import Recording
from neurodeploy.signals.state import RunOptions, RunState
from neurodeploy.signals.stimulus import SampleValues, Stimulus

__all__ = ["Recording", "RunOptions", "RunState", "SampleValues", "Stimulus"]
