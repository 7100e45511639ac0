"""Parts of the serving benchmark that send requests over HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from serve_cases import asked, differs, digits, drawn
from serve_load import Loaded, binary_request, echoing, json_input, json_request, load, serving

import neurodeploy as nd

GOALS_HZ = {"json": 1500.0, "binary": 4000.0}
"""Inferences per second of single samples."""
OPEN_HZ, GOAL_P99_S = 500.0, 0.015
BATCH = 16
REPLY = b'{"model_name":"digits","model_version":"0123456789abcdef","outputs":[{"name":"answer","datatype":"INT64","shape":[1],"data":[3]}]}'
"""What the bound sends to everyone, a server that does nothing else: as long as a reply to one sample."""


class Figure(NamedTuple):
    """A line of the results."""

    text: str
    values: dict[str, Any]
    good: bool = True
    """False: something is wrong, not slow."""


class Case(NamedTuple):
    """The digits: their program in a file, and single requests for each of the images."""

    path: Path
    program: nd.Program
    images: NDArray[np.float32]

    def requests(self, form: str, samples: int = 1) -> list[bytes]:
        """Return requests of a form, "json" or "binary", for so many samples each."""
        made, n = list[bytes](), len(self.images) // samples * samples
        for first in range(0, n, samples):
            values = self.images[first : first + samples]
            plain: dict[str, Any] = {}
            if form == "binary":
                plain["outputs"] = [{"name": "answer", "parameters": {"binary_data": True}}]
                made.append(binary_request("digits", "pixels", values, plain))
            else:
                made.append(json_request("digits", {"inputs": [json_input("pixels", values, "FP32")]}))
        return made


def case_of(folder: Path) -> Case:
    """Return the digits, whose program is written to a folder."""
    program, images = digits()
    nd.save(program, folder / "digits.ndp")
    return Case(folder / "digits.ndp", program, images)


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.3g}"


def figure_of(title: str, rounds: Sequence[Loaded], samples: int = 1, goal_hz: float | None = None) -> Figure:
    """The median of rounds, with the lowest and the highest."""
    rates = [samples * item.rate_hz for item in rounds]
    latencies = np.concatenate([item.latencies_s for item in rounds])
    parts = {name: float(np.quantile(latencies, part)) for name, part in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))}
    cost = {name: sum(getattr(item, name) for item in rounds) / len(latencies) for name in ("server_s", "client_s")}
    failed = sum(item.failed for item in rounds)
    goal = f" (goal {goal_hz:,.0f})" if goal_hz else ""
    text = (
        f"{title}: {median(rates):,.0f} inferences/s{goal}, rounds {min(rates):,.0f} to {max(rates):,.0f}; latency ms "
        f"p50 {_ms(parts['p50'])}, p99 {_ms(parts['p99'])}, p99.9 {_ms(parts['p999'])}; processor us a request "
        f"{1e6 * cost['server_s']:,.0f} server, {1e6 * cost['client_s']:,.0f} client"
        + (f"; {failed} FAILED" if failed else "")
    )
    values = {
        "title": title,
        "rates_hz": rates,
        "goal_hz": goal_hz,
        "latency_s": parts,
        "cpu_s": cost,
        "failed": failed,
    }
    return Figure(text, values, not failed)


def closed(form: str, case: Case, rounds: int, quick: bool) -> Iterator[Figure]:
    """Yield the speed of closed loops: 1, 8 and 64 connections with single samples, and requests of 16 samples, each beside the
    bound: a server on the same library that sends everyone the same reply, measured in the same round."""
    seconds = 2.0 if quick else 5.0
    with serving([case.path]) as server, echoing(REPLY) as echo:
        load(server, case.requests(form), 8, seconds=1.0)
        for samples in (1, BATCH):
            requests = case.requests(form, samples)
            for connections in (1, 8, 64):
                measured, bounds = list[Loaded](), list[float]()
                for _ in range(rounds):
                    measured.append(load(server, requests, connections, seconds=seconds))
                    bounds.append(load(echo, requests, connections, seconds=seconds / 2).rate_hz)
                title = f"{form}, {connections} connections" + (f", {samples} samples a request" if samples > 1 else "")
                figure = figure_of(
                    title, measured, samples, GOALS_HZ[form] if (samples, connections) == (1, 64) else None
                )
                part = median(item.rate_hz / bound for item, bound in zip(measured, bounds, strict=True))
                text = f"{figure.text}; {part:.0%} of the bound in the same round"
                yield Figure(text, {**figure.values, "bounds_hz": bounds}, figure.good)


def arrivals(case: Case, rounds: int, quick: bool) -> Iterator[Figure]:
    """Yield latencies at 500 requests/s, counted from the time at which a request is due, whether or not one can be sent then."""
    seconds = 4.0 if quick else 20.0
    with serving([case.path]) as server:
        for form in ("json", "binary"):
            load(server, case.requests(form), 8, seconds=1.0)
            measured = [
                load(server, case.requests(form), 64, seconds=seconds, rate_hz=OPEN_HZ, seed=number)
                for number in range(rounds)
            ]
            worst, best = (pick(item.quantile_s(0.99) for item in measured) for pick in (max, min))
            figure = figure_of(f"{form}, {OPEN_HZ:.0f}/s at random times", measured)
            text = f"{figure.text}; p99 of rounds {_ms(best)} to {_ms(worst)} ms (goal {_ms(GOAL_P99_S)})"
            yield Figure(text, {**figure.values, "p99_s": [best, worst], "goal_p99_s": GOAL_P99_S}, figure.good)


def bits(case: Case, quick: bool) -> Iterator[Figure]:
    """Yield how many replies to 64 concurrent clients differ from nd.run in a bit: none."""
    programs = [case.program, drawn("poisson"), drawn("spikes")]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{item.network.name}.ndp" for item in programs]
        for program, path in zip(programs, paths, strict=True):
            nd.save(program, path)
        items = asked(programs, case.images, 640 if quick else 6400, seed=22)
        with serving(paths) as server:
            done = load(server, [item.request for item in items], 64, each=True, limit_s=300)
    faults = [fault for item, reply in zip(items, done.replies, strict=True) if (fault := differs(item, reply))]
    title = f"bits, {len(items):,} requests of 64 clients (samples, steps, seeds, outputs and forms at random, three networks)"
    text = f"{title}: {len(faults)} differ from nd.run" + (f"; the first: {faults[0]}" if faults else "")
    yield Figure(text, {"title": title, "requests": len(items), "differ": len(faults), "first": faults[:5]}, not faults)
