"""A soak: many requests to one server, whose memory, files and threads must not grow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import stats
from serve_http import Case, Figure
from serve_load import Server, json_request, load, serving

PARTS = 40
"""Clients that follow each other; each opens 64 connections of its own."""
SETTLED = 0.25
"""Part of the requests after which memory is held to be flat."""


class Sample(NamedTuple):
    """What a server holds after some requests."""

    requests: int
    rss_bytes: int
    files: int
    threads: int
    rate_hz: float
    p99_s: float


def _mixed(case: Case) -> tuple[list[bytes], list[bool]]:
    """Both forms with one and more samples, and some that are refused; and which are."""
    good = [
        *case.requests("json"),
        *case.requests("binary"),
        *case.requests("json", 4)[:30],
        *case.requests("binary", 16),
    ]
    unknown = json_request("digits", {"inputs": [{"name": "none", "shape": [1], "datatype": "FP32", "data": [0]}]})
    bad = [unknown, json_request("digits", {}), json_request("nothing", {"inputs": []})]
    made = [*((item, False) for item in good), *((item, True) for item in bad)]
    mixed = [made[number] for number in np.random.default_rng(0).permutation(len(made))]
    return [item for item, _ in mixed], [refused for _, refused in mixed]


def _sampled(server: Server, requests: int, rate_hz: float, p99_s: float) -> Sample:
    return Sample(requests, server.rss_bytes(), server.files(), server.threads(), rate_hz, p99_s)


def soak(case: Case, total: int) -> Iterator[Figure]:
    """Yield a table of what a server holds while it answers so many requests, and the slope of its memory."""
    each, statuses, lost, began = max(total // PARTS, 1), dict[str, int](), 0, time.monotonic()
    requests, refused = _mixed(case)
    with serving([case.path]) as server:
        load(server, requests, 64, count=min(2000, each))
        samples = [_sampled(server, 0, 0.0, 0.0)]
        for number in range(1, PARTS + 1):
            done = load(server, requests, 64, count=each, limit_s=600, first=(number - 1) * each % len(requests))
            for status, count in done.statuses.items():
                statuses[status] = statuses.get(status, 0) + count
            lost += done.unanswered
            samples.append(_sampled(server, number * each, done.requests / done.wall_s, done.quantile_s(0.99)))
            if number % (PARTS // 8) == 0:
                yield _line(samples[-1])
        counted = _metrics(server)
    sent = PARTS * each
    expected = sum(refused) * (sent // len(refused)) + sum(refused[: sent % len(refused)])
    found, good = sum(count for status, count in statuses.items() if status[0] == "4"), statuses.get("200", 0)
    wrong = lost + abs(found - expected) + sum(statuses.values()) - good - found
    said = f"{good:,} of 200 and {found:,} of 4xx ({expected:,} malformed were sent){counted}, {wrong} lost or wrong"
    said += f", in {time.monotonic() - began:,.0f} s"
    values: dict[str, Any] = {"samples": [item._asdict() for item in samples], "statuses": statuses, "lost": lost}
    yield _slope(samples, values, said, not wrong)


def _line(item: Sample) -> Figure:
    text = (
        f"soak after {item.requests:>9,}: {item.rss_bytes / 2**20:.1f} MiB, {item.files} files, {item.threads} threads, "
        f"{item.rate_hz:,.0f}/s, p99 {1e3 * item.p99_s:.3g} ms"
    )
    return Figure(text, item._asdict())


def _slope(samples: list[Sample], values: dict[str, Any], said: str, good: bool) -> Figure:
    """The growth of memory per million requests with the interval of 95 %, from the settled part."""
    settled = samples[int(SETTLED * len(samples)) :]
    x, y = [item.requests / 1e6 for item in settled], [item.rss_bytes / 2**20 for item in settled]
    fit = stats.linregress(x, y)
    half = float(fit.stderr) * float(stats.t.ppf(0.975, len(x) - 2))
    grown = float(fit.slope)
    same = settled[0].files >= settled[-1].files and settled[0].threads >= settled[-1].threads
    memory = f"memory grows by {grown:+.2f} MiB ± {half:.2f} (95 %) per million requests"
    text = f"soak: {said}; {memory}; files and threads {'as before' if same else 'GREW'}"
    return Figure(text, {**values, "slope_mib": grown, "half_width_mib": half}, good and same)


def _metrics(server: Server) -> str:
    """The count of /metrics where it is served, so that what the client counted is what the server counted."""
    try:
        lines = server.get("/metrics").decode().splitlines()
    except OSError:
        return ""
    counted = [line for line in lines if line.startswith("neurodeploy_requests_total")]
    return f", {sum(float(line.rsplit(' ', 1)[1]) for line in counted):,.0f} by /metrics" if counted else ""
