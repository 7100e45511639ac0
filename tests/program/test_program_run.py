"""Program.run, the shorthand for nd.run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from factories import wide_network

import neurodeploy as nd

RUN = "import sys; from neurodeploy.program import load_program; print(load_program(sys.argv[1]).run([[[1] * 10] * 2]).n_samples)"


def test_a_program_runs_where_nothing_but_programs_was_imported(tmp_path: Path) -> None:
    nd.save(nd.compile(wide_network(), target="loihi1"), tmp_path / "chain.ndp")
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path / "chain.ndp")], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
