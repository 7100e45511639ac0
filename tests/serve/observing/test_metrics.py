"""What /metrics says is what happened; its names are few whatever clients send."""

from __future__ import annotations

import asyncio
import io
import json
import time
from dataclasses import replace

import numpy as np
import pytest
from asgi_calls import call, done_of, infer_body, rows_of, tiny_program, tiny_service
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.monitor.counts import calibrated, sample_counts
from neurodeploy.network.coding import Membrane
from neurodeploy.profile import profile
from neurodeploy.serve.app import make_app
from neurodeploy.serve.inference.models import Model, Models, load_models
from neurodeploy.serve.observing import logs
from neurodeploy.serve.observing.figures import FIGURE_BY_NAME, FIGURES, PREFIX
from neurodeploy.serve.observing.histogram import Histogram
from neurodeploy.serve.observing.metrics import BLOCK_INFERENCES, BLOCKS
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.service import Service

OPEN = ("accept", "application/openmetrics-text; version=1.0.0")


def families(service):
    reply = call(make_app(service), path="/metrics")
    assert reply.status == 200
    return {item.name: item for item in text_string_to_metric_families(reply.body.decode())}


def value(found, name, /, **labels):
    """The value of the one sample with these labels; the name without the prefix."""
    family = found[PREFIX + FIGURE_BY_NAME[name].name]
    kept = [
        item.value
        for item in family.samples
        if labels.items() <= item.labels.items() and item.name == FIGURE_BY_NAME[name].exported
    ]
    assert len(kept) == 1, (name, labels, family.samples)
    return kept[0]


@pytest.fixture
def service():
    return tiny_service()


def newest(service, name="tiny") -> Model:
    return service.models.by_name[name][-1]


def test_every_family_is_in_the_table_and_has_its_labels(service):
    service.metrics.batch(done_of(newest(service)))
    service.batcher.waiting = 3
    service.metrics.reloaded("tiny", loaded=False)
    stream = service.metrics.stream(newest(service))
    stream.open, stream.opened = 1, 2
    found = {name: item for name, item in families(service).items() if name.startswith(PREFIX)}
    assert set(found) == {PREFIX + item.name for item in FIGURES}
    for figure in FIGURES:
        family = found[PREFIX + figure.name]
        assert (family.type, family.documentation) == (figure.kind, figure.text)
        assert {frozenset(item.labels) - {"le"} for item in family.samples} <= {frozenset(figure.labels)}
    assert value(found, "queue_requests") == 3
    assert value(found, "reloads", model="tiny", outcome="failed") == 1
    assert (value(found, "streams_open"), value(found, "streams")) == (1, 2)


def test_figures_have_names_that_prometheus_recommends():
    for figure in FIGURES:
        assert not figure.name.endswith("_total")
        assert figure.kind != "histogram" or figure.name.rpartition("_")[2] in ("seconds", "samples")
        assert figure.text.endswith(".")


def test_a_client_may_ask_for_openmetrics(service):
    service.metrics.batch(done_of(newest(service)))
    reply = call(make_app(service), path="/metrics", headers=[OPEN])
    assert reply.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    names = {item.name for item in open_families(reply.body.decode())}
    assert {PREFIX + item.name for item in FIGURES} <= names


def test_counts_of_batches(service):
    model = newest(service)
    service.metrics.batch(done_of(model, samples=2, waiting_s=(0.0004, 0.004)))
    service.metrics.batch(done_of(model, samples=3, waiting_s=(0.5,), running_s=0.25))
    found = families(service)
    assert value(found, "inferences", model="tiny", version=model.version) == 5
    assert value(found, "steps") == 5 * 11  # the drain is one step
    assert value(found, "spikes", population="hidden") == 5 * 11
    assert value(found, "neurons", population="hidden") == 3
    waits = {s.labels["le"]: s.value for s in found[PREFIX + "wait_duration_seconds"].samples if "le" in s.labels}
    assert (waits["0.0005"], waits["0.005"], waits["0.25"], waits["0.5"], waits["+Inf"]) == (1, 2, 2, 3, 3)
    runs = {s.name.rpartition("_")[2]: s.value for s in found[PREFIX + "run_duration_seconds"].samples}
    assert (runs["count"], runs["sum"]) == (2, 0.252)
    batches = {s.labels.get("le"): s.value for s in found[PREFIX + "batch_samples"].samples if "le" in s.labels}
    assert (batches["1.0"], batches["2.0"], batches["4.0"]) == (0, 1, 2)


def test_silent_and_saturated_neurons_and_their_rate(service):
    """Neuron 0 spikes in every step, neuron 1 never, neuron 2 once."""
    service.metrics.batch(done_of(newest(service), steps=99))
    found = families(service)
    assert value(found, "silent_neurons", population="hidden") == 1
    assert value(found, "saturated_neurons", population="hidden") == 1
    assert value(found, "spike_rate_hertz", population="hidden") == pytest.approx((99 + 1) / 3 / (100 * 1e-3))


def test_a_refractory_neuron_is_saturated_at_its_own_limit():
    neuron = nd.LoihiCuba(du=4095, dv=4095, vth_mant=1, refractory_steps=3)
    network = tiny_program().network
    network = network.model_copy(
        update={"populations": (nd.Population(name="hidden", shape=3, neuron=neuron),)},
    )
    service = tiny_service(nd.compile(network, "loihi1"))
    done = done_of(newest(service), steps=100)
    assert done.counts["hidden"][0, 0] < 50
    service.metrics.batch(done)
    assert value(families(service), "saturated_neurons", population="hidden") == 1


def test_the_window_forgets_and_the_total_does_not(service):
    model = newest(service)
    busy = done_of(model, samples=BLOCK_INFERENCES)
    quiet = done_of(model, samples=1, rows=np.array([[BLOCK_INFERENCES - 1, 1, 1]], dtype=np.int32))
    assert quiet.samples == BLOCK_INFERENCES
    service.metrics.batch(busy)
    for _ in range(BLOCKS - 2):
        service.metrics.batch(quiet)
    assert value(families(service), "silent_neurons") == 0
    service.metrics.batch(quiet)
    found = families(service)
    assert value(found, "silent_neurons") == 2
    assert value(found, "window_inferences") == (BLOCKS - 1) * BLOCK_INFERENCES
    assert value(found, "inferences") == BLOCKS * BLOCK_INFERENCES
    assert value(found, "spikes") == busy.counts["hidden"].sum() + BLOCKS - 1


def test_populations_that_are_read_by_v_need_not_spike():
    network = tiny_program().network
    output = nd.Output(name="out", source="hidden", decoder=Membrane())
    service = tiny_service(nd.compile(network.model_copy(update={"outputs": (output,)}), "loihi1"))
    service.metrics.batch(done_of(newest(service)))
    assert families(service)[PREFIX + "silent_neurons"].samples == []


def test_overflows_are_counted_by_kind(service):
    done = done_of(newest(service))
    assert done.recording is not None
    steps = np.array([[1, 2, 0], [0, 0, 0], [0, 5, 0]], dtype=np.int32)
    overflown = done.recording.model_copy(update={"overflows": {"hidden": steps}})
    done = replace(done, recording=overflown)
    service.metrics.batch(done)
    service.metrics.batch(done)
    service.metrics.batch(replace(done, recording=done.recording.model_copy(update={"overflows": {}})))
    found = families(service)
    assert (value(found, "inferences"), value(found, "overflow_inferences")) == (3, 2)
    kinds = {kind: value(found, "overflows", kind=kind) for kind in ("accumulator", "current", "voltage")}
    assert kinds == {"accumulator": 6, "current": 0, "voltage": 10}


def test_energy_is_that_of_the_profile(service):
    model = newest(service)
    done = done_of(model, samples=4)
    assert done.recording is not None
    bare = done.recording.model_copy(update={"active_updates": None})
    wanted = profile(model.program, bare).energy_per_inference
    assert wanted is not None
    service.metrics.batch(done)
    service.metrics.batch(done)
    found = families(service)
    for bound, figure in (("nominal", wanted.value), ("low", wanted.low), ("high", wanted.high)):
        assert value(found, "energy_joules", bound=bound, kind="modelled") == pytest.approx(8 * figure, rel=1e-12)


@pytest.mark.parametrize("target", ["loihi2", "loihi1"])
def test_energy_that_is_unknown_is_absent(target):
    service = tiny_service(tiny_program(target))
    done = done_of(newest(service))
    if target == "loihi1":  # a backend that does not say what its inputs were
        assert done.recording is not None
        bare = done.recording.model_copy(update={"input_spikes": {}})
        done = replace(done, recording=bare)
    service.metrics.batch(done)
    assert families(service)[PREFIX + "energy_joules"].samples == []


def test_requests_are_counted_by_what_is_served_and_not_by_what_clients_say(service):
    app = make_app(service)
    version = newest(service).version
    assert call(app, "POST", "/v2/models/tiny/infer", infer_body()).status == 200
    assert call(app, "POST", f"/v2/models/tiny/versions/{version}/infer", infer_body()).status == 200
    assert call(app, "POST", "/v2/models/tiny/infer", b"{").status == 400
    for number in range(50):
        assert call(app, "POST", f"/v2/models/made-up-{number}/infer", infer_body()).status == 404
        assert call(app, "POST", f"/v2/models/tiny/versions/{number}/infer", infer_body()).status == 404
        assert call(app, "GET", f"/nowhere/{number}").status == 404
        assert call(app, f"VERB{number}", "/nowhere").status in (404, 405)
    found = families(service)
    plain, versioned = "/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}/infer"
    known = {"model": "tiny", "version": version, "method": "POST"}
    assert value(found, "requests", route=plain, code="200", **known) == 1
    assert value(found, "requests", route=versioned, code="200", **known) == 1
    assert value(found, "requests", route=plain, code="400", **known) == 1
    assert value(found, "requests", route=plain, code="404", model="", version="") == 50
    assert value(found, "requests", route=versioned, code="404", model="", version="") == 50
    assert value(found, "requests", route="other", code="404", method="GET") == 50
    assert value(found, "requests", method="other") == 50
    assert value(found, "requests_in_progress") == 1  # the request for the metrics itself
    assert len(found[PREFIX + "requests"].samples) == 7
    assert len(found[PREFIX + "request_duration_seconds"].samples) == 3 * 20


def test_versions_that_are_gone_are_forgotten(service):
    old, other = newest(service), tiny_program(weight=120)
    app = make_app(service)
    assert call(app, "POST", "/v2/models/tiny/infer", infer_body()).status == 200
    service.metrics.batch(done_of(old))
    service.metrics.stream(old).opened = 1
    service.reloader.models = Models({"tiny": (Model("tiny", other),)})
    service.metrics.batch(done_of(newest(service)))
    text = call(app, path="/metrics").body.decode()
    assert old.version not in text
    assert newest(service).version in text
    service.reloader.models = Models({})
    text = call(app, path="/metrics").body.decode()
    assert 'model="tiny"' not in text


def test_a_refused_batch_counts_as_no_inference(service):
    done = done_of(newest(service))
    service.metrics.batch(replace(done, failed=1, samples=0, steps=0, counts={}, recording=None))
    found = families(service)
    assert found[PREFIX + "inferences"].samples == []
    assert found[PREFIX + "wait_duration_seconds"].samples != []


def test_two_servers_in_a_process_count_apart(service):
    other = tiny_service()
    service.metrics.batch(done_of(newest(service)))
    assert value(families(service), "inferences") == 1
    assert families(other)[PREFIX + "inferences"].samples == []


def test_buckets_hold_values_up_to_their_bound():
    held = Histogram((1.0, 2.0))
    held.extend([0.5, 1.0, 1.5, 2.0, 9.0])
    assert held.buckets() == [("1.0", 2.0), ("2.0", 4.0), ("+Inf", 5.0)]
    assert held.total == 14.0


def test_drift_is_there_for_programs_with_a_calibration(service):
    plain = newest(service)
    service.monitors.observe(plain, sample_counts(done_of(plain).recording), 11)
    assert families(service)[PREFIX + "drift_statistic"].samples == []
    samples = np.concatenate([rows_of(samples=40), np.array([[s, 5, 1] for s in range(0, 40, 2)], dtype=np.int32)])
    samples = samples[np.lexsort(samples.T[[2, 1, 0]])]
    program = calibrated(tiny_program(), {"in": samples}, steps=10)
    service = tiny_service(program)
    done, end = done_of(newest(service), samples=4, rows=rows_of(samples=4)[::3]), time.monotonic() + 60
    while (service.monitors.report(newest(service)) or (0,))[
        0
    ] < 400 and time.monotonic() < end:  # once it has thresholds
        service.monitors.observe(newest(service), sample_counts(done.recording), done.steps)
    found = families(service)
    known = {"kind": "population", "name": "hidden"}
    assert value(found, "drift_spikes_per_sample", source="expected", **known) == 11.5
    assert value(found, "drift_spikes_per_sample", source="found", **known) < 5
    assert value(found, "drift_alarm", **known) == 1
    assert value(found, "drift_alarms", **known) >= 1
    assert value(found, "drift_statistic", kind="input", name="in") >= 0


def test_programs_that_are_read_again_are_counted_and_logged(tmp_path):
    path, stream = tmp_path / "tiny.ndp", io.StringIO()
    nd.save(tiny_program(), path)
    service = Service(load_models([path]), ServeOptions())
    logs.configure("json", stream)
    asyncio.run(service.reloader.load("tiny"))
    path.write_bytes(b"no program")
    with pytest.raises(DiagnosticError):
        asyncio.run(service.reloader.load("tiny"))
    found = families(service)
    assert (value(found, "reloads", outcome="loaded"), value(found, "reloads", outcome="failed")) == (1, 1)
    logs.configure("off")
    good, bad, _ = map(json.loads, stream.getvalue().splitlines())
    version = newest(service).version
    assert (good["event"], good["model"], good["version"]) == ("loaded a program", "tiny", version)
    assert (bad["event"], bad["model"], bad["findings"][0]["code"]) == ("kept the old program", "tiny", "ND922")


def test_inference_over_http_reaches_the_counts(service):
    app = make_app(service)
    assert call(app, "POST", "/v2/models/tiny/infer", infer_body()).status == 200
    found = families(service)
    assert value(found, "inferences", model="tiny") == 1
    assert value(found, "spikes", population="hidden") == 11
    assert value(found, "energy_joules", bound="nominal") > 0
    assert value(found, "queue_requests") == 0
