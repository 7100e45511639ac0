"""States over time: voltage or current of neurons that a probe recorded, with threshold and spikes."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import DiagnosticError, about
from neurodeploy.diagnostics.choices import needs
from neurodeploy.network.plasticity_shapes import LEARNED_VARIABLES
from neurodeploy.plot.frame import PALETTE, QUIET, frame, nothing, one_of, tidy, unknown
from neurodeploy.plot.rows import groups_of, place_in, require_sample
from neurodeploy.program import Program
from neurodeploy.program.program import PlacedPopulation
from neurodeploy.signals import Recording
from neurodeploy.simulate.probes import probed_variables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["trace"]

ROW = 0.06
"""Height of a row of spikes, as a share of the Axes."""
HOOK = "nd.run(..., probes='POPULATION.v')"


class _Probed(NamedTuple):
    """A recorded state: its population, its variable, and (steps, size) values of one sample."""

    population: PlacedPopulation
    variable: str
    values: NDArray[np.float64]
    registers: bool
    """Whether the values are integers of the chip, and not volts of the network."""


def trace(
    program: Program,
    recording: Recording,
    probe: str | None = None,
    *,
    neurons: Sequence[int] = (0,),
    sample: int = 0,
    unit: Literal["network", "register"] = "network",
    ax: Axes | None = None,
) -> Axes:
    """Return Axes with a recorded state of some neurons over the steps of one sample.

    The threshold of the first neuron is a dashed line beside v. Spikes, after which v starts again, are marks at the top.

    `program`, `recording`: what ran, and a recording of it with a probe. `probe`: name of the probe, such as "hidden.v";
    default: the first. `neurons`: numbers of neurons, from 0. `sample`: number of the sample, from 0. `unit`: "network", where
    integers of a chip are divided by the scale of the population; "register", as recorded. `ax`: Axes to draw on;
    default: those of a new figure.

    Raises DiagnosticError: ND002 (arguments), ND513 (recording not sound, or of another program), ND765 (matplotlib is not
    installed), ND766 (no state recorded), ND767 (no such probe, neuron or sample).

    Example: nd.plot.trace(program, nd.run(program, x, probes="hidden.v"), neurons=[0, 4])
    """
    groups = {item.name: item for item in groups_of("plot.trace", program, recording, None, inputs=True)}
    needs("plot.trace", probe=(probe, (str, type(None))), neurons=(neurons, (list, tuple, range, np.ndarray)))
    one_of("plot.trace", "unit", unit, ("network", "register"))
    number = require_sample("plot.trace", recording, sample)
    probed = _probed(program, recording, probe, number)
    chosen = _numbers(neurons, probed.population)
    steps = np.arange(recording.n_steps - len(probed.values) + 1, recording.n_steps + 1)
    scale, frame_v = _units(probed, as_volts=unit != "register")
    group = groups.get(probed.population.name)
    with frame(ax, "plot.trace", height=2.0) as axes:
        spikes: list[tuple[NDArray[np.int64], str]] = []
        for index, neuron in enumerate(chosen):
            values, colour = probed.values[:, neuron] / scale + frame_v[neuron], PALETTE[index % len(PALETTE)]
            axes.plot(steps, values, color=colour, label=f"neuron {neuron}")
            if group is not None and probed.variable == "v":
                mine = group.rows[(group.rows[:, 0] == number) & (group.rows[:, 2] == neuron)]
                spikes.append((mine[:, 1], colour))
        level = _threshold(program, probed)
        if level is not None:
            axes.axhline(level[chosen[0]] / scale + frame_v[chosen[0]], color=QUIET, linestyle="--", linewidth=0.8)
        _marks(axes, spikes)
        axes.set_xlim(steps[0] - 0.5, steps[-1] + 0.5)
        axes.set_xlabel(f"step ({1e3 * program.network.time.dt_s:g} ms each)")
        register = probed.registers and (unit == "register" or probed.population.scale is None)
        what = "register" if register else "network unit"
        axes.set_ylabel(f"{probed.variable} of {probed.population.name} ({what})")
        if len(chosen) > 1:
            axes.legend(loc="best")
        tidy(axes)
    return axes


def _marks(axes: Axes, spikes: Sequence[tuple[NDArray[np.int64], str]]) -> None:
    """Draw spikes, (steps, colour) of each neuron, in rows at the top of the Axes, above all values."""
    rows = [item for item in spikes if item[0].size]
    low, high = axes.get_ylim()
    axes.set_ylim(low, low + (high - low) / (1 - ROW * len(rows)) if len(rows) * ROW < 1 else high)
    for place, (steps, colour) in enumerate(rows):
        height = np.full(steps.size, 1 - ROW * (place + 0.5))
        axes.plot(steps, height, "|", color=colour, markersize=4, transform=axes.get_xaxis_transform())


def _probed(program: Program, recording: Recording, probe: str | None, sample: int) -> _Probed:
    if not recording.states:
        raise nothing("plot.trace", about("recording"), "has no states: no probe was set", HOOK)
    known = {item.name: item for item in probed_variables(program.network)}
    # a probe of the run is named after its population and variable
    read = {name: (known[name][1:] if name in known else name.rpartition(".")[::2]) for name in recording.states}
    of_neurons = [name for name, (_, variable) in read.items() if variable not in LEARNED_VARIABLES]
    name = next(iter(of_neurons or read)) if probe is None else probe
    if name not in read:
        raise DiagnosticError("plot.trace", (unknown("plot.trace", "probe", name, list(recording.states)),))
    target, variable = read[name]
    owners = program.populations if name in of_neurons else ()
    population = next((item for item in owners if item.name == target), None)
    if population is None:
        raise nothing("plot.trace", about("probe", name), "is of no population of the program", HOOK)
    states = recording.states[name]
    return _Probed(population, variable, np.asarray(states[sample], dtype=np.float64), states.dtype.kind in "iu")


def _numbers(neurons: Sequence[int], population: PlacedPopulation) -> list[int]:
    wrong = [item for item in neurons if place_in(item, population.size) is None]
    if wrong or not len(neurons):
        known = [f"0 to {population.size - 1}"]
        found = tuple(
            unknown("plot.trace", f"neuron of '{population.name}'", item, known) for item in wrong[:3] or ["none"]
        )
        raise DiagnosticError("plot.trace", found)
    return [int(item) for item in neurons]


def _units(probed: _Probed, *, as_volts: bool) -> tuple[float, NDArray[np.float64]]:
    """(scale, frame of each neuron): what is drawn is value / scale + frame."""
    population, still = probed.population, np.zeros(probed.population.size)
    if not (as_volts and probed.registers and population.scale is not None and probed.variable in ("u", "v")):
        return 1.0, still
    return population.scale, np.asarray(population.v_frame) if probed.variable == "v" else still


def _threshold(program: Program, probed: _Probed) -> NDArray[np.float64] | None:
    """(size,) thresholds in the unit of the values; None without a threshold, or beside another variable."""
    rows, tables, population = program.table_rows[probed.population.name], program.tables, probed.population
    if probed.variable != "v" or not tables.spiking[rows].all():
        return None
    level = tables.vth_mant[rows] * 2.0**program.target.dialect.threshold_shift_bits
    if probed.registers:
        return level
    return None if population.scale is None else level / population.scale + np.asarray(population.v_frame)
