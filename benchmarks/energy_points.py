"""Published measurements of Loihi 1, and ours of the same networks at the boundary of the measurement.

Values of the measurements are read from `targets/validation_points.yaml` of the reference data, by the id of the point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from energy_networks import (
    DVS_CORES,
    DVS_STEPS,
    MissingError,
    dense_layers,
    dvs_program,
    mnist,
    pseudo_mobilenet,
    reference_data,
    slayer,
)
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.profile import Boundary, Estimate, Profile

__all__ = ["NOT_BUILT", "POINTS", "Comparison", "Point", "against_sanafe", "compared", "measurements"]

RATES = (0.005, 0.05)
"""Spikes per neuron and step, from and to, where the activity is not public."""
SDDPG, BRAILLE = (24, 256, 256, 256, 2), "nrc_rec_th1"


class Comparison(NamedTuple):
    """One published figure and ours."""

    point: str
    figure: str
    boundary: str
    published: float
    unit: str
    nominal: tuple[float, float]
    """Ours; from and to, where the activity is assumed, else twice the same."""
    low: float
    high: float
    activity: str
    """real: weights and input of the measurement; assumed: a range of rates, which claims nothing."""
    calibrated: bool
    """Whether a constant of the target was derived from this very measurement, so that agreement proves nothing."""
    why: str
    measured: bool = True
    """False for the figure of another model."""

    @property
    def inside(self) -> bool:
        """Whether the published figure is within our interval."""
        return self.low <= self.published <= self.high

    @property
    def ratio(self) -> tuple[float, float]:
        """Ours over the published one."""
        return self.nominal[0] / self.published, self.nominal[1] / self.published


Value = Callable[[dict[str, Any]], float]
Ours = Callable[[Profile], Estimate]


class Figure(NamedTuple):
    """One figure of a point."""

    name: str
    unit: str
    boundary: str
    published: Value
    """The figure from the entry of the point."""
    ours: Ours
    why: str
    calibrated: bool = False


class Point(NamedTuple):
    """A measurement whose network can be built."""

    key: str
    profiles: Callable[[], list[Profile]]
    """Ours: one profile, or one for each of `RATES`."""
    figures: tuple[Figure, ...]


def measurements() -> dict[str, dict[str, Any]]:
    """Return the published points by id. Raises MissingError."""
    try:
        import yaml
    except ImportError:
        raise MissingError("the reader of the points is missing: install pyyaml") from None
    text = reference_data("targets/validation_points.yaml").read_text(encoding="utf-8")
    return {item["id"]: item for item in yaml.safe_load(text)}


def _step(boundary: Boundary) -> Ours:
    def ours(profile: Profile) -> Estimate:
        found = next(item.time_per_step for item in profile.boundaries if item.boundary == boundary)
        assert found is not None
        return found

    return ours


def _energy(per: str) -> Ours:
    """Dynamic energy of the cores, for a "step" or an "inference"."""

    def ours(profile: Profile) -> Estimate:
        found = profile.boundaries[0].energy
        assert found is not None
        steps = profile.steps_per_inference if per == "step" else 1
        return found.model_copy(update={end: getattr(found, end) / steps for end in ("value", "low", "high")})

    return ours


def _with_x86(profile: Profile) -> Estimate:
    """Dynamic energy of an inference on a board: the cores and the embedded CPUs, without static power."""
    board = profile.boundaries[2]
    cores, x86 = profile.boundaries[0].energy, board.energy_parts[-1].estimate
    assert cores is not None
    return cores.model_copy(update={end: getattr(cores, end) + getattr(x86, end) for end in ("value", "low", "high")})


def _of_used_cores(profile: Profile) -> Estimate:
    """Energy of an inference on a board with the static power of only the cores in use."""
    dynamic, chip, board = _with_x86(profile), profile.boundaries[1], profile.boundaries[2]
    static = chip.static_of_cores
    assert static is not None
    assert chip.time is not None
    assert board.time is not None
    ends = {
        end: getattr(dynamic, end) + getattr(static, end) * getattr(board.time, end) / getattr(chip.time, end)
        for end in ("value", "low", "high")
    }
    return dynamic.model_copy(update=ends)


def _real_mnist() -> list[Profile]:
    made = mnist()
    program = nd.compile(made.network, "loihi1", soft_reset="two_compartments", fixes=False)
    return [nd.profile(program, nd.run(program, made.images), labels=made.labels)]


def _real_dvs() -> list[Profile]:
    program = dvs_program(DVS_CORES)
    return [nd.profile(program, nd.run(program, steps=DVS_STEPS))]


def _assumed(build: Callable[[], nd.Network], steps: int, board: str | None = None) -> list[Profile]:
    """Profiles of a network whose lines and neurons all spike at each of RATES, at random. `board`: for several chips."""
    program = nd.compile(build(), "loihi1", board=board, soft_reset="two_compartments", fixes=False)
    return [nd.profile(program, _recording(program, rate, steps)) for rate in RATES]


def _recording(program: nd.Program, rate: float, steps: int) -> nd.Recording:
    rng = np.random.default_rng(0)
    sizes = {item.name: item.size for item in program.populations}
    lines = {item.name: item.ptr.size - 1 for item in program.inputs}
    return nd.Recording(
        ran_on="emulator",
        backend="assumed",
        program_digest=program.digest(),
        seed=0,
        n_samples=1,
        n_steps=steps,
        spikes={name: _drawn(rng, rate, steps, size) for name, size in sizes.items()},
        input_spikes={name: _drawn(rng, rate, steps, size) for name, size in lines.items()},
    )


def _drawn(rng: np.random.Generator, rate: float, steps: int, size: int) -> NDArray[np.int32]:
    step, neuron = np.nonzero(rng.random((steps, size)) < rate)
    return np.stack([np.zeros_like(step), step + 1, neuron], axis=1).astype(np.int32)


def _us(field: str) -> Value:
    return lambda point: point[field] * 1e-6


def _dynamic_step(point: dict[str, Any]) -> float:
    return point["dyn_mW"] * 1e-3 * point["us_per_step"] * 1e-6


SHARED_CPUS = "copies of the network share the embedded CPUs, whose part of the measured power is not published"
POINTS = (
    Point(
        "nxtf_tutorial_mnist_time",
        _real_mnist,
        (
            Figure("time of a step, spiking", "s", "cores", _us("spiking_us"), _step("cores"), "trained weights, real digits"),
            Figure(
                "time of a step", "s", "chip", _us("us_per_step"), _step("chip"), "the management phase is from this log", True
            ),
        ),
    ),
    Point(
        "lsnn_smnist",
        partial(_assumed, dense_layers("lsnn", (80, 240, 10), recurrent=1), 200),
        (
            Figure(
                "dynamic energy of the core, step", "J", "cores",
                lambda point: point["core_dyn_mW"] * 1e-3 * point["us_per_step"] * 1e-6, _energy("step"),
                "weights and activity are not public; adaptive neurons count as one compartment here",
            ),
            Figure(
                "time of a step", "s", "board", _us("us_per_step"), _step("board"),
                "input and output of the target are from this log", True,
            ),
            Figure(
                "energy of 200 steps, used core", "J", "board", lambda point: point["total_J"] * 200 / 840, _of_used_cores,
                "x86 and static power of the target are from this log; 200 of its 840 steps", True,
            ),
        ),
    ),
    Point(
        "braille_rsnn",
        partial(_assumed, slayer(BRAILLE), 270),
        (
            Figure(
                "time of a step", "s", "chip", _us("us_per_step"), _step("chip"),
                "the published mapping takes 47 cores, ours fewer and fuller ones",
            ),
            Figure("dynamic energy of a step", "J", "cores", _dynamic_step, _energy("step"), SHARED_CPUS),
        ),
    ),
    Point(
        "ntidigits_slayer",
        partial(_assumed, slayer("nrc_ntidigits"), 300),
        (
            Figure("time of a step", "s", "chip", _us("us_per_step"), _step("chip"), "how input reaches the chip is not in the reference data"),
            Figure("dynamic energy of a step", "J", "cores", _dynamic_step, _energy("step"), SHARED_CPUS),
        ),
    ),
    Point(
        "nxtf_tutorial_cifar_time",
        partial(_assumed, pseudo_mobilenet, 50, "nahuku8"),
        (
            Figure(
                "time of a step", "s", "chip", _us("us_per_step"), _step("chip"),
                "76,810 neurons on two chips, weights not in the reference data; links between chips are not modelled",
            ),
        ),
    ),
    Point(
        "sddpg_nav",
        partial(_assumed, dense_layers("sddpg", SDDPG), 5),
        (
            Figure(
                "dynamic energy of an inference", "J", "board", lambda point: point["J"], _with_x86,
                "the paper does not say which part is x86",
            ),
        ),
    ),
)  # fmt: skip
"""Points whose network can be built from published shapes; weights where they are public."""
NOT_BUILT = {
    "abr_kws_loihi": "steps of an inference are not in the logs; 70 of 81 mW are the wake of the x86",
    "nxtf_mnist": "layers are not published beyond their number",
    "nxtf_nmnist": "steps of an inference are not published",
    "nxtf_cifar_mobilenet": "weights and activity are not public; 412,682 neurons on 7 chips",
    "relnet_babi": "placement on 22 chips is not published as data",
    "olfaction_epl": "the network learns; weights are not public",
    "carsnn": "layers are not in the reference data",
    "pohoiki_knn": "patterns are not public",
    "lasso_predecessor": "another chip",
    "sanafe_table4": "an error of a model, not a network; widens every interval here",
}
"""Point -> why it is not compared."""


def compared(point: Point, published: dict[str, Any]) -> Iterator[Comparison]:
    """Yield each figure of a point beside ours. `published`: its entry. Raises MissingError, DiagnosticError."""
    profiles = point.profiles()
    activity = "real" if len(profiles) == 1 else "assumed"
    for item in point.figures:
        ours = [item.ours(profile) for profile in profiles]
        yield Comparison(
            point=point.key,
            figure=item.name,
            boundary=item.boundary,
            published=item.published(published),
            unit=item.unit,
            nominal=(ours[0].value, ours[-1].value),
            low=min(found.low for found in ours),
            high=max(found.high for found in ours),
            activity=activity,
            calibrated=item.calibrated,
            why=item.why,
        )


def against_sanafe(found: dict[str, float]) -> Iterator[Comparison]:
    """Yield our figures of the gesture network beside those of SANA-FE. `found`: what its worker printed."""
    (profile,) = _real_dvs()
    spikes = sum(item.spikes for item in profile.populations)
    why = f"a model, no measurement; {found['spikes']:,.0f} spikes there, {spikes:,} here; the same cores"
    for name, unit, value, ours in (
        ("energy", "J", found["energy_j"], profile.boundaries[0].energy),
        ("time", "s", found["time_s"], profile.boundaries[0].time),
    ):
        assert ours is not None
        nominal = (ours.value, ours.value)
        yield Comparison(
            "dvs, SANA-FE 2.2.9", f"{name}, {DVS_STEPS:,} steps", "cores", value, unit, nominal, ours.low, ours.high,
            "real", False, why, False,
        )  # fmt: skip
