"""The function that makes small conversions, as a fixture."""

from __future__ import annotations

import pytest
from small_conversions import make


@pytest.fixture
def made():
    """The function `make`."""
    return make
