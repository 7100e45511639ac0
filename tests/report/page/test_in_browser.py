"""The page in a browser: what the script reads back and draws."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from page_runs import small_subject

from neurodeploy.report.page import report_page
from neurodeploy.report.page.activity import raster
from neurodeploy.report.page.activity.trains import samples_shown

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

pytestmark = pytest.mark.slow


def drawn(page, folder):
    """The document after its scripts have run, and what the browser logged."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("Chromium is missing and cannot be had: no Python package installs it")
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    words = [found, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    words += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=4000", "--dump-dom", file.as_uri()]
    result = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout, [line for line in result.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize("letters", [raster.LETTERS, 300])
def test_the_script_counts_every_spike(letters, tmp_path, monkeypatch):
    """Spike by spike and in cells: the label of the raster is counted from what the script reads."""
    monkeypatch.setattr(raster, "LETTERS", letters)
    subject = small_subject(probes=[("hidden", "v")])
    recording = subject.recording
    document, complaints = drawn(report_page(subject), tmp_path)
    assert complaints == []
    sample = samples_shown(subject, recording)[0].number
    every = {**recording.input_spikes, **recording.spikes}
    counts = {name: int((rows[:, 0] == sample).sum()) for name, rows in every.items()}
    told = "; ".join(f"{name}, {counts[name]} spikes" for name in ("picture", "hidden", "class"))
    assert f'aria-label="Raster: {told}"' in document
    lines = re.findall(
        r'<div id="((?:rates|traces)-plot-\d)" class="plot">(?:(?!</section>).)*?<canvas', document, re.DOTALL
    )
    assert lines == ["rates-plot-1", "traces-plot-1"]
