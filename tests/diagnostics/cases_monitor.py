"""Triggers of findings about activity that is held against a calibration."""

from __future__ import annotations

import sys

import numpy as np
from activities import drawn, echo, rasters

import neurodeploy as nd
from neurodeploy.monitor import calibration_of

CALIBRATED = 200


def calibrated(n=CALIBRATED):
    return nd.calibrate(echo(), rasters(n))


def monitored(samples):
    program = calibrated()
    return nd.monitor(program, nd.run(program, samples)).findings


def more():
    return monitored(rasters(300, np.where(np.arange(300) < 150, 0.5, 0.6), seed=1))


def one_line_dark():
    samples = rasters(100, seed=1)
    samples[:, :, 4] = 0
    return monitored(samples)


def followed(rng, n):
    values = np.cumsum(rng.normal(size=n))
    return 500 + 10 * values


def without_scipy(monkeypatch):
    program = calibrated()
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    return nd.monitor(program, nd.run(program, rasters(50))).findings


CASES = {
    "ND945": lambda _: more(),
    "ND946": lambda _: nd.monitor(echo(), nd.run(echo(), rasters(20))).findings,
    "ND947": lambda _: nd.monitor(calibrated(10), nd.run(echo(), rasters(50))).findings,
    "ND948": lambda _: nd.monitor(calibrated(), nd.run(echo(), rasters(50)[:, :10])).findings,
    "ND949": lambda _: calibration_of(drawn(lambda rng, n: rng.poisson(2.0, n))).findings,
    "ND950": lambda _: calibration_of(drawn(followed)).findings,
    "ND951": lambda _: one_line_dark(),
    "ND952": without_scipy,
}
