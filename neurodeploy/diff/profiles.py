"""Differences of two profiles: counts exactly, energy and time as far as their intervals can be ranked."""

from __future__ import annotations

from collections.abc import Iterator

from neurodeploy.diagnostics import about
from neurodeploy.diff.nouns import Difference, Differences, Kind, Reason, ReasonKind, Value, difference, moved_figures
from neurodeploy.diff.units import unit_of_total
from neurodeploy.profile import Estimate, Profile, profile_measures, rank_energy, rank_time

__all__ = ["profile_differences"]

ESTIMATES = ("energy_per_inference", "energy_static_per_inference", "time_per_inference", "time_per_step")
"""Figures of a profile that have an interval."""
CAUSES: dict[str, tuple[str, ReasonKind]] = {
    "program_digest": ("program", "network"),
    "target": ("target", "target"),
    "board": ("board", "target"),
    "backend": ("backend", "backend"),
    "n_samples": ("number of samples", "run"),
    "steps_per_inference": ("number of steps", "run"),
}
"""Field of a profile -> words for it, and the kind of reason that it is."""


def _figures(profile: Profile) -> dict[str, Value]:
    measured = profile_measures(profile)
    units = {"J", "s", "W"}
    found: dict[str, Value] = {
        name: item.value for name, item in measured.items() if item.unit not in units and not name.endswith(".mean")
    }
    return found | {f"spikes.{item.name}": item.spikes for item in profile.populations}


def _estimates(base: Profile, head: Profile) -> Iterator[Difference]:
    """Rows of estimates that moved, with whether the head can be ranked against the base."""
    ranks = {"energy_per_inference": rank_energy(head, base), "time_per_inference": rank_time(head, base)}
    for name in ESTIMATES:
        one, other = _estimate(base, name), _estimate(head, name)
        if one == other:
            continue
        if one is None or other is None:
            unit = one.unit if one is not None else other.unit if other is not None else ""
            yield difference(about("program"), name, one and one.value, other and other.value, unit)
        else:
            rank = ranks.get(name)
            kind, why = _overlap(one, other) if rank is None else (_kind(rank.verdict), rank.reason)
            yield difference(about("program"), name, one.value, other.value, one.unit, kind=kind, why=why)


def _estimate(profile: Profile, name: str) -> Estimate | None:
    return getattr(profile, name)


def _overlap(one: Estimate, other: Estimate) -> tuple[Kind, str]:
    apart = one.high < other.low or other.high < one.low
    return ("moved", "") if apart else ("unranked", "the intervals overlap")


def _kind(verdict: str) -> Kind:
    return "unranked" if verdict == "cannot be ranked" else "moved"


def _reasons(base: Profile, head: Profile) -> Iterator[Reason]:
    for field, (word, kind) in CAUSES.items():
        one, other = getattr(base, field), getattr(head, field)
        if one != other:
            yield Reason(kind=kind, text=f"{word} changed: {str(one)[:12]} -> {str(other)[:12]}")


def profile_differences(base: Profile, head: Profile, names: tuple[str, str] = ("base", "head")) -> Differences:
    """Return how two profiles differ. `base`, `head`: the profiles. `names`: what to call them.

    Energy and time are information; they are ranked only where their intervals do not overlap.
    """
    return Differences(
        of="profiles",
        base=names[0],
        head=names[1],
        rows=moved_figures(_figures(base), _figures(head), unit_of_total),
        reasons=tuple(_reasons(base, head)),
        information=tuple(_estimates(base, head)),
    )
