"""Profile: activity and cost of a run, every figure with its interval and source."""

from neurodeploy.costs.estimate import (
    BOUNDARIES,
    Boundary,
    BoundaryCost,
    CoreFloor,
    CostChoices,
    CostOptions,
    CostPart,
    EnergySource,
    Estimate,
    Floor,
    StaticShare,
)
from neurodeploy.profile.budgets import Budget, Measure, budget_findings, met_budgets, read_budgets
from neurodeploy.profile.build import profile, resource_use
from neurodeploy.profile.measures import (
    COMPILATION_FIGURES,
    JUDGEMENT_FIGURES,
    PROFILE_FIGURES,
    compilation_measures,
    judgement_measures,
    layers_measures,
    profile_measures,
)
from neurodeploy.profile.metric_measures import METRIC_FIGURES, asks_for_metrics, metric_measures
from neurodeploy.profile.profile import PopulationActivity, Profile, ResourceUse, profile_findings
from neurodeploy.profile.ranking import Ranking, rank_energy, rank_time

__all__ = [
    "BOUNDARIES",
    "COMPILATION_FIGURES",
    "JUDGEMENT_FIGURES",
    "METRIC_FIGURES",
    "PROFILE_FIGURES",
    "Boundary",
    "BoundaryCost",
    "Budget",
    "CoreFloor",
    "CostChoices",
    "CostOptions",
    "CostPart",
    "EnergySource",
    "Estimate",
    "Floor",
    "Measure",
    "PopulationActivity",
    "Profile",
    "Ranking",
    "ResourceUse",
    "StaticShare",
    "asks_for_metrics",
    "budget_findings",
    "compilation_measures",
    "judgement_measures",
    "layers_measures",
    "met_budgets",
    "metric_measures",
    "profile",
    "profile_findings",
    "profile_measures",
    "rank_energy",
    "rank_time",
    "read_budgets",
    "resource_use",
]
