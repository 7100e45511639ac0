"""A conversion gives the same program on every processor: OPENBLAS_CORETYPE has numpy's linear algebra run as on another one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "digits_cnn"
SCRIPT = """
import sys
import neurodeploy as nd
folder = sys.argv[1]
made = nd.convert(f"{folder}/digits_cnn.onnx", calibration=f"{folder}/calibration.npz", target="loihi1", steps=8)
print(nd.compile(made, "loihi1").digest())
"""


@pytest.mark.slow
def test_a_network_becomes_the_same_program_on_every_processor():
    found = set()
    for processor in ("Haswell", "SkylakeX", "Prescott"):
        environment = {**os.environ, "OPENBLAS_CORETYPE": processor}
        words = [sys.executable, "-c", SCRIPT, str(FOLDER)]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.add(done.stdout)
    assert len(found) == 1
