"""Numbers and pictures as text, read back by readers of their own."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from page_readers import pixels_of, unpacked

from neurodeploy.report.page.activity.pack import gaps, packed
from neurodeploy.report.page.activity.png import DIVERGING, LEVELS, diverging, picture


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.integers(0, 2**40)))
def test_packed_numbers_are_read_back(values):
    assert unpacked(packed(np.array(values, dtype=np.int64))) == values


@pytest.mark.parametrize(
    ("values", "letters"), [([], 0), ([0], 4), ([127], 4), ([128], 4), ([1, 2, 3], 4), ([2**14], 4)]
)
def test_packed_numbers_are_short(values, letters):
    assert len(packed(np.array(values, dtype=np.int64))) == letters


@settings(max_examples=examples(200), deadline=None)
@given(st.sets(st.integers(0, 10_000)))
def test_gaps_add_up_to_the_places(places):
    ascending = np.array(sorted(places), dtype=np.int64)
    assert (np.cumsum(gaps(ascending) + 1) - 1 == ascending).all()
    assert (gaps(ascending) >= 0).all()


def test_a_picture_is_a_png_with_the_same_pixels():
    colours = np.random.default_rng(0).integers(0, 2 * LEVELS + 1, (5, 7)).astype(np.uint8)  # an odd width is padded
    pixels, palette, opacity = pixels_of(picture(colours, DIVERGING))
    assert (pixels == colours).all()
    assert [(*rgb, alpha) for rgb, alpha in zip(palette.tolist(), opacity, strict=True)] == list(DIVERGING)


def test_a_diverging_scale_is_symmetric_and_clear_at_zero():
    assert diverging(np.array([-2.0, -1.0, 0.0, 1.0, 2.0])).tolist() == [0, 3, 7, 11, 14]
    assert diverging(np.zeros(3)).tolist() == [LEVELS] * 3
    assert DIVERGING[LEVELS][3] == 0
    assert DIVERGING[0][3] == DIVERGING[-1][3] == 255
