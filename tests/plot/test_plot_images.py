"""Pictures look as the stored ones do: grey values of small images, by their root mean square difference.

`pytest -n 0 tests/plot --update-golden` stores new ones. Fonts and smoothing of lines differ between versions of matplotlib, so
that texts and legends are left out, axes have a fixed place, and images are compared after they were made smaller.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from learners import trained
from plot_studies import study

import neurodeploy as nd

IMAGES = Path(__file__).parent / "images"
BLOCK = 2
"""Pixels of a side that become one, whose grey value is their mean."""
MOST = 0.02
"""Root mean square of the difference of grey values from 0 to 1."""

PICTURES = {
    "raster": lambda ran, _: nd.plot.raster(*ran, sample=1),
    "rates": lambda ran, _: nd.plot.rates(*ran, window=3, inputs=True),
    "chip": lambda _, spread: nd.plot.chip(*spread, traffic=3),
    "energy": lambda ran, _: nd.plot.energy(nd.profile(*ran)),
    "floors": lambda _, spread: nd.plot.floors(nd.profile(*spread)),
    "trade": lambda ran, _: nd.plot.trade(nd.check(ran[0].network, "loihi1", optimize="latency", max_cores=8)),
    "trace": lambda ran, _: nd.plot.trace(*ran, "hidden.v", neurons=[2, 7], sample=1),
    "quantization": lambda ran, _: nd.plot.quantization(nd.compile(ran[0].network, "loihi1", weight_bits={"*": 4})),
    "tuning": lambda *_: nd.plot.tuning(study()),
    "weights": lambda *_: nd.plot.weights(*learned()),
    "receptive_fields": lambda *_: nd.plot.receptive_fields(*learned()),
    "traces": lambda *_: nd.plot.traces(*learned(), numbers=[0, 2]),
}


@cache
def learned():
    return trained(samples=1, seed=3, probes="in_cells.x1")


def drawn(axes):
    """(height, width) grey values of a figure without its texts, from 0 to 1."""
    figure = axes.figure
    figure.set_dpi(100)
    figure.set_layout_engine("none")  # which makes room for texts
    for number, every in enumerate(figure.axes):
        every.set_position((0.1, 0.1, 0.7, 0.8) if number == 0 else (0.85, 0.1, 0.1, 0.8))
        if every.get_legend() is not None:
            every.get_legend().remove()
    for text in figure.findobj(mpl.text.Text):
        text.set_alpha(0)
    figure.canvas.draw()
    grey = np.asarray(figure.canvas.buffer_rgba())[..., :3].mean(axis=2) / 255
    height, width = (side // BLOCK * BLOCK for side in grey.shape)
    return grey[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).mean(axis=(1, 3))


def stored(path):
    return plt.imread(path)[..., :3].mean(axis=2)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_the_stored_one(ran, spread, name, update_golden):
    found, path = drawn(PICTURES[name](ran, spread)), IMAGES / f"{name}.png"
    if update_golden:
        plt.imsave(path, found, cmap="gray", vmin=0, vmax=1)
    wanted = stored(path)
    assert path.stat().st_size <= 20_000
    assert np.ptp(found) > 0.3, "something is drawn"
    assert found.shape == wanted.shape
    assert np.sqrt(np.mean(np.square(found - wanted))) < MOST


def test_other_data_is_another_picture(ran, spread):
    """A difference that a reader would see is above the tolerance."""
    found = drawn(nd.plot.raster(*ran, sample=0))
    assert np.sqrt(np.mean(np.square(found - stored(IMAGES / "raster.png")))) > MOST


@pytest.mark.parametrize("width", [3.4, pytest.param(7.0, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", PICTURES)
def test_texts_stay_inside_the_figure_and_apart(ran, spread, name, width):
    axes = PICTURES[name](ran, spread)
    figure = axes.figure
    figure.set_size_inches(width, figure.get_size_inches()[1] * (1 if name != "chip" else width / 3.4))
    figure.canvas.draw()
    box = figure.get_tightbbox(figure.canvas.get_renderer())  # in inches, of what is drawn
    assert box.x0 > -0.01
    assert box.y0 > -0.01
    assert box.x1 < figure.get_figwidth() + 0.01
    assert box.y1 < figure.get_figheight() + 0.01
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        seen = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high and tick.label1.get_text()]
        boxes = [tick.label1.get_window_extent() for tick in seen] if axes.axison else []
        assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)], "labels of ticks overlap"
