"""The metrics that a server exports: names, kinds, labels and what they mean, in one table.

The collector makes its families from this table, and the documentation and the dashboard are tested against it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["FIGURES", "FIGURE_BY_NAME", "PREFIX", "Figure"]

PREFIX = "neurodeploy_"
MODEL = ("model", "version")
POPULATION = (*MODEL, "population")
SIGNAL = (*MODEL, "kind", "name")
"""Of an input or a population, which "kind" says."""


class Figure(NamedTuple):
    """One exported metric."""

    name: str
    """Without the prefix; a counter without "_total"."""
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    text: str
    """What it means, one sentence."""

    @property
    def exported(self) -> str:
        """The name under which Prometheus finds it; a histogram adds _bucket, _sum and _count."""
        return PREFIX + self.name + ("_total" if self.kind == "counter" else "")


FIGURES = (
    Figure("build_info", "gauge", ("release", "python", "backend", "engine", "ran_on"), "What runs; always 1."),
    Figure("ready", "gauge", (), "Whether the server takes requests."),
    Figure("model_info", "gauge", (*MODEL, "target", "newest"), "Versions that are served; always 1."),
    Figure(
        "requests", "counter", ("route", "method", *MODEL, "code"), "Requests that were answered, by status of HTTP."
    ),
    Figure("requests_in_progress", "gauge", (), "Requests that have begun and are not yet answered."),
    Figure(
        "request_duration_seconds",
        "histogram",
        ("route",),
        "From the first byte of a request to the last of its reply.",
    ),
    Figure("queue_requests", "gauge", (), "Requests that wait for the backend."),
    Figure("queue_limit_requests", "gauge", (), "Waiting requests from which further ones are refused with 503."),
    Figure(
        "wait_duration_seconds", "histogram", ("model",), "From a request's place in the queue to the start of its run."
    ),
    Figure(
        "run_duration_seconds",
        "histogram",
        ("model",),
        "One run of the backend, which answers all requests of a batch.",
    ),
    Figure("batch_samples", "histogram", ("model",), "Samples that ran together."),
    Figure("inferences", "counter", MODEL, "Samples that were answered."),
    Figure("steps", "counter", MODEL, "Steps of all samples, drain included."),
    Figure("spikes", "counter", POPULATION, "Spikes of all neurons."),
    Figure(
        "spike_rate_hertz", "gauge", POPULATION, "Mean rate of a neuron in the network's own time, over the window."
    ),
    Figure("neurons", "gauge", POPULATION, "Neurons of the population."),
    Figure(
        "silent_neurons",
        "gauge",
        POPULATION,
        "Neurons without a spike in the window. Absent where an output reads v, and the population need not spike.",
    ),
    Figure(
        "saturated_neurons",
        "gauge",
        POPULATION,
        "Neurons with at least 90 % of the spikes that their refractory period allows, over the window.",
    ),
    Figure("window_inferences", "gauge", MODEL, "Inferences in the window: the last 896 to 1,024."),
    Figure(
        "overflows",
        "counter",
        (*POPULATION, "kind"),
        "Steps of a neuron in which its accumulator wrapped, its current left its range, or its voltage was limited, "
        "over overflow_inferences.",
    ),
    Figure(
        "overflow_inferences",
        "counter",
        MODEL,
        "Inferences for which overflows were counted, which takes long, so that not every batch does it.",
    ),
    Figure(
        "energy_joules",
        "counter",
        (*MODEL, "kind", "bound"),
        "Energy that the cores of the chip would take: modelled from published figures, nominal with its bounds. "
        "Absent if no figure is public.",
    ),
    Figure(
        "drift_statistic",
        "gauge",
        SIGNAL,
        "Evidence that it spikes more or less than at calibration, as a share of the alarm's threshold. "
        "Absent without calibration, as everything about drift.",
    ),
    Figure("drift_alarm", "gauge", SIGNAL, "Whether there was an alarm within the last window of the monitor."),
    Figure("drift_alarms", "counter", SIGNAL, "Alarms."),
    Figure(
        "drift_spikes_per_sample",
        "gauge",
        (*SIGNAL, "source"),
        "Mean spikes of a sample: expected from the calibration, and found in the last window of the monitor.",
    ),
    Figure("streams_open", "gauge", MODEL, "Open streams."),
    Figure("streams", "counter", MODEL, "Streams that were opened."),
    Figure("stream_events", "counter", MODEL, "Events that streams received."),
    Figure("stream_spikes", "counter", MODEL, "Spikes that streams sent."),
    Figure("stream_late_events", "counter", MODEL, "Events of steps that had already run, which are not shown."),
    Figure("reloads", "counter", ("model", "outcome"), "Programs read again: outcome loaded or failed."),
    Figure("log_lines_dropped", "counter", (), "Lines of the log that nobody read in time."),
)
"""All metrics of the server itself. Those named process_* and python_info come from the client library of Prometheus."""
FIGURE_BY_NAME = {item.name: item for item in FIGURES}
