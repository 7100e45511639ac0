"""Arrays read part by part."""

from __future__ import annotations

import io

import numpy as np
import pytest

from neurodeploy.io.npy import CHUNK, read_npy, read_npy_header


@pytest.mark.parametrize("ones", [[], [0], [CHUNK - 1], [CHUNK], [3 * CHUNK + 4], [0, 2 * CHUNK]])
def test_parts_of_zeros_and_others(ones):
    array = np.zeros(3 * CHUNK + 5, dtype=np.int8)
    array[ones] = 1
    file = io.BytesIO()
    np.save(file, array)
    file.seek(0)
    found = read_npy(file, read_npy_header(file))
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)
    assert not found.flags.writeable
