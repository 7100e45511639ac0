"""The corpus on nengo-loihi's emulator, block by block."""

from __future__ import annotations

import pytest

from neurodeploy.conformance import corpus, judge

BACKENDS = ("nengo-loihi",)
GRADED = {case.name for case in corpus() if case.feature == "kinds that send values"}
REFUSED = {case.name for case in corpus() if case.feature == "delays"} | GRADED
REFUSED |= {"weights_shift_with_delay", "weights_shift_with_delays", "reset_periodic"}
REFUSED |= {"reset_subtract", "lif_subtract"}


@pytest.mark.parametrize("case", corpus(), ids=lambda case: case.name)
def test_case(case, vendor):
    judgement = judge(case, vendor)
    assert judgement.outcome == ("refused" if case.name in REFUSED else "exact"), judgement.told
    assert judgement.code == ("ND502" if case.name in REFUSED else "")
