"""Profile: what a run did and what it cost, every figure with its interval and source."""

from neurodeploy.profile.build import profile, profile_findings, resource_use
from neurodeploy.profile.profile import Estimate, PopulationActivity, Profile, ResourceUse

__all__ = [
    "Estimate",
    "PopulationActivity",
    "Profile",
    "ResourceUse",
    "profile",
    "profile_findings",
    "resource_use",
]
