"""Profile: activity and cost of a run, every figure with its interval and source."""

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
from neurodeploy.profile.profile import Estimate, PopulationActivity, Profile, ResourceUse, profile_findings

__all__ = [
    "COMPILATION_FIGURES",
    "JUDGEMENT_FIGURES",
    "PROFILE_FIGURES",
    "Budget",
    "Estimate",
    "Measure",
    "PopulationActivity",
    "Profile",
    "ResourceUse",
    "budget_findings",
    "compilation_measures",
    "judgement_measures",
    "layers_measures",
    "met_budgets",
    "profile",
    "profile_findings",
    "profile_measures",
    "read_budgets",
    "resource_use",
]
