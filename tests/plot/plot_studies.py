"""A study as nd.study returns it."""

from __future__ import annotations

import neurodeploy as nd
from neurodeploy.blame.nouns import StepRow


def study():
    def row(steps, chip):
        return StepRow(
            steps=steps, spiking=chip + 0.01, chip=chip, standard_error=0.02, standard_error_of_loss=0.01, rms_error=None,
            cores=1, energy=None, time=None, spikes=10.0,
        )  # fmt: skip

    return nd.Study(
        network="n", target="loihi1", measure="accuracy", n_samples=200, offered=200, labelled=True, calibrated_for=32,
        trained=0.97, trained_error=0.01, rows=(row(4, 0.7), row(8, 0.88), row(16, 0.94), row(32, 0.96)),
    )  # fmt: skip
