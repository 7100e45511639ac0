"""Networks that learn from pairs of spikes, as they are raced: ours, and files for the peers.

A teacher makes each target spike, so that both sides of every synapse have the same spikes in each simulator, whatever its
arithmetic, and as many at the end of a run as at its start: current and voltage are gone after one step, a spike of the teacher
is above the threshold, and all plastic weights together stay below it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.compiler import compile_network
from neurodeploy.network import Dense, OneToOne, Sparse, WeightFormat

__all__ = ["LAVA", "MILLION", "PAIRS", "LearningCase", "program", "save", "stimulus"]

PAIRS = "2^-2*x1*y0 - 2^-2*y1*x0"
TRACE = nd.Trace(impulse=16, tau_steps=20)
STEP_S = 1e-3
GONE, TOP, TEACHER, LEARNED = 4095, 254, 7, -6
"""Decay register that leaves next to nothing; weight and exponent of the teacher; exponent of the plastic weights."""
THRESHOLD = (TOP << TEACHER) - 1
"""Below one spike of the teacher, in mantissas, which are shifted as weights are."""


@dataclass(frozen=True)
class LearningCase:
    """One network: `per_source` synapses of each source, all if None; Poisson spikes in both inputs."""

    key: str
    title: str
    n_source: int
    n_target: int
    rate_hz: float
    steps: int
    per_source: int | None = None
    target: str = "emulation"

    @property
    def synapses(self) -> int:
        """Plastic synapses."""
        return self.n_source * (self.per_source or self.n_target)

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return source and target of every plastic synapse, by source and then by target."""
        pre = np.repeat(np.arange(self.n_source), self.per_source or self.n_target)
        if self.per_source is None:
            return pre, np.tile(np.arange(self.n_target), self.n_source)
        rng = np.random.default_rng(0)
        chosen = [np.sort(rng.choice(self.n_target, self.per_source, replace=False)) for _ in range(self.n_source)]
        return pre, np.concatenate(chosen)

    def weights(self) -> NDArray[np.int64]:
        """Return the mantissas at the start, of every synapse."""
        return np.random.default_rng(1).integers(40, 120, self.synapses)

    def events(self, steps: int) -> dict[str, NDArray[np.int32]]:
        """Return input -> rows (step from 1, line), sorted. A longer run begins with the same rows."""
        sizes, found = {"input": self.n_source, "teacher": self.n_target}, {}
        for seed, (name, size) in enumerate(sizes.items()):
            rng = np.random.default_rng(10 + seed)
            shown = [np.flatnonzero(rng.random(size) < self.rate_hz * STEP_S) for _ in range(steps)]
            step = np.repeat(np.arange(1, steps + 1), [item.size for item in shown])
            found[name] = np.stack([step, np.concatenate(shown)], axis=1).astype(np.int32)
        return found


LAVA = tuple(
    LearningCase(f"lava-{rate:g}", f"256 x 256 dense, {rate:g} Hz", 256, 256, rate, 20_000, target="loihi2")
    for rate in (50.0, 10.0)
)
"""Each step ends an epoch."""
MILLION = tuple(
    LearningCase(f"{key}-{rate:g}", f"{title}, {rate:g} Hz", size, size, rate, steps, per_source)
    for key, title, size, per_source in (
        ("dense", "1,000 x 1,000 dense", 1_000, None),
        ("sparse", "10,000 x 10,000, 100 synapses each", 10_000, 100),
    )
    for rate, steps in ((10.0, 4_000), (30.0, 2_000))
)
"""A million plastic synapses."""


def program(case: LearningCase) -> nd.Program:
    """Return the compiled program of a case."""
    pre, post = case.pairs()
    shape = (case.n_target, case.n_source)
    operation: Any = Sparse(shape=shape, post=post, pre=pre, weights=case.weights())
    if case.per_source is None:
        matrix = np.zeros(shape, dtype=np.int64)
        matrix[post, pre] = case.weights()
        operation = Dense(weights=matrix)
    rule = nd.SumOfProducts.model_validate({"dw": PAIRS, "x1": TRACE, "y1": TRACE, "seed": 1})
    style = WeightFormat(weight_bits=8, exponent=LEARNED, sign_mode="excitatory")
    learns = nd.Projection(
        name="learns", source="input", target="cells", operation=operation, weight_format=style, plasticity=rule
    )
    teaches = nd.Projection(
        name="teaches",
        source="teacher",
        target="cells",
        operation=OneToOne(weights=np.array(TOP)),
        weight_format=WeightFormat(weight_bits=8, exponent=TEACHER, sign_mode="excitatory"),
    )
    network = nd.Network(
        name=case.key,
        time=nd.Time(dt_s=STEP_S),
        inputs=[nd.Input(name="input", shape=(case.n_source,)), nd.Input(name="teacher", shape=(case.n_target,))],
        populations=[
            nd.Population(
                name="cells", shape=(case.n_target,), neuron=nd.LoihiCuba(du=GONE, dv=GONE, vth_mant=THRESHOLD)
            )
        ],
        projections=[learns, teaches],
    )
    target: Any = Path(__file__).with_name("emulation.toml") if case.target == "emulation" else case.target
    return compile_network(network, nd.load_target(target), nd.CompileOptions(fixes=False)).require()


def stimulus(case: LearningCase, steps: int) -> nd.Stimulus:
    """Return the events of a case as one sample."""
    rows = {name: np.insert(found, 0, 0, axis=1).astype(np.int32) for name, found in case.events(steps).items()}
    return nd.Stimulus(n_samples=1, n_steps=steps, spikes=rows)


def save(case: LearningCase, folder: Path, steps: int) -> None:
    """Write what a peer needs: arrays in case.npz, the rest in case.json, as `Case.save` of the race does."""
    pre, post = case.pairs()
    indptr = np.searchsorted(pre, np.arange(case.n_source + 1))
    arrays: dict[str, Any] = {"link0.indptr": indptr, "link0.indices": post, "link0.data": case.weights()}
    arrays |= {f"input.{name}": rows for name, rows in case.events(steps).items()}
    sizes = {"input": case.n_source, "teacher": case.n_target}
    layer = {"name": "cells", "size": case.n_target, "vth": THRESHOLD, "bias_exp": 0}
    about = {
        "key": case.key,
        "du": GONE,
        "dv": GONE,
        "layers": [layer],
        "links": [{"source": "input", "target": "cells", "kind": "csr"}],
        "inputs": [{"name": name, "size": size} for name, size in sizes.items()],
        "rule": {"dw": PAIRS, "impulse": TRACE.impulse, "tau_steps": TRACE.tau_steps, "seed": 1, "exponent": LEARNED},
        "teacher": {"weight": TOP, "exponent": TEACHER},
    }
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "case.npz", **arrays)
    (folder / "case.json").write_text(json.dumps(about))
