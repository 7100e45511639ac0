"""Recordings (.ndr): loaded, profiled, compared, decoded and put together with their parts."""

from __future__ import annotations

from pathlib import Path

from doors._runs import program, stimulus
from mutate import spoil_bytes, spoil_sealed

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.profile import profile, profile_findings, profile_measures
from neurodeploy.simulate import (
    RunOptions,
    answers,
    compare_findings,
    continued,
    load_recording,
    run_findings,
    save_recording,
)


def make(folder: Path) -> None:
    first = nd.run(program(), stimulus(), until=4, options=RunOptions(keep_state=True))
    rest = nd.run(program(), stimulus(), options=RunOptions(resume=first.final_state))
    for name, recording in (("whole", nd.run(program(), stimulus())), ("first", first), ("rest", rest)):
        save_recording(recording, folder / f"{name}.ndr")


def mutate(folder: Path, dice) -> None:
    (spoil_bytes if dice.random() < 0.1 else spoil_sealed)(folder / "whole.ndr", dice)
    spoil_sealed(folder / "rest.ndr", dice)


def use(folder: Path) -> None:
    made, sound = program(), nd.run(program(), stimulus())
    found = list[DiagnosticError]()
    for door in (
        lambda: profile_measures(_profiled(made, load_recording(folder / "whole.ndr"))),
        lambda: compare_findings(load_recording(folder / "whole.ndr"), sound, made, ("loihi2", "loihi2")),
        lambda: compare_findings(sound, load_recording(folder / "whole.ndr")),
        lambda: answers(made.network, load_recording(folder / "whole.ndr")),
        lambda: run_findings(made, load_recording(folder / "whole.ndr")),
        lambda: _profiled(made, continued([load_recording(folder / f"{name}.ndr") for name in ("first", "rest")])),
    ):
        try:
            door()
        except DiagnosticError as error:
            found.append(error)
    if found:
        raise found[0]


def _profiled(made, recording):
    shown = profile(made, recording)
    profile_findings(shown)
    assert shown.energy_per_inference is None or shown.energy_per_inference.low >= 0, "a negative energy"
    return shown
