"""Backends for the conformance tests. A test of a missing simulator is skipped with the command that installs it; CI fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurodeploy.simulate import get_backend

HERE = Path(__file__).parent
VENDORS = ("lava", "nengo-loihi", "brian2loihi")


@pytest.fixture
def vendor(request):
    """Name of a backend that can run here; parametrize it indirectly."""
    missing = get_backend(request.param).unavailable()
    if missing is not None:
        pytest.skip(f"the simulator is missing: {missing.message}: {missing.fixes[0].text}")
    return request.param


def pytest_generate_tests(metafunc):
    if "vendor" in metafunc.fixturenames:
        names = getattr(metafunc.module, "BACKENDS", VENDORS)
        metafunc.parametrize("vendor", names, indirect=True, scope="function")


def pytest_collection_modifyitems(items):
    """Simulators start a process for each case, so the whole folder is slow."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
