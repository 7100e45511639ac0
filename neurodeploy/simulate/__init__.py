"""Run programs: samples in, recording out, on any backend."""

from neurodeploy.signals import (
    Progress,
    Recording,
    RunChoices,
    RunOptions,
    RunState,
    Samples,
    SampleValues,
    Stimulus,
)
from neurodeploy.simulate.backend import Backend, BackendSession, StreamingBackend
from neurodeploy.simulate.compare import Divergence, backend_dialects, compare_findings, first_divergence
from neurodeploy.simulate.decode import accuracy, answers, decoded, drain_steps
from neurodeploy.simulate.encode import encode
from neurodeploy.simulate.golden import seal_golden, verify_program
from neurodeploy.simulate.recording_check import recording_faults, require_sound_recording
from neurodeploy.simulate.recording_files import load_recording, load_state, save_recording, save_state
from neurodeploy.simulate.registry import backend_names, get_backend
from neurodeploy.simulate.resume import continued, part_findings
from neurodeploy.simulate.run import last_step, run
from neurodeploy.simulate.run_warnings import run_findings, stop_findings
from neurodeploy.simulate.stimulus_files import load_stimulus

__all__ = [
    "Backend",
    "BackendSession",
    "Divergence",
    "Progress",
    "Recording",
    "RunChoices",
    "RunOptions",
    "RunState",
    "SampleValues",
    "Samples",
    "Stimulus",
    "StreamingBackend",
    "accuracy",
    "answers",
    "backend_dialects",
    "backend_names",
    "compare_findings",
    "continued",
    "decoded",
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
    "run",
    "run_findings",
    "save_recording",
    "save_state",
    "seal_golden",
    "stop_findings",
    "verify_program",
]
