"""Mutated files of every kind end in findings; for more tries by hand, see tests/fuzz/run.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TRIES = 1000 if sys.version_info[:2] == (3, 12) else 250
"""Tries of each door. Other Pythons run the same readers, so they try less."""
SLOW_DOORS = {"netx": 4, "exported": 2}
"""Doors that take many times longer for a try, and by what their tries are divided."""


@pytest.mark.slow
@pytest.mark.parametrize("door", sorted(file.stem for file in (HERE / "doors").glob("[a-z]*.py")))
def test_mutated_files_end_in_findings(door):
    words = [
        sys.executable,
        str(HERE / "run.py"),
        door,
        "--tries",
        str(TRIES // SLOW_DOORS.get(door, 1)),
        "--seed",
        "0",
    ]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
