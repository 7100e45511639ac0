"""Performance targets of the emulator on one thread, with recording and every wrap and limit of its dialect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Judged", "judge"]

Results = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """`value` reads the measured figure from the results of a race, or None where it was not measured."""

    title: str
    limit: float
    unit: str
    value: Callable[[Results], float | None]
    at_most: bool = False


@dataclass(frozen=True)
class Judged:
    title: str
    limit: float
    unit: str
    found: float | None
    at_most: bool

    @property
    def met(self) -> bool | None:
        if self.found is None:
            return None
        return self.found <= self.limit if self.at_most else self.found >= self.limit


def _get(results: Results, *path: str) -> Any:
    for part in path:
        results = results.get(part) if isinstance(results, dict) else None
        if results is None:
            return None
    return results


def _at(*path: str) -> Callable[[Results], float | None]:
    return lambda results: _get(results, "workloads", *path)


def _per_event(results: Results) -> float | None:
    ours = [_get(results, "workloads", key, "ns_per_event") for key in ("w4", "w3")]
    return ours[0] / ours[1] if all(ours) else None


def _smallest(*path: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        found = [_get(item, *path) for item in results.get("workloads", {}).values()]
        return min((item for item in found if item is not None), default=None)

    return value


def _largest_memory(results: Results) -> float | None:
    # a program of less than a megabyte says nothing: a process varies by more
    kept = [
        item for item in results.get("workloads", {}).values() if (_get(item, "memory", "entry_bytes") or 0) > 1 << 20
    ]
    return max((_get(item, "memory", "ratio") for item in kept), default=None)


_PEERS = [
    ("w1", "brian2-cpp", 6),
    ("w2", "brian2-cpp", 12),
    ("w3", "brian2-cpp", 4),
    ("w1", "lava", 400),
    ("w2", "lava", 400),
    ("w3", "lava", 100),
]

MARKS = [
    *(Mark(f"{key.upper()} over {peer}", limit, "x", _at(key, "peers", peer, "ratio")) for key, peer, limit in _PEERS),
    Mark("over nengo-loihi, least of all workloads", 100, "x", _smallest("peers", "nengo-loihi", "ratio")),
    Mark("W2, share of the bare loop", 0.35, "", _at("w2", "bare", "share")),
    *(Mark(f"{key.upper()}, share of the bare loop", 0.6, "", _at(key, "bare", "share")) for key in ("w3", "w4", "w5")),
    Mark("W5 over its expanded synapses", 1.5, "x", _at("w5", "expanded", "ratio")),
    Mark("W4 per event, in W3's", 2, "x", _per_event, at_most=True),
    Mark("100 neurons, recurrent", 1.5e6, "steps/s", _at("tiny", "steps_per_s")),
    Mark("two threads on a batch, least", 1.6, "x", _smallest("threads", "batch")),
    Mark("two threads within W4", 1.4, "x", _at("w4", "threads", "within")),
    Mark("first result, cached", 1, "s", lambda results: _get(results, "start_up", "cached_s"), at_most=True),
    Mark("memory over synapse bytes, without what is recorded, largest", 1.5, "x", _largest_memory, at_most=True),
]


def judge(results: Results) -> list[Judged]:
    """Return every mark with its measured figure."""
    return [Judged(mark.title, mark.limit, mark.unit, mark.value(results), mark.at_most) for mark in MARKS]
