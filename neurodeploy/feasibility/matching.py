"""Matching of layers to cores that hold them, or the proof that there is none.

Method: augmenting paths (Berge 1957, Kuhn 1955). A set of layers with fewer cores than layers is the proof (Hall 1935).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["matching"]


def _augment(name: str, choices: Mapping[str, Sequence[int]], owner: dict[int, str], seen: set[int]) -> bool:
    """Give a layer a core, moving others along only if none is free; `seen` are cores that were tried."""
    free = [core for core in choices[name] if core not in owner]
    if free:
        owner[free[0]] = name
        return True
    for core in choices[name]:
        if core in seen:
            continue
        seen.add(core)
        if _augment(owner[core], choices, owner, seen):
            owner[core] = name
            return True
    return False


def matching(choices: Mapping[str, Sequence[int]]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return (layer -> core, ()), or (what could be placed, layers that are more than the cores that hold them).

    Deterministic: layers with few cores first, then in the order given; lower cores first.
    """
    owner: dict[int, str] = {}
    crowded: tuple[str, ...] = ()
    for name in sorted(choices, key=lambda key: len(choices[key])):
        seen: set[int] = set()
        if not _augment(name, choices, owner, seen) and not crowded:
            # every core that the layer could push for is taken by a layer whose cores are among them too
            rivals = {owner[core] for core in seen} | {name}
            crowded = tuple(key for key in choices if key in rivals)
    return {name: core for core, name in owner.items()}, crowded
