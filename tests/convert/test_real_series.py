"""An autoencoder of a series with a labelled anomaly, from the wheel of aeon: the area under the ROC curve on the chip and in floats."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Stochastic Optimizer")]

WINDOW, STEPS, LIMIT = 32, 64, 0.01
SERIES, N_TRAINING = "KDD-TSAD_135/135_UCR_Anomaly_InternalBleeding16", 1200
"""Series 135 of the UCR archive for anomalies: Wu and Keogh, 2021. The test series starts with that of the training."""


@pytest.fixture(scope="module")
def folder():
    found = importlib.util.find_spec(
        "aeon"
    )  # its files are read; the package, which needs more packages, is not imported
    if found is None or not found.submodule_search_locations:
        pytest.skip(
            "labelled series are missing and cannot be had: the wheel of aeon holds them, which the nox session `slow-3.12` installs"
        )
    return Path(found.submodule_search_locations[0]) / "datasets" / "data"


def windows(path):
    """Windows (n, 32) of a series as it is stored, and which hold an anomaly."""
    _, values, wrong = np.loadtxt(path, delimiter=",", skiprows=1).T
    return (np.lib.stride_tricks.sliding_window_view(item, WINDOW) for item in (values, wrong == 1))


def test_the_chip_finds_the_anomaly_of_a_real_series_as_well_as_floats(folder):
    """Pressure of blood: 12 of 7,501 values are disturbed; windows of the first 1,200 values train the network."""
    neural_network = pytest.importorskip(
        "sklearn.neural_network", reason="scikit-learn is missing and cannot be had: it comes with the `test` extra"
    )
    from sklearn.metrics import roc_auc_score

    normal, wrong = windows(folder / f"{SERIES}_TRAIN.csv")
    assert not wrong.any()
    shown, wrong = (item[N_TRAINING::3] for item in windows(folder / f"{SERIES}_TEST.csv"))
    low, high = normal.min(), normal.max()
    normal, shown = (np.clip((item - low) / (high - low), 0, 1) for item in (normal, shown))
    model = neural_network.MLPRegressor(
        hidden_layer_sizes=(24, 8, 24), learning_rate_init=3e-3, max_iter=150, random_state=0, tol=0
    )
    model.fit(normal[::4], normal[::4])
    conversion = nd.convert(model, calibration=normal[::4], target="loihi1", steps=STEPS)
    program = nd.compile(conversion, "loihi1")
    known = normal[::16]
    (states,) = nd.run(program, {program.network.inputs[0].name: np.concatenate([known, shown])}).states.values()
    v = states[:, -1].astype(float)
    v *= (v[: len(known)] * known).sum() / np.square(
        v[: len(known)]
    ).sum()  # the unit of v: windows of the training are returned
    where = wrong.any(axis=1)
    floats, chip = (
        roc_auc_score(where, np.square(made - shown).mean(axis=1)) for made in (model.predict(shown), v[len(known) :])
    )
    print(f"{where.sum()} of {len(where)} windows; AUC: floats {floats:.4f}, chip {chip:.4f}")
    assert floats >= 0.95
    assert chip >= floats - LIMIT
