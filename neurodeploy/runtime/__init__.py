"""Runtime: stimulus in, recording out, on any backend."""

from neurodeploy.runtime.backend import Backend, Progress
from neurodeploy.runtime.compare import Divergence, compare_findings, first_divergence
from neurodeploy.runtime.decode import accuracy, answers, drain_steps
from neurodeploy.runtime.encode import encode
from neurodeploy.runtime.files import load_recording, load_state, save_recording, save_state
from neurodeploy.runtime.golden import seal_golden, verify_program
from neurodeploy.runtime.recording import Recording
from neurodeploy.runtime.recording_check import recording_faults, require_sound_recording
from neurodeploy.runtime.registry import backend_names, get_backend
from neurodeploy.runtime.resume import continued, part_findings
from neurodeploy.runtime.run import last_step, run_program, stop_findings
from neurodeploy.runtime.samples import RunChoices, Samples, run_samples, stimulus_of
from neurodeploy.runtime.seen import run_findings
from neurodeploy.runtime.state import RunOptions, RunState
from neurodeploy.runtime.stimulus import SampleValues, Stimulus
from neurodeploy.runtime.stimulus_files import load_stimulus

__all__ = [
    "Backend",
    "Divergence",
    "Progress",
    "Recording",
    "RunChoices",
    "RunOptions",
    "RunState",
    "SampleValues",
    "Samples",
    "Stimulus",
    "accuracy",
    "answers",
    "backend_names",
    "compare_findings",
    "continued",
    "drain_steps",
    "encode",
    "first_divergence",
    "get_backend",
    "last_step",
    "load_recording",
    "load_state",
    "load_stimulus",
    "part_findings",
    "recording_faults",
    "require_sound_recording",
    "run_findings",
    "run_program",
    "run_samples",
    "save_recording",
    "save_state",
    "seal_golden",
    "stimulus_of",
    "stop_findings",
    "verify_program",
]
