"""The comparison with published measurements: no point of Loihi 1 is left out in silence, and ours is ours at each boundary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmark_modules import importing, needs_benchmarks

import neurodeploy as nd

pytestmark = needs_benchmarks


@pytest.fixture(scope="module")
def points() -> Iterator[Any]:
    """The module of the points."""
    with importing() as module:
        yield module("energy_points")


def test_every_published_point_of_loihi_1_is_compared_or_has_a_reason(points: Any, reference_data: Path) -> None:
    text = (reference_data / "targets" / "validation_points.yaml").read_text()
    published = set(re.findall(r"^- \{id: (\w+), target: (?:loihi1|loihi_predecessor)\b", text, re.MULTILINE))
    built = {point.key for point in points.POINTS}
    assert len(published) > 10
    assert built | set(points.NOT_BUILT) == published
    assert not built & set(points.NOT_BUILT)


def test_ours_is_at_the_boundary_of_the_measurement(points: Any) -> None:
    (point,) = (item for item in points.POINTS if item.key == "sddpg_nav")
    (found,) = points.compared(point, {"J": 1.0})
    program = nd.compile(points.dense_layers("sddpg", points.SDDPG)(), "loihi1", fixes=False)
    ends = []
    for rate in points.RATES:
        profile = nd.profile(program, points._recording(program, rate, 5))
        cores, board = profile.boundaries[0], profile.boundaries[2]
        x86 = nd.load_target("loihi1").board_terms.power  # one chip
        ends.append([cores.energy.value + x86.value * board.time.value, cores.energy.low + x86.low * board.time.low])
    assert found.nominal == pytest.approx((ends[0][0], ends[1][0]))
    assert found.low == pytest.approx(min(ends[0][1], ends[1][1]))
    assert (found.boundary, found.activity, found.inside) == ("board", "assumed", False)


def test_assumed_activity_has_the_rate_that_it_is_assumed_to_have(points: Any) -> None:
    rows = points._drawn(np.random.default_rng(1), 0.05, 400, 300)
    assert len(rows) == pytest.approx(0.05 * 400 * 300, rel=0.05)
    assert rows.dtype == np.int32
    assert (rows[:, 1].min(), rows[:, 1].max()) == (1, 400)
    assert (np.diff(rows[:, 1] * 300 + rows[:, 2]) > 0).all()
