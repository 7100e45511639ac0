"""Goals: speed on one thread with recording and every wrap and limit of the dialect, threads, memory, start, compilation."""

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


def _of(*path: str) -> Callable[[Results], float | None]:
    return lambda results: _get(results, *path)


def _at(*path: str) -> Callable[[Results], float | None]:
    return _of("workloads", *path)


def _of_two(key: str, name: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        threads = _get(results, "workloads", key, "threads")
        return threads[name] if threads and threads["n"] == 2 else None

    return value


def _per_event(results: Results) -> float | None:
    ours = [_get(results, "workloads", key, "ns_per_event") for key in ("w4", "w3")]
    return ours[0] / ours[1] if all(ours) else None


def _smallest(*path: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        found = [_get(item, *path) for item in results.get("workloads", {}).values()]
        return min((item for item in found if item is not None), default=None)

    return value


def _full_memory(results: Results) -> float | None:
    # a quick race runs a small part of the network
    whole = _get(results, "w7", "scale") == 1
    return _get(results, "w7", "largest_peak_bytes") / 2**30 if whole else None


_BRIAN2 = {"w1": 8, "w2": 15, "w3": 5, "w4": 5, "w5": 8, "w6": 5, "tiny": 4}
_LAVA = {"w1": 400, "w2": 400, "w3": 100}
_BARE = {"w2": 0.6, "w3": 0.6, "w4": 0.6, "w5": 0.7, "tiny": 0.5}
_COMPILE = {"digits": 0.15, "w2": 1, "pilotnet": 4, "dvs": 4}
_NAMES = {"digits": "digits", "w2": "W2", "pilotnet": "PilotNet on loihi2", "dvs": "18,678 neurons of an event camera"}


def _name(key: str) -> str:
    return key if key == "tiny" else key.upper()


MARKS = [
    *(
        Mark(f"{_name(key)} over Brian2 C++", limit, "x", _at(key, "peers", "brian2-cpp", "ratio"))
        for key, limit in _BRIAN2.items()
    ),
    *(Mark(f"{_name(key)} over lava", limit, "x", _at(key, "peers", "lava", "ratio")) for key, limit in _LAVA.items()),
    Mark("over nengo-loihi, least of all workloads", 100, "x", _smallest("peers", "nengo-loihi", "ratio")),
    *(
        Mark(f"{_name(key)}, share of the bare loop", limit, "", _at(key, "bare", "share"))
        for key, limit in _BARE.items()
    ),
    Mark("W5 over its expanded synapses", 1.5, "x", _at("w5", "expanded", "ratio")),
    Mark("W4 per event, in W3's", 2, "x", _per_event, at_most=True),
    Mark("tiny: 100 neurons, recurrent", 3e6, "steps/s", _at("tiny", "steps_per_s")),
    *(Mark(f"{_name(key)}, two threads on a batch", 1.7, "x", _of_two(key, "batch")) for key in ("w2", "w3")),
    Mark("W4, two threads within a sample", 1.5, "x", _of_two("w4", "within")),
    *(
        Mark(f"{_name(key)}, memory over synapse entries", 4, "x", _at(key, "memory", "ratio"), at_most=True)
        for key in ("w3", "w5")
    ),
    Mark("W7, peak of compiling and running", 20, "GiB", _full_memory, at_most=True),
    Mark("first result of run digits", 1.5, "s", _of("first_result", "wall_s"), at_most=True),
    Mark("first result of run digits, processor", 1, "s", _of("first_result", "processor_s"), at_most=True),
    Mark("import neurodeploy", 0.3, "s", _of("import", "wall_s"), at_most=True),
    *(
        Mark(f"compiling {_NAMES[key]}", limit, "s", _of("compile", key, "wall_s"), at_most=True)
        for key, limit in _COMPILE.items()
    ),
]


def judge(results: Results) -> list[Judged]:
    """Return every mark with its measured figure."""
    return [Judged(mark.title, mark.limit, mark.unit, mark.value(results), mark.at_most) for mark in MARKS]
