"""nd.early_stop and nd.stop_margin: answers before the last step."""

from __future__ import annotations

from numpy.typing import ArrayLike

from neurodeploy.api.running import labels_of, require_own
from neurodeploy.diagnostics.choices import needs
from neurodeploy.program import Program
from neurodeploy.signals import Recording
from neurodeploy.simulate import early
from neurodeploy.simulate.decode import units_of
from neurodeploy.simulate.early import EarlyStop

__all__ = ["EarlyStop", "early_stop", "stop_margin"]


def early_stop(program: Program, recording: Recording, margin: float) -> EarlyStop:
    """Return the answers of a recorded run, were each sample stopped when its answer leads by a margin.

    The mean of the steps is what a host that reads v and stops there would show; no chip stops by itself, and no figure of
    nd.profile assumes it. `program`: its first output is the highest v of a population, as in converted networks.
    `recording`: all steps of a run of it. `margin`: difference between the highest and the second v of the output, in units of
    v of the network, at least 0; nd.stop_margin finds one.

    Raises DiagnosticError: ND002 (arguments), ND703 (recording of another program), ND853 (no lead can be read), ND513 and
    ND514 (the recording lacks the output's data).

    Example: nd.early_stop(program, recording, margin=2.5).mean_steps
    """
    needs("early_stop", margin=(margin, (int, float)))
    require_own("early_stop", program, recording)
    return early.early_stop(program.network, recording, margin, units_of(program))


def stop_margin(program: Program, recording: Recording, points: float = 0.0, labels: ArrayLike | None = None) -> float:
    """Return the smallest margin with which early answers lose at most so many percentage points of accuracy.

    `program`: as for nd.early_stop. `recording`: its run on samples that are neither those of the test nor of the training; a
    network that has learned those by heart decides sooner on them. `points`: from 0 to 100, against the answers of the last
    step. `labels`: (n_samples,) numbers of classes; None: the answers of the last step.

    Raises DiagnosticError: those of nd.early_stop, and ND505 (labels).

    Example: nd.stop_margin(program, nd.run(program, calibration), points=0.1, labels=classes)
    """
    needs("stop_margin", points=(points, (int, float)))
    require_own("stop_margin", program, recording)
    wanted = None if labels is None else labels_of("stop_margin", recording, labels)
    return early.stop_margin(program.network, recording, points, wanted, units_of(program))
