"""The corpus on Brian2Loihi."""

from __future__ import annotations

import pytest

from neurodeploy.conformance import corpus, judge

BACKENDS = ("brian2loihi",)
REFUSED = {case.name: "ND502" for case in corpus() if case.feature == "kinds with graded spikes"}
REFUSED |= dict.fromkeys(
    ("unconnected_with_bias", "bias", "lif_bias", "lif_subtract_bias", "if_subtract_bias"), "ND549"
)
REFUSED |= dict.fromkeys(("noise", "noise_at_current", "reset_periodic", "reset_subtract"), "ND502")
REFUSED |= dict.fromkeys(("li", "cuba_li", "overflow_current", "limit_voltage"), "ND502")
LEARNING = {case.name for case in corpus() if case.feature == "learning"}
REFUSED |= dict.fromkeys(LEARNING - {"learning_from_spikes"}, "ND313") | {"learning_no_rounding": "ND502"}
"""Cases that Brian2Loihi cannot run: ND549 comes from its dialect, which has no bias, ND313 as well, ND502 from the adapter. In the
four cases named alone, v can leave 32 bits or reach the largest threshold, which neurons that never spike get."""


@pytest.mark.parametrize("case", corpus(), ids=lambda case: case.name)
def test_case(case, vendor):
    judgement = judge(case, vendor)
    assert judgement.outcome == ("refused" if case.name in REFUSED else "exact"), judgement.message
    assert judgement.code == REFUSED.get(case.name, "")
