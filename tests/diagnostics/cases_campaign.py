"""Triggers of findings about campaigns of faults, and about programs that leave cores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from factories import pair_network

import neurodeploy as nd
from neurodeploy.campaign import Outcome, campaign_of, load_campaign, remap, results_of

SPIKES = np.ones((1, 4, 2), dtype=np.uint8)


def program(**options):
    return nd.compile(pair_network(**options), "tiny")


def tried(**choices):
    made = program(output=choices.pop("output", "answer"))
    return nd.fault_campaign(made, SPIKES, threads=1, **choices).findings


def full():
    made = program()
    return nd.remap(made, range(made.target.cores))


def other_bits(monkeypatch):
    made = program()
    tables = made.tables.model_copy(update={"vth_mant": made.tables.vth_mant + 900, "core_id": [1]})
    monkeypatch.setattr(remap, "_moved", lambda *_: made.model_copy(update={"tables": tables}))
    return nd.remap(made, [0], samples=SPIKES)


def file(text):
    Path("campaign.toml").write_text(text, encoding="utf-8")
    return load_campaign("campaign.toml")


def other_file():
    tried(size=2, out="outcomes")
    return tried(size=3, out="outcomes")


def stopped():
    """Four faults were planned, and two were tried."""
    made = program()
    results = results_of(made, nd.encode(made, SPIKES), nd.CampaignOptions(size=4))
    results.outcomes.update({number: Outcome(number, 0, 0, 0) for number in range(2)})
    return campaign_of(results).findings


CASES = {
    "ND977": lambda _: full(),
    "ND978": other_bits,
    "ND979": lambda _: file('model = "net.nd.json"\n\n[campaign]\nmargin = 5\n'),
    "ND980": lambda _: tried(faults=(nd.FaultChoice(where="link"),)),
    "ND981": lambda _: other_file(),
    "ND982": lambda _: tried(output=None),
    "ND983": lambda _: stopped(),
    "ND984": lambda _: tried(faults=(nd.FaultChoice(where="neuron"),), size="all", criterion="spikes", limit=0.1),
}
