"""Files that come with the page: the plotting library as its author published it, and scripts that ask for nothing."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files

import pytest

ASSETS = files("neurodeploy.report.page.assets")
UPLOT = {
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
"""SHA-256 of the files of uplot 1.6.32 on the npm registry."""


@pytest.mark.parametrize("name", UPLOT)
def test_uplot_is_unmodified(name):
    assert hashlib.sha256(ASSETS.joinpath(name).read_bytes()).hexdigest() == UPLOT[name]


def test_uplot_names_its_version_and_license():
    assert "uPlot (v1.6.32)" in ASSETS.joinpath("uPlot.iife.min.js").read_text(encoding="utf-8")[:80]
    assert "MIT License" in ASSETS.joinpath("uPlot.LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["plots.js", "page.js", "uPlot.iife.min.js"])
def test_scripts_neither_load_nor_evaluate(name):
    code = ASSETS.joinpath(name).read_text(encoding="utf-8")
    assert not re.search(r"\beval\(|new Function|fetch\(|XMLHttpRequest|WebSocket|import\(|innerHTML", code)


def test_scripts_of_plots_are_small():
    sizes = {name: len(ASSETS.joinpath(name).read_bytes()) for name in ("plots.js", "plots.css", *UPLOT)}
    assert sizes["plots.js"] < 30_000
    assert sum(sizes.values()) < 90_000
