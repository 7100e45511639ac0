"""What /metrics says: the counts of a server, and what follows from them, as families of the client library of Prometheus."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

import neurodeploy
from neurodeploy.profile.per_spike import energy_of_spikes
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.observing import logs
from neurodeploy.serve.observing.figures import FIGURE_BY_NAME, PREFIX
from neurodeploy.serve.observing.histogram import Histogram
from neurodeploy.serve.observing.metrics import Activity, ModelMetrics
from neurodeploy.simulate.probes import reads_v

if TYPE_CHECKING:
    from neurodeploy.serve.service import Service

__all__ = ["registry_of"]

OVERFLOWS = ("accumulator", "current", "voltage")
"""Kinds of overflow, in the order of a recording's rows."""
SATURATED = 0.9
"""Share of the spikes that the refractory period allows, from which a neuron counts as saturated."""

Rows = Iterable[tuple[tuple[str, ...], float]]
"""(values of the labels, value)."""


def registry_of(service: Service) -> CollectorRegistry:
    """Return a registry of its own for a server: its metrics, and those of its process."""
    found = CollectorRegistry(auto_describe=False)
    found.register(_ServerCollector(service))
    ProcessCollector(registry=found)
    return found


class _ServerCollector(Collector):
    """Makes the families of a server when it is asked."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def collect(self) -> Iterator[Metric]:
        service = self.service
        served = {(item.name, item.version) for item in _served(service)}
        service.metrics.keep(served)
        yield from _server(service)
        yield from _requests(service)
        held = list(service.metrics.models.items())
        yield from _inferences(held)
        yield from _activity(held)
        yield from _energy(held)
        yield from _drift(service)
        yield from _streams(service)


def _served(service: Service) -> list[Model]:
    return [item for versions in service.models.by_name.values() for item in versions]


def _family(name: str, rows: Rows) -> Metric:
    """A counter or gauge of the table of figures."""
    figure = FIGURE_BY_NAME[name]
    kind = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
    found = kind(PREFIX + name, figure.text, labels=figure.labels)
    for labels, value in rows:
        found.add_metric(labels, value)
    return found


def _histograms(name: str, held: Mapping[str, Histogram]) -> Metric:
    """A histogram of the table of figures, by its one label."""
    figure = FIGURE_BY_NAME[name]
    found = HistogramMetricFamily(PREFIX + name, figure.text, labels=figure.labels)
    for label, item in held.items():
        found.add_metric([label], item.buckets(), item.total)
    return found


def _server(service: Service) -> Iterator[Metric]:
    release, python = neurodeploy.__version__, platform.python_version()
    ran = service.metrics
    build = (release, python, service.options.backend, ran.engine, ran.ran_on)
    yield _family("build_info", [(build, 1.0)])
    yield _family("ready", [((), float(service.ready))])
    newest = {versions[-1].version for versions in service.models.by_name.values()}
    yield _family(
        "model_info",
        [
            ((item.name, item.version, item.program.target.name, str(item.version in newest).lower()), 1.0)
            for item in _served(service)
        ],
    )
    outcomes = [(name, outcome) for name in service.models.by_name for outcome in ("loaded", "failed")]
    yield _family("reloads", [(labels, float(ran.reloads[labels])) for labels in outcomes])
    yield _family("log_lines_dropped", [((), float(logs.dropped()))])


def _requests(service: Service) -> Iterator[Metric]:
    ran = service.metrics
    yield _family("requests", [((*labels[:4], str(labels[4])), float(n)) for labels, n in ran.requests.items()])
    yield _family("requests_in_progress", [((), float(ran.in_progress))])
    yield _family("queue_requests", [((), float(service.batcher.waiting))])
    yield _family("queue_limit_requests", [((), float(service.options.limits.waiting))])
    yield _histograms("request_duration_seconds", ran.durations)
    yield _histograms("wait_duration_seconds", ran.waiting)
    yield _histograms("run_duration_seconds", ran.running)
    yield _histograms("batch_samples", ran.batches)


Held = list[tuple[tuple[str, str], ModelMetrics]]


def _inferences(held: Held) -> Iterator[Metric]:
    total = [(key, item.total()) for key, item in held]
    recent = [(key, item.recent()) for key, item in held]
    yield _family("inferences", [(key, float(item.inferences)) for key, item in total])
    yield _family("steps", [(key, float(item.steps)) for key, item in total])
    yield _family("overflow_inferences", [(key, float(item.overflow_inferences)) for key, item in held])
    yield _family("window_inferences", [(key, float(item.inferences)) for key, item in recent])
    spikes = [((*key, name), float(counts.sum())) for key, item in total for name, counts in item.spikes.items()]
    yield _family("spikes", spikes)
    yield _family(
        "overflows",
        [
            ((*key, name, kind), float(number))
            for key, item in held
            for name, numbers in item.overflows.items()
            for kind, number in zip(OVERFLOWS, numbers, strict=True)
        ],
    )


def _activity(held: Held) -> Iterator[Metric]:
    rows: dict[str, list[tuple[tuple[str, ...], float]]] = {}
    for key, item in held:
        recent = item.recent()
        for name, values in _population_rows(item, recent):
            for population, value in values.items():
                rows.setdefault(name, []).append(((*key, population), value))
    for name in ("neurons", "spike_rate_hertz", "silent_neurons", "saturated_neurons"):
        yield _family(name, rows.get(name, []))


def _population_rows(item: ModelMetrics, recent: Activity) -> Iterator[tuple[str, dict[str, float]]]:
    """(figure, population -> value) from the window; none of an empty window, except the sizes."""
    program = item.model.program
    yield "neurons", {name: float(size) for name, size in item.populations.items()}
    if not recent.steps:
        return
    seconds = recent.steps * program.network.time.dt_s
    counts = recent.spikes
    yield "spike_rate_hertz", {n: float(counts[n].sum()) / (size * seconds) for n, size in item.populations.items()}
    by_v = {output.source for output in program.network.outputs if reads_v(output)}
    yield "silent_neurons", {n: float((counts[n] == 0).sum()) for n in item.populations if n not in by_v}
    sends_always = {placed.name for placed in program.populations if placed.kind == "sigma"}
    yield (
        "saturated_neurons",
        {n: float(_saturated(item, recent, n)) for n in item.populations if n not in sends_always},
    )


def _saturated(item: ModelMetrics, recent: Activity, population: str) -> int:
    """Neurons of a population with at least 90 % of the spikes that their refractory period allows."""
    program = item.model.program
    delay = np.maximum(program.tables.refract_delay[program.table_rows[population]].astype(np.int64), 1)
    allowed = sum((-(-steps // delay) * samples for steps, samples in recent.shown.items()), np.zeros_like(delay))
    return int((recent.spikes[population] >= SATURATED * allowed).sum())


def _energy(held: Held) -> Iterator[Metric]:
    rows = list[tuple[tuple[str, ...], float]]()
    for key, item in held:
        if item.costs is None or not item.input_counted:
            continue
        total = item.total()
        found = energy_of_spikes(item.costs, {**total.spikes, **total.inputs}, total.steps)
        if found is not None:
            bounds = (("nominal", found.value), ("low", found.low), ("high", found.high))
            rows += [((*key, found.kind, bound), value) for bound, value in bounds]
    yield _family("energy_joules", rows)


def _drift(service: Service) -> Iterator[Metric]:
    rows: dict[str, list[tuple[tuple[str, ...], float]]] = {}
    for model in _served(service):
        report = service.monitors.report(model)
        for item in report[1] if report is not None else ():
            labels = model.name, model.version, item.kind, item.name
            rows.setdefault("drift_statistic", []).append((labels, item.statistic))
            rows.setdefault("drift_alarm", []).append((labels, float(item.drifting)))
            rows.setdefault("drift_alarms", []).append((labels, float(item.alarms)))
            means = [("expected", item.expected), ("found", item.found)]
            rows.setdefault("drift_spikes_per_sample", []).extend(
                ((*labels, source), mean) for source, mean in means if mean is not None
            )
    for name in ("drift_statistic", "drift_alarm", "drift_alarms", "drift_spikes_per_sample"):
        yield _family(name, rows.get(name, []))


def _streams(service: Service) -> Iterator[Metric]:
    held = service.metrics.streams.items()
    yield _family("streams_open", [(key, float(item.open)) for key, item in held])
    yield _family("streams", [(key, float(item.opened)) for key, item in held])
    yield _family("stream_events", [(key, float(item.events)) for key, item in held])
    yield _family("stream_spikes", [(key, float(item.spikes)) for key, item in held])
    yield _family("stream_late_events", [(key, float(item.late)) for key, item in held])
