"""Options of the commands that run a network, most of them derived from RunOptions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neurodeploy.base.rows import LARGEST
from neurodeploy.cli.common_options import complete_backend
from neurodeploy.cli.option_types import whole
from neurodeploy.cli.options import field_option
from neurodeploy.cli.paths import read_option, write_option
from neurodeploy.simulate import RunOptions

__all__ = [
    "Backend",
    "EngineName",
    "LearnMode",
    "LearnedFile",
    "Origin",
    "RandomSeed",
    "Samples",
    "SaveLearned",
    "Steps",
    "StimulusFile",
    "Threads",
    "Timeout",
    "Until",
]

StimulusFile = Annotated[
    Path | None,
    read_option(
        "--stimulus",
        "Samples (.npz, .npy), a recording of an event sensor, or a folder of recordings; default: NAME.stimulus.npz next "
        "to the model.",
        folder=True,
    ),
]
Samples = Annotated[
    int | None,
    typer.Option(
        "--samples",
        parser=whole("--samples", 1, LARGEST),
        metavar="N",
        help="Run only the first N samples; for a network without inputs, their number.",
    ),
]
Backend = Annotated[
    str,
    typer.Option(
        "--backend", "-b", help="Backend to run on; see `neurodeploy backends`.", autocompletion=complete_backend
    ),
]
Steps = Annotated[int | None, field_option(RunOptions, "steps")]
EngineName = Annotated[str, field_option(RunOptions, "engine")]
Until = Annotated[int | None, field_option(RunOptions, "until", metavar="STEP")]
Origin = Annotated[str, field_option(RunOptions, "time_origin")]
RandomSeed = Annotated[int, field_option(RunOptions, "seed", metavar="SEED")]
Threads = Annotated[int | None, field_option(RunOptions, "threads")]
Timeout = Annotated[float | None, field_option(RunOptions, "timeout_s")]
LearnMode = Annotated[str | None, field_option(RunOptions, "learn", metavar="MODE")]
LearnedFile = Annotated[
    Path | None, read_option("--learned", "Weights to begin with, that an earlier run has learned (.learned.npz).")
]
SaveLearned = Annotated[
    Path | None,
    write_option("--save-learned", "What plastic projections have learned (.learned.npz).", suffix=".learned.npz"),
]
