"""Random hardware faults in random programs: both engines give the same bits, and so do runs on one layout.

python tests/emulator/random_faults.py --tries 2000 --seed 1
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from neurodeploy_backends.emulator.backend import engine_of

import neurodeploy as nd
from neurodeploy.faults import FaultSpace
from neurodeploy.simulate import get_backend

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from engines import hunt
from random_programs import Drawn, drawn, race

EFFECTS = {"register": ("flip", "stuck_at_0", "stuck_at_1"), "synapse": ("flip", "stuck_at_0", "stuck_at_1")}


def random_fault(space: FaultSpace, dice: Any, last: int) -> nd.Fault:
    """A fault of a random stratum of a space, so that rare kinds are as likely as others."""
    stratum = dice.choice(space.strata)
    times: tuple[dict[str, Any], ...] = (
        {},
        {"when": "from", "step": dice.randint(1, last + 1)},
        {"when": "at", "step": dice.randint(1, last + 1)},
        {"when": "random", "probability": dice.choice((0.1, 0.5, 1.0)), "seed": dice.randint(-9, 9)},
    )
    what = dice.choice(EFFECTS.get(stratum.where, ("dead",)))
    return stratum.fault(dice.randrange(len(stratum)), what, **dice.choice(times))


def with_faults(case: Drawn, dice: Any) -> Drawn | None:
    """The same run under one to three faults; None where no fault is possible."""
    space = nd.faults_in(case.program)
    if not space.strata:
        return None
    faults = [random_fault(space, dice, case.until) for _ in range(dice.choice((1, 1, 2, 3)))]
    return case._replace(program=nd.inject(case.program, faults))


def assert_runs_agree(plain: nd.Program, case: Drawn, recording: Any, every: int) -> None:
    """Runs on one layout give what a program with the faults gives, also after runs under other faults."""
    chosen = {"record": recording.recorded, "noise": case.options.get("noise", {})}
    options = nd.RunOptions(seed=recording.seed, **chosen)
    runs = get_backend("emulator").fault_runs(plain, case.stimulus, steps=case.until, options=options, every=every)
    if runs is None:
        return
    space = nd.faults_in(plain)
    for faults in ([space.strata[0].fault(0)], case.program.faults, [], case.program.faults):
        found = runs.spikes(faults)
        for name, rows in found.items():
            if faults == case.program.faults:
                assert np.array_equal(rows, recording.spikes[name]), (name, every)
            elif not faults:
                assert np.array_equal(rows, runs.golden[name])


def attempt(dice: Any) -> str:
    """Draw a program and faults, and race both engines and the runs on one layout."""
    plain = drawn(dice)
    if plain is None or plain.options.get("resume") is not None:
        return "not storable"
    case = with_faults(plain, dice)
    if case is None:
        return "has no place for faults"
    if engine_of(case.program, nd.RunOptions())[0] == "spec":
        nd.run(case.program, case.stimulus, until=case.until, **case.options)
        return "runs on the definition only"
    recording = race(case)
    if plain.choice.cut is None and not plain.options.get("keep_state"):
        assert_runs_agree(plain.program, case, recording, dice.choice((0, 1, 2, 5)))
    return f"runs in {case.program.target.dialect.name} under {case.program.faults[0].where}"


if __name__ == "__main__":
    raise SystemExit(hunt(attempt, __doc__ or ""))
