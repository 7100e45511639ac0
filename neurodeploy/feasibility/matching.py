"""Matching of layers to cores that hold them, or the proof that no matching exists.

Method: augmenting paths (Berge 1957, Kuhn 1955). A set of layers with fewer possible cores than layers is the proof
(Hall 1935).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["matching"]


def _augment(name: str, choices: Mapping[str, Sequence[int]], owner: dict[int, str], tried: set[int]) -> bool:
    """Assign a core to a layer, moving other layers only if no core is free; `tried` are cores that were tried."""
    free = [core for core in choices[name] if core not in owner]
    if free:
        owner[free[0]] = name
        return True
    for core in choices[name]:
        if core in tried:
            continue
        tried.add(core)
        if _augment(owner[core], choices, owner, tried):
            owner[core] = name
            return True
    return False


def matching(choices: Mapping[str, Sequence[int]]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return (layer -> core, ()), or (partial matching, layers that outnumber the cores that hold them).

    Deterministic: layers with few cores first, then in the order given; lower cores first.
    """
    owner: dict[int, str] = {}
    crowded: tuple[str, ...] = ()
    for name in sorted(choices, key=lambda key: len(choices[key])):
        tried: set[int] = set()
        if not _augment(name, choices, owner, tried) and not crowded:
            # every core reached from this layer is taken by a layer whose own cores are all reached too
            rivals = {owner[core] for core in tried} | {name}
            crowded = tuple(key for key in choices if key in rivals)
    return {name: core for core, name in owner.items()}, crowded
