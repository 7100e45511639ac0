"""Figures as text."""

from __future__ import annotations

import pytest

from neurodeploy.report.page.activity.figures import digits, percent, signed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (100, "100"),
        (1234567, "1230000"),
        (0.0001234, "0.000123"),
        (1e-7, "1e-07"),
        (3e9, "3e+09"),
        (-2.5, "-2.5"),
    ],
)
def test_digits(value, text):
    assert digits(value) == text


def test_signs_and_percent():
    assert [signed(value) for value in (1.5, -1.5, 0)] == ["+1.5", "-1.5", "0"]
    assert [percent(value) for value in (1.0, 0.0137, 2.5)] == ["100 %", "1.37 %", "250 %"]
