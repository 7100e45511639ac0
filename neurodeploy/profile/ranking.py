"""Which of two designs takes less energy or time, said only where the figures can carry it."""

from __future__ import annotations

from typing import Literal

from neurodeploy.base.noun import Noun
from neurodeploy.costs.estimate import Estimate
from neurodeploy.diagnostics.choices import needs
from neurodeploy.profile.profile import Profile

__all__ = ["Ranking", "rank_energy", "rank_time"]

Verdict = Literal["lower", "higher", "cannot be ranked"]


class Ranking(Noun):
    """Comparison of a figure of two profiles."""

    figure: Literal["energy", "time"]
    """What is compared, for one inference."""
    verdict: Verdict
    """Whether the first profile is lower or higher than the second, or that this cannot be said."""
    reason: str
    """Why, in one sentence."""


def rank_energy(first: Profile, second: Profile) -> Ranking:
    """Return whether the energy of an inference of `first` is lower or higher than that of `second`.

    It cannot be ranked where the intervals overlap, the boundaries differ, a figure is missing or scaled from another chip.

    Raises DiagnosticError: ND002 (arguments).

    Example: nd.rank_energy(nd.profile(small, a), nd.profile(large, b)).verdict
    """
    needs("rank_energy", first=(first, Profile), second=(second, Profile))
    return _rank("energy", first, second)


def rank_time(first: Profile, second: Profile) -> Ranking:
    """Return whether the time of an inference of `first` is lower or higher than that of `second`, as rank_energy does.

    Raises DiagnosticError: ND002 (arguments).

    Example: nd.rank_time(nd.profile(small, a), nd.profile(large, b)).verdict
    """
    needs("rank_time", first=(first, Profile), second=(second, Profile))
    return _rank("time", first, second)


def _rank(figure: Literal["energy", "time"], first: Profile, second: Profile) -> Ranking:
    name = f"{figure}_per_inference"
    a, b = getattr(first, name), getattr(second, name)
    reason = _obstacle(first, second, a, b)
    if reason is not None or a is None or b is None:
        return Ranking(figure=figure, verdict="cannot be ranked", reason=reason or "a figure is missing")
    shown = f"[{a.low:.3g}, {a.high:.3g}] and [{b.low:.3g}, {b.high:.3g}] {a.unit}"
    if a.low <= b.high and b.low <= a.high:
        return Ranking(figure=figure, verdict="cannot be ranked", reason=f"the intervals {shown} overlap")
    verdict: Verdict = "lower" if a.high < b.low else "higher"
    return Ranking(figure=figure, verdict=verdict, reason=f"the intervals {shown} do not overlap")


def _obstacle(first: Profile, second: Profile, a: Estimate | None, b: Estimate | None) -> str | None:
    """The reason why two figures cannot be compared, whatever their values."""
    for profile, item in ((first, a), (second, b)):
        if item is None:
            return f"no figure at boundary '{profile.boundary}' of {profile.target}"
        if item.kind == "scaled":
            return f"the figure of {profile.target} is scaled from another chip"
    if first.boundary != second.boundary:
        return f"the figures are at different boundaries, '{first.boundary}' and '{second.boundary}'"
    if first.first_step > 1 or second.first_step > 1:
        return "a figure is of a part of an inference"
    return None
