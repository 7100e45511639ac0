"""Calibration of programs, and recordings held against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodeploy.api.running import require_own
from neurodeploy.diagnostics.choices import CALL, chosen, needs, whole_faults
from neurodeploy.diagnostics.errors import raise_errors
from neurodeploy.monitor import Calibration, Monitored, MonitorOptions, calibrated, calibration_of, monitored
from neurodeploy.monitor.findings import activity_required
from neurodeploy.program import Program
from neurodeploy.signals import Progress, Recording, Samples
from neurodeploy.simulate.recording_check import require_sound_recording

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from neurodeploy.monitor import MonitorChoices

__all__ = ["calibrate", "calibration", "monitor"]


def calibrate(
    program: Program,
    samples: Samples,
    *,
    steps: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Program:
    """Return the program with its activity on samples, sealed in it for nd.monitor and the monitor of a server.

    `samples`, `steps` and `seed`: as for nd.run; samples like those that the program will see, best some hundred in random
    order. `progress`: called with (steps done, total steps). The digest of the program is unchanged.

    Raises DiagnosticError: ND002 (arguments), and as nd.run.

    Example: nd.save(nd.calibrate(program, {"pixels": images}), "net.ndp")
    """
    needs("calibrate", program=(program, Program), seed=(seed, int), progress=(progress, CALL))
    raise_errors("calibrate", whole_faults("calibrate", steps=steps))
    return calibrated(program, samples, steps=steps, seed=seed, progress=progress)


def calibration(
    program: Program, *, options: MonitorOptions | None = None, **choices: Unpack[MonitorChoices]
) -> Calibration:
    """Return what a monitor of a calibrated program detects: the smallest shift of each population, before there is any.

    `choices`: fields of MonitorOptions by keyword: `shift` to be detected, `within` so many samples, at so many `false_alarms`
    per sample; they take precedence over those of `options`.

    Raises DiagnosticError: ND002 (arguments), ND946 (the program carries no activity).

    Example: nd.calibration(program, within=100).rows[0].smallest_shift
    """
    needs("calibration", program=(program, Program))
    made = chosen("calibration", MonitorOptions, options, choices, ("program", "options"))
    return calibration_of(activity_required(program), made)


def monitor(
    program: Program,
    recording: Recording,
    *,
    options: MonitorOptions | None = None,
    **choices: Unpack[MonitorChoices],
) -> Monitored:
    """Return a recording held against the activity of its program's calibration: which populations drifted, and since when.

    `program`: calibrated, with nd.calibrate or `compile --calibrate`. `recording`: of it, in the order in which samples came.
    `choices`: fields of MonitorOptions by keyword, such as `window`, the samples of a window, or `false_alarms` per sample;
    they take precedence over those of `options`.

    Raises DiagnosticError: ND002 (arguments), ND513 (recording not sound), ND703 (recording of another program), ND946 (the
    program carries no activity), ND947 (of too few samples), ND948 (too few samples, or of another length), ND952 (no scipy).

    Example: nd.monitor(program, nd.run(program, {"pixels": images})).drifted
    """
    require_own("monitor", program, recording)
    made = chosen("monitor", MonitorOptions, options, choices, ("program", "recording", "options"))
    require_sound_recording(recording, program)
    return monitored(program, recording, made)
