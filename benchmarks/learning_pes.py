"""PES in real Nengo models against the definition: what nengo-loihi's emulator computes is computed again, bit for bit.

    python benchmarks/learning_pes.py [STEPS]

Ten models run in nengo-loihi 1.1.0 in its own interpreter. Given the spikes that arrive at learning synapses, the errors of
the host and the seed of the generator, `spec_pes` has to make the same traces and weights in every step. The exit status is 1
if any differs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from neurodeploy_backends.emulator.spec_learning import Synapses
from neurodeploy_backends.emulator.spec_pes import PesState, cleared_pes, keep_sent, learn_pes
from neurodeploy_backends.nengo_loihi.environment import NENGO_LOIHI
from numpy.typing import NDArray

from neurodeploy.diagnostics import raise_errors
from neurodeploy.network import Pes, Trace
from neurodeploy.simulate.pes_draws import PesDraws
from neurodeploy.worker import Limits, Result, Script, interpreter_of, missing, run_job

__all__ = ["Compared", "main", "replayed", "run_models"]

SCRIPT = Path(__file__).parent / "child" / "learning_pes.py"
STEPS = 1000
NOISE = 127
"""Largest draw of noise, which nengo-loihi draws for every compartment in every step, noisy or not."""
Array = NDArray[Any]


class Compared(NamedTuple):
    """One model."""

    model: str
    synapses: int
    spikes: int
    """Spikes that arrived at learning synapses."""
    moved: int
    """Weights that learning changed at least once."""
    values: int
    """Traces and weights compared, over all steps."""
    differences: int


def run_models(steps: int) -> Result:
    """Run the models in nengo-loihi; its meta data and arrays. Raises DiagnosticError: ND501, ND541, ND542."""
    interpreter, absent = interpreter_of(NENGO_LOIHI), missing(NENGO_LOIHI, NENGO_LOIHI.name)
    raise_errors("benchmark", [absent] if absent else [])
    assert interpreter is not None, "internal: an environment that is not missing has an interpreter"
    script = Script(NENGO_LOIHI.name, interpreter.path, SCRIPT)
    return run_job(script, {"steps": steps}, {}, limits=Limits())


class _Learning(NamedTuple):
    rule: Pes
    synapses: Synapses
    state: PesState
    arrays: dict[str, Array]
    up: int
    """6 + exponent: weights are mantissas shifted by it."""
    low_bits: int


def _learning(row: dict[str, Any], arrays: dict[str, Array]) -> _Learning:
    names = ("error_scale", "mantissa", "exponent", "trace_epoch_steps", "epoch_steps")
    trace = Trace(impulse=row["impulse"], tau_steps=row["tau_steps"])
    rule = Pes(error="error", trace=trace, **{name: row[name] for name in names})
    n_source, n_target = (int(size) for size in arrays["start"].shape)
    number: Array = np.arange(n_source * n_target)
    synapses = Synapses(number // n_target, number % n_target, n_source, n_target, "mixed")
    up = 6 + row["weight_exponent"]
    state = cleared_pes(synapses, arrays["start"].ravel() >> up, 1)
    return _Learning(rule, synapses, state, arrays, up, row["low_bits"])


def _drawn(rng: np.random.RandomState, learning: list[_Learning], t: int, compartments: int) -> list[PesDraws]:
    """Draws of step t in the order of nengo-loihi: all traces, all weights by axon, noise of every compartment."""
    traces = [_or_none(rng, t % item.rule.trace_epoch_steps, 1, item.synapses.n_source) for item in learning]
    weights = [
        _or_none(rng, t % item.rule.epoch_steps, item.synapses.n_source, item.synapses.n_target) for item in learning
    ]
    rng.randint(-NOISE, NOISE + 1, size=compartments, dtype=np.int32)
    return [PesDraws(trace, rows.reshape(1, -1)) for trace, rows in zip(traces, weights, strict=True)]


def _or_none(rng: np.random.RandomState, rest: int, rows: int, columns: int) -> Array:
    return np.zeros((rows, 0)) if rest else rng.random_sample((rows, columns))


def replayed(name: str, row: dict[str, Any], arrays: dict[str, Array]) -> Compared:
    """Compute a model's learning again. `arrays`: "SYNAPSE.NAME" of the model."""
    learning = [
        _learning(item, {n.removeprefix(f"{k}."): v for n, v in arrays.items() if n.startswith(f"{k}.")})
        for k, item in enumerate(row["synapses"])
    ]
    rng, differences, values = np.random.RandomState(row["seed"]), 0, 0
    steps = len(arrays["0.traces"])
    moved = [np.zeros(item.synapses.pre.size, dtype=bool) for item in learning]
    for t in range(1, steps + 1):
        for number, (item, draws) in enumerate(
            zip(learning, _drawn(rng, learning, t, row["n_compartments"]), strict=True)
        ):
            before, sent = item.state.w, np.zeros((1, item.synapses.n_source), dtype=np.int64)
            arrived = item.arrays["arrived"]
            sent[0, arrived[arrived[:, 0] == t, 1]] = 1
            keep_sent(item.rule, item.synapses, item.state, sent, item.arrays["errors"][t - 1][None])
            learn_pes(item.rule, item.synapses, item.state, t, draws, item.low_bits)
            moved[number] |= (item.state.w != before)[0]
            for made, given in (
                (item.state.x[0], item.arrays["traces"][t - 1]),
                (item.state.w[0] << item.up, item.arrays["weights"][t - 1].ravel()),
            ):
                differences, values = differences + int((made != given).sum()), values + made.size
    spikes = sum(len(item.arrays["arrived"]) for item in learning)
    return Compared(name, len(learning), spikes, sum(int(each.sum()) for each in moved), values, differences)


def main(steps: int = STEPS) -> list[Compared]:
    """Run, replay and print all models."""
    result, found = run_models(steps), list[Compared]()
    print(f"{'model':36}{'rules':>6}{'spikes':>10}{'changed':>9}{'values':>12}{'differ':>8}")
    for number, (name, row) in enumerate(result.meta["models"].items()):
        own = {n.removeprefix(f"{number}."): v for n, v in result.arrays.items() if n.startswith(f"{number}.")}
        item = replayed(name, row, own)
        found.append(item)
        print(f"{name:36}{item.synapses:6}{item.spikes:10,}{item.moved:9,}{item.values:12,}{item.differences:8,}")
    values, differences = sum(item.values for item in found), sum(item.differences for item in found)
    print(f"{len(found)} models, {steps:,} steps each: {values:,} values, {differences:,} differ")
    return found


if __name__ == "__main__":
    made = main(int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)
    raise SystemExit(any(item.differences for item in made))
