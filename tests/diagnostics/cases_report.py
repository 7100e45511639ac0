"""Triggers of findings about reports."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import run

import neurodeploy as nd


def samples_of_another_run():
    made, recording = run()
    nd.report(made, recording, samples=np.zeros((1, 5, 2), dtype=np.uint8))


CASES = {"ND775": lambda _: samples_of_another_run()}
