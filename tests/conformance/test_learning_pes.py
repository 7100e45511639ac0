"""The definition of PES against nengo-loihi's emulator in real Nengo models."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
from neurodeploy_backends.nengo_loihi.environment import NENGO_LOIHI

from neurodeploy.worker import missing


@pytest.fixture(scope="module")
def harness(root):
    absent = missing(NENGO_LOIHI, "nengo-loihi")
    if absent is not None:
        pytest.skip(f"the simulator is missing: {absent.message}: {absent.fixes[0].text}")
    path = root / "benchmarks" / "learning_pes.py"
    if not path.is_file():
        pytest.skip("benchmarks/ is missing and cannot be had: a source distribution leaves it out")
    spec = importlib.util.spec_from_file_location("learning_pes_harness", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_ten_models_of_a_thousand_steps_have_no_difference(harness, capsys):
    found = harness.main()
    assert [item.differences for item in found] == [0] * 10
    assert all(item.moved > 0 and item.spikes > 1000 for item in found)
    assert sum(item.values for item in found) == 3_800_000
    assert "3,800,000 values, 0 differ" in capsys.readouterr().out


def test_another_seed_gives_other_weights(harness):
    result = harness.run_models(40)
    name, row = next(iter(result.meta["models"].items()))
    arrays = {
        key.removeprefix("0."): np.asarray(values) for key, values in result.arrays.items() if key.startswith("0.")
    }
    assert harness.replayed(name, row, arrays).differences == 0
    assert harness.replayed(name, {**row, "seed": row["seed"] + 1}, arrays).differences > 0
