"""Campaigns of faults: many are drawn and tried on one program, and what they do is counted; programs leave dead cores."""

from neurodeploy.campaign.harden import advice_of
from neurodeploy.campaign.nouns import (
    Advice,
    Campaign,
    CampaignChoices,
    CampaignOptions,
    Duplicated,
    FaultChoice,
    FaultRow,
    Outcome,
    Protected,
    RatePoint,
    Worst,
)
from neurodeploy.campaign.read import CampaignFile, load_campaign, model_of, stimulus_of
from neurodeploy.campaign.remap import Move, Remapped, remap_program
from neurodeploy.campaign.run import Results, campaign_of, results_of, run_campaign
from neurodeploy.campaign.statistics import Share, sample_size

__all__ = [
    "Advice",
    "Campaign",
    "CampaignChoices",
    "CampaignFile",
    "CampaignOptions",
    "Duplicated",
    "FaultChoice",
    "FaultRow",
    "Move",
    "Outcome",
    "Protected",
    "RatePoint",
    "Remapped",
    "Results",
    "Share",
    "Worst",
    "advice_of",
    "campaign_of",
    "load_campaign",
    "model_of",
    "remap_program",
    "results_of",
    "run_campaign",
    "sample_size",
    "stimulus_of",
]
