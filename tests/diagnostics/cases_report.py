"""Triggers of findings about reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from diagnostic_cases import run

import neurodeploy as nd
from neurodeploy.cli.page_writing import Ran
from neurodeploy.cli.report_command import _compared
from neurodeploy.profile import profile


def samples_of_another_run():
    made, recording = run()
    nd.report(made, recording, samples=np.zeros((1, 5, 2), dtype=np.uint8))


def stopped():
    made, recording = run()
    part = recording.model_copy(update={"complete": False})
    return _compared(made, Ran(part, profile(made, recording)), Path("neurodeploy-baseline.json"), None, None).findings


CASES = {"ND775": lambda _: samples_of_another_run(), "ND776": lambda _: stopped()}
