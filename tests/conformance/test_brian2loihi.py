"""The corpus on Brian2Loihi."""

from __future__ import annotations

import pytest

from neurodeploy.conformance import corpus, judge

BACKENDS = ("brian2loihi",)
REFUSED = {case.name for case in corpus() if case.feature == "kinds that send values"}
REFUSED |= {
    "unconnected_with_bias",
    "bias",
    "lif_bias",
    "noise",
    "noise_at_current",
    "reset_periodic",
    "reset_subtract",
    "lif_subtract",
}
REFUSED |= {"li", "cuba_li", "overflow_current", "limit_voltage"}
"""The last four: v can leave 32 bits, or reach the largest threshold, which a neuron that never spikes is given."""


@pytest.mark.parametrize("case", corpus(), ids=lambda case: case.name)
def test_case(case, vendor):
    judgement = judge(case, vendor)
    assert judgement.outcome == ("refused" if case.name in REFUSED else "exact"), judgement.told
    assert judgement.code == ("ND502" if case.name in REFUSED else "")
