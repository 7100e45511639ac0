"""What `neurodeploy test` does not say: a test of your own on the same project, in pytest.

    pytest examples/ci
    python examples/ci/test_deploy.py

Budgets are for one inference, here a flower. The figures are in the summary of pytest and in its JUnit files.
"""

import numpy as np
import pytest

import neurodeploy as nd


@pytest.mark.neurodeploy(cores=1, utilisation=0.5, spikes=120, energy_high_j=1e-6, accuracy=0.9)
def test_the_chip_knows_setosa(neurodeploy_project, neurodeploy_run):
    model = nd.load(neurodeploy_project.model)
    flowers = nd.load(neurodeploy_project.at(neurodeploy_project.settings.data.file))
    result = neurodeploy_run(model, flowers, labels=flowers.labels, target="loihi1", steps=16)
    answers = nd.answers(result.program, result.recording)
    assert np.all(answers[flowers.labels == 0] == 0)


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
