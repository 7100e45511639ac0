"""Arrays that grow call by call."""

from __future__ import annotations

import numpy as np
import pytest
from neurodeploy_backends.emulator.engine.growing import AHEAD, Growing

from neurodeploy.base.noun import Noun, NumberArray


class Kept(Noun):
    rows: NumberArray


@pytest.mark.parametrize("sizes", [[], [0], [1], [5, 0, 7, 1], [3] * 40, [1, 1000]])
def test_all_rows_in_their_order(sizes):
    grown, parts, first = Growing(np.zeros((0, 3), dtype=np.int32)), [np.zeros((0, 3), dtype=np.int32)], 0
    for number, size in enumerate(sizes):
        parts.append(np.arange(first, first + 3 * size, dtype=np.int32).reshape(size, 3))
        first += 3 * size
        grown.add(parts[-1], (number + 1) / len(sizes))
    assert len(grown) == sum(sizes)
    assert len(grown._rows) <= max(AHEAD * len(grown), 1)
    whole = grown.whole()
    assert np.array_equal(whole, np.concatenate(parts))
    with pytest.raises(ValueError, match="read-only"):
        whole[:] = 0


def test_a_noun_keeps_them_without_a_copy():
    grown = Growing(np.zeros((0, 3), dtype=np.int32))
    for done in (0.25, 0.5, 1.0):
        grown.add(np.ones((100, 3), dtype=np.int32), done)
    whole = grown.whole()
    assert Kept(rows=whole).rows is whole
