"""Kept states (.nds): loaded and gone on from, in one and in batches; a state that is taken gives the sound run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from doors._runs import program, stimulus
from mutate import spoil_bytes, spoil_sealed

import neurodeploy as nd
from neurodeploy.simulate import RunOptions, load_state, save_state


def make(folder: Path) -> None:
    kept = nd.run(program(), stimulus(), until=4, options=RunOptions(keep_state=True)).final_state
    save_state(kept, folder / "kept.nds")


def mutate(folder: Path, dice) -> None:
    (spoil_bytes if dice.random() < 0.1 else spoil_sealed)(folder / "kept.nds", dice)


def use(folder: Path) -> None:
    kept = load_state(folder / "kept.nds")
    for options in (RunOptions(resume=kept, threads=1), RunOptions(resume=kept, overflow=False, keep_state=True)):
        recording = nd.run(program(), stimulus(), options=options)
        for name, rows in recording.spikes.items():
            assert not len(rows) or rows[:, 1].min() == kept.step + 1 or rows[:, 1].min() > kept.step, name
        assert np.abs(recording.states["v"]).max() < 2**24, "an impossible voltage"
