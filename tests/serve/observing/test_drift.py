"""Monitors of served models: what they see, what they leave out, and what the address of drift answers."""

from __future__ import annotations

import json
import threading

import numpy as np
from activities import STEPS, echo, rasters
from asgi_calls import call, done_of, tiny_service

import neurodeploy as nd
from neurodeploy.serve.app import make_app
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.observing.monitors import LiveMonitors

LAST_STEP = STEPS + 1


def calibrated():
    return nd.calibrate(echo(), rasters(200))


def counts_of(n, rate=0.5, seed=3):
    found = rasters(n, rate, seed).sum(axis=(1, 2)).astype(np.int64)
    return {"in": found, "cells": found}


def test_a_model_without_activity_is_not_watched():
    monitors, model = LiveMonitors(), Model("echo", echo())
    monitors.observe(model, counts_of(10), LAST_STEP)
    monitors.prepare(model)
    assert monitors.report(model) is None
    assert monitors.skipped(model) == 0


def test_samples_of_another_length_are_counted_and_not_compared():
    monitors, model = LiveMonitors(), Model("echo", calibrated())
    monitors.prepare(model)
    monitors.observe(model, counts_of(10), LAST_STEP - 5)
    monitors.observe(model, counts_of(7), LAST_STEP)
    monitors.observe(model, {"cells": counts_of(4)["cells"]}, LAST_STEP)
    assert monitors.report(model)[0] == 7
    assert monitors.skipped(model) == 14


def test_the_first_samples_start_the_computation_of_thresholds():
    monitors, model = LiveMonitors(), Model("echo", calibrated())
    monitors.observe(model, counts_of(10), LAST_STEP)
    assert monitors.skipped(model) == 10
    for thread in threading.enumerate():
        if thread.name == "neurodeploy-monitor":
            thread.join(timeout=60)
    monitors.observe(model, counts_of(5), LAST_STEP)
    seen, rows = monitors.report(model)
    assert (seen, [item.name for item in rows]) == (5, ["in", "cells"])


def test_threads_lose_no_sample():
    monitors, model = LiveMonitors(), Model("echo", calibrated())
    monitors.prepare(model)
    given = counts_of(8)
    threads = [
        threading.Thread(target=lambda: [monitors.observe(model, given, LAST_STEP) for _ in range(50)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert monitors.report(model)[0] == 4 * 50 * 8


def test_a_batch_is_taken_as_its_recording():
    program = calibrated()
    service = tiny_service(program)
    model = service.models.model("echo")
    service.monitors.prepare(model)
    recording = nd.run(program, rasters(12, seed=9))
    done = done_of(model, steps=STEPS, samples=12, rows=recording.input_spikes["in"])
    service.monitors.watch(done)
    seen, rows = service.monitors.report(model)
    assert seen == 12
    assert {item.found for item in rows} == {rasters(12, seed=9).sum() / 12}


def test_the_address_of_drift_names_the_population_and_since_when():
    service = tiny_service(calibrated())
    model = service.models.model("echo")
    app = make_app(service)
    before = json.loads(call(app, path="/v2/models/echo/drift").body)
    assert (before["samples"], before["drifting"], before["populations"], before["window"]) == (0, False, [], None)
    service.monitors.prepare(model)
    service.monitors.observe(model, counts_of(200), LAST_STEP)
    service.monitors.observe(model, counts_of(100, rate=0.6, seed=4), LAST_STEP)
    for path in ("/v2/models/echo/drift", f"/v2/models/echo/versions/{model.version}/drift"):
        reply = call(app, path=path)
        found = json.loads(reply.body)
        cells = next(item for item in found["populations"] if item["name"] == "cells")
        assert (reply.status, found["drifting"], found["samples"]) == (200, True, 300)
        assert (cells["direction"], cells["drifting"]) == ("more", True)
        assert 195 <= cells["since"] <= 203
        assert found["window"] == {"first_sample": 100, "samples": 200}
        assert cells["window"]["p"] < 0.01
        assert found["calibration"] == {"samples": 200, "steps": LAST_STEP}


def test_drift_of_a_model_without_activity_and_of_none():
    app = make_app(tiny_service(echo()))
    without, absent = call(app, path="/v2/models/echo/drift"), call(app, path="/v2/models/other/drift")
    assert (without.status, absent.status) == (404, 404)
    assert b"ND946" in without.body
    assert b"--calibrate" in without.body
    assert b"ND910" in absent.body
