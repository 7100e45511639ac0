"""Float64 run of the network before quantization, on the same clock: shows what quantization costs.

Reads the program's network, never its tables. All samples run side by side in numpy. A float holds decimals only
approximately: ten times 0.1 is not 1, and rounding decides on which side of 1 it falls. A v within TIE of the threshold
therefore counts as equal to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.hardware.arithmetic import voltage_limits
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network import CubaLi, CubaLif, Dense, If, Li, Lif, LoihiCuba, Population, Projection
from neurodeploy.network.connectivity import synapses_of
from neurodeploy.network.discretize import factors
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.program import Program
from neurodeploy.signals.options import Progress, RunOptions
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.probes import probed_variables

__all__ = ["ReferenceBackend"]

Array = NDArray[np.float64]
TIE = 2.0**-40
"""Relative error that a long float64 sum may have accumulated at the threshold."""

ALONE = 1 << 18
"""Multiplications of a matrix product up to which OpenBLAS starts no threads. To start and await them takes ten times as long
as a product of this size.
"""
SMALL = 1 << 24
"""Multiplications of a matrix product that is computed by one thread."""


class ReferenceBackend:
    """The float reference."""

    name = "reference"
    trusted = False
    resumes = False
    summary = "float64 run of the unquantized network (numpy)"

    def unavailable(self) -> Diagnostic | None:
        """None: it runs wherever the package is installed."""
        return None

    def notice(self) -> str | None:
        """None: it starts immediately."""
        return None

    def check(self, program: Program) -> Iterable[Diagnostic]:
        """ND502 for each kind, noise, periodic reset and probe that exists in integers only."""
        kinds = {item.name: item.neuron.kind for item in program.network.populations}
        for item in program.network.populations:
            if item.neuron.kind not in CUBA_KINDS:
                message = f"population '{item.name}' is {item.neuron.kind}, which is integers and has no float form"
                yield finding("ND502", about("backend", self.name), message, fixes=["run it on the emulator"])
            noisy = isinstance(item.neuron, LoihiCuba) and item.neuron.noise is not None
            if item.state_reset is not None or noisy:
                message = f"population '{item.name}' has noise or a periodic reset, which this backend does not"
                yield finding("ND502", about("backend", self.name), message, fixes=["run it on the emulator"])
        for probe in program.network.probes:
            if probe.variable == "v_register" and kinds[probe.target] != "loihi_cuba":
                message = f"probe '{probe.name}' reads v_register of population '{probe.target}', whose floats have no register"
                yield finding("ND502", about("backend", self.name), message, fixes=["variable = v"])

    def run(
        self,
        program: Program,
        stimulus: Stimulus,
        *,
        steps: int,
        options: RunOptions = RunOptions(),  # noqa: B008  # a noun is frozen
        progress: Progress | None = None,
    ) -> Recording:
        """Run every sample for `steps` steps from the cleared state."""
        network = program.network
        cells = {p.name: _cells(p, network.time.dt_s, stimulus.n_samples, program) for p in network.populations}
        deliveries = [
            _Delivery(p, network.source_size(p.source), cells[p.target], program) for p in network.projections
        ]
        drive = {item.name: _input_raster(stimulus, item.name, item.size, steps) for item in network.inputs}
        probes = probed_variables(network, options.probes)
        spikes: dict[str, list[NDArray[Any]]] = {name: [] for name in cells}
        states: dict[str, list[Any]] = {probe.name: [] for probe in probes}
        fired: dict[str, Any] = {name: np.zeros((stimulus.n_samples, cell.size)) for name, cell in cells.items()}
        for t in range(1, steps + 1):
            shown = {name: raster[:, t - 2] if t > 1 else 0 * raster[:, 0] for name, raster in drive.items()}
            for delivery in deliveries:
                delivery.add({**fired, **shown}[delivery.source], t)
            fired = {name: cell.step(t).astype(np.float64) for name, cell in cells.items()}
            for name, flags in fired.items():
                spikes[name].append(np.insert(np.argwhere(flags), 1, t, axis=1))
            for probe in probes:
                states[probe.name].append(np.array(cells[probe.population].probe(probe.variable)))
            if progress:
                progress(t * stimulus.n_samples, steps * stimulus.n_samples)
        return Recording(
            ran_on="reference",
            backend=self.name,
            program_digest=program.digest(),
            seed=options.seed,
            n_samples=stimulus.n_samples,
            n_steps=steps,
            spikes={name: _sorted(parts) for name, parts in spikes.items()},
            states={name: np.stack(parts, axis=1) for name, parts in states.items()},
            input_spikes={name: _until(stimulus.rows(name), steps) for name in (*stimulus.spikes, *stimulus.rasters)},
        )


def _until(rows: NDArray[Any], steps: int) -> NDArray[Any]:
    return rows[rows[:, 1] <= steps]


def _sorted(parts: list[NDArray[Any]]) -> NDArray[np.int32]:
    rows = np.concatenate([*parts, np.zeros((0, 3), dtype=np.int64)]).astype(np.int32)
    return rows[np.lexsort(rows.T[::-1])]


def _input_raster(stimulus: Stimulus, name: str, size: int, steps: int) -> Array:
    raster = np.zeros((stimulus.n_samples, max(steps, stimulus.n_steps), size))
    if name in stimulus.currents:
        raster[:, : stimulus.n_steps] = stimulus.currents[name]
    elif name in stimulus.rasters:
        raster[:, : stimulus.n_steps] = stimulus.rasters[name] != 0
    elif name in stimulus.spikes:
        rows = stimulus.spikes[name]
        raster[rows[:, 0], rows[:, 1] - 1, rows[:, 2]] = 1.0
    return raster


class _Delivery:
    """One projection: adds the weighted spikes of the previous step to the ring of its target."""

    def __init__(self, projection: Projection, n_source: int, cell: Any, program: Program) -> None:
        self.source, self.cell = projection.source, cell
        synapses = synapses_of(projection, n_source)
        cell.hold(int(synapses.delay_steps.max(initial=0)))
        given, self.floors = synapses.weights, 0
        self.up = 2.0**program.target.dialect.weight_shift_bits
        if isinstance(cell, _IntegerCells):
            given, self.floors = _products(projection, given, program.target.dialect)
        self.by_delay: list[tuple[int, Any]] = []
        for delay in np.unique(synapses.delay_steps):
            mine = synapses.delay_steps == delay
            pre, post, weights = synapses.pre[mine], synapses.post[mine], given[mine]
            if isinstance(projection.operation, Dense):
                matrix = np.zeros((n_source, cell.size))
                matrix[pre, post] = weights
                self.by_delay.append((int(delay), matrix))
            else:
                ptr = np.searchsorted(pre, np.arange(n_source + 1))
                self.by_delay.append((int(delay), (ptr, post, weights)))

    def add(self, active: Array, t: int) -> None:
        for delay, synapses in self.by_delay:
            sums = _weighted(active, synapses, self.cell.size)
            if self.floors:  # the sum of one sending step and one delay
                sums = np.floor(sums / 2.0**self.floors) * self.up
            self.cell.ring[(t + delay) % len(self.cell.ring)] += sums


def _products(projection: Projection, weights: NDArray[Any], dialect: Dialect) -> tuple[Array, int]:
    """(weights in units of the accumulator, bits by which the sum of a step is still shifted down)."""
    exponent, up = projection.weight_format.exponent if projection.weight_format else 0, 2.0**dialect.weight_shift_bits
    if exponent >= 0:
        return weights * 2.0**exponent * up, 0
    if dialect.exponent_stage == "synapse":
        return np.floor(weights * 2.0**exponent) * up, 0
    return weights.astype(np.float64), -exponent


def _weighted(active: Array, synapses: Any, n_post: int) -> Array:
    """(samples, post) sums of weight times value over active sources."""
    if not isinstance(synapses, tuple):
        return _product(active, synapses)
    ptr, post, weights = cast("tuple[Any, Any, Any]", synapses)
    sample, source = np.nonzero(active)
    length = ptr[source + 1] - ptr[source]
    entry = places_of(ptr[source], length)
    key = np.repeat(sample, length) * n_post + post[entry]
    value = weights[entry] * np.repeat(active[sample, source], length)
    sums: Array = np.zeros(active.shape[0] * n_post)
    np.add.at(sums, key, value)
    return sums.reshape(active.shape[0], n_post)


def _product(active: Array, matrix: Array) -> Array:
    """The matrix product; a small one in groups of rows that a single thread of BLAS computes."""
    n_samples, rows = active.shape[0], ALONE // max(matrix.size, 1)
    if not rows or n_samples <= rows or n_samples * matrix.size > SMALL:
        return active @ matrix
    return np.concatenate([active[start : start + rows] @ matrix for start in range(0, n_samples, rows)])


def _cells(population: Population, dt_s: float, samples: int, program: Program) -> Any:
    if isinstance(population.neuron, LoihiCuba):
        return _IntegerCells(population, samples, program)
    return _FloatCells(population, dt_s, samples)


class _FloatCells:
    """State of if, lif, cuba_lif, li or cuba_li neurons; equations as in neurodeploy.network.neurons."""

    def __init__(self, population: Population, dt_s: float, samples: int) -> None:
        neuron = population.neuron
        if isinstance(neuron, IntegerNeuron):
            raise TypeError("internal: integers have their own cells")
        self.neuron, self.size = neuron, population.size
        self.factors = [self.full(value) for value in factors(neuron, dt_s)]
        self.r, self.bias = self.full(neuron.r), self.full(neuron.bias)
        self.leak = self.full(0.0 if isinstance(neuron, If) else neuron.v_leak)
        self.w_in = self.full(neuron.w_in if isinstance(neuron, (CubaLif, CubaLi)) else 1.0)
        self.base = self.full(0.0)
        if not isinstance(neuron, (Li, CubaLi)):
            self.threshold = self.full(neuron.v_threshold)
            self.floor = None if neuron.v_floor is None else self.full(neuron.v_floor)
            self.base = self.full(neuron.reset.value) if neuron.reset.mode == "value" else self.base
            self.tie = TIE * (np.abs(self.threshold) + np.abs(self.base))
        self.v = np.tile(self.base, (samples, 1))
        self.i = np.zeros_like(self.v)
        self.refractory = np.zeros(self.v.shape, dtype=np.int64)
        self.ring = [np.zeros_like(self.v)]

    def full(self, value: Any) -> Array:
        return np.broadcast_to(np.asarray(value, dtype=np.float64).ravel(), (self.size,))

    def hold(self, delay_steps: int) -> None:
        """Lengthen the ring to hold this delay."""
        while len(self.ring) <= delay_steps:
            self.ring.append(np.zeros_like(self.v))

    def step(self, t: int) -> NDArray[np.bool_]:
        slot = t % len(self.ring)
        current, self.ring[slot] = self.ring[slot] + self.bias, np.zeros_like(self.v)
        keep_v, gain_v, keep_i, gain_i = self.factors
        if isinstance(self.neuron, (CubaLif, CubaLi)):
            self.i = keep_i * self.i + gain_i * self.w_in * current
            current = self.i
        else:
            self.i = current
        if isinstance(self.neuron, If):
            self.v = self.v + self.r * current
        else:
            self.v = keep_v * self.v + gain_v * (self.leak + self.r * current)
        return np.zeros(self.v.shape, dtype=bool) if isinstance(self.neuron, (Li, CubaLi)) else self._spike(self.neuron)

    def _spike(self, neuron: If | Lif | CubaLif) -> NDArray[np.bool_]:
        if self.floor is not None:
            self.v = np.maximum(self.v, self.floor)
        self.v = np.where(self.refractory > 0, self.base, self.v)
        strict = neuron.comparison == ">"
        fired = self.v > self.threshold + self.tie if strict else self.v >= self.threshold - self.tie
        fired &= self.refractory == 0
        if neuron.reset.mode == "subtract":
            self.v = np.where(fired, self.v - self.threshold, self.v)
        elif neuron.reset.mode != "none":
            self.v = np.where(fired, self.base, self.v)
        self.refractory = np.where(fired, neuron.refractory_steps, np.maximum(self.refractory - 1, 0))
        return fired

    def probe(self, variable: str) -> Array:
        return self.i if variable == "u" else self.v


class _IntegerCells:
    """State of loihi_cuba neurons in exact integers of the dialect, without overflow."""

    def __init__(self, population: Population, samples: int, program: Program) -> None:
        neuron, dialect = population.neuron, program.target.dialect
        if not isinstance(neuron, LoihiCuba):
            raise TypeError("internal: floats have their own cells")
        self.neuron, self.dialect, self.size = neuron, dialect, population.size

        def full(value: Any) -> NDArray[np.int64]:
            return np.broadcast_to(np.asarray(value, dtype=np.int64).ravel(), (self.size,))

        self.keep_u = (1 << dialect.decay_bits) - full(neuron.du) - dialect.current_decay_offset
        self.keep_v = (1 << dialect.decay_bits) - full(neuron.dv) - dialect.voltage_decay_offset
        self.threshold = full(neuron.vth_mant) << dialect.threshold_shift_bits
        self.bias = full(neuron.bias_mant) << full(neuron.bias_exp)
        self.refractory_steps = full(neuron.refractory_steps)
        self.limits = voltage_limits(dialect, full(neuron.vmin_exp), full(neuron.vmax_exp))
        self.u = np.zeros((samples, self.size), dtype=np.int64)
        self.v, self.refractory = np.zeros_like(self.u), np.zeros_like(self.u)
        self.fired = np.zeros(self.u.shape, dtype=bool)
        self.ring = [np.zeros(self.u.shape)]

    def hold(self, delay_steps: int) -> None:
        """Lengthen the ring to hold this delay."""
        while len(self.ring) <= delay_steps:
            self.ring.append(np.zeros(self.u.shape))

    def decay(self, state: NDArray[np.int64], keep: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.sign(state) * ((np.abs(state) * keep) >> self.dialect.decay_bits)

    def step(self, t: int) -> NDArray[np.bool_]:
        slot = t % len(self.ring)
        arrived, self.ring[slot] = self.ring[slot], np.zeros(self.u.shape)
        self.u = self.decay(self.u, self.keep_u) + np.rint(arrived).astype(np.int64)
        self.v = self.decay(self.v, self.keep_v) + self.u + self.bias
        self.v = np.where(self.refractory > 0, 0, np.clip(self.v, *self.limits))
        self.fired = self.v > self.threshold
        after = self.v - self.threshold if self.neuron.reset == "subtract" else np.zeros_like(self.v)
        self.v = np.where(self.fired, after, self.v)
        self.refractory = np.where(self.fired, self.refractory_steps, np.maximum(self.refractory - 1, 0))
        return self.fired

    def probe(self, variable: str) -> NDArray[np.int64]:
        if variable == "u":
            return self.u
        if variable == "v_register":
            marker = (self.refractory_steps + 1) * self.dialect.register_value_per_refractory_step
            return np.where(self.fired, marker, self.v)
        return self.v
