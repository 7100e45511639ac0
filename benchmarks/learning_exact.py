"""The definition of learning rules against the engine of lava-nc: `python benchmarks/learning_exact.py --cases 1000`.

Every variable of every synapse and neuron after every step, and the states of the random generators at the end.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from learning_rules import LearningCase, case_of
from neurodeploy_backends.emulator.spec_learning import Synapses, cleared_epoch, count_source, count_target, learn
from neurodeploy_backends.lava.environment import LAVA
from neurodeploy_backends.lava.learning import rule_plan
from numpy.typing import NDArray

from neurodeploy.hardware import load_dialect
from neurodeploy.hardware.arithmetic import stored_mantissas
from neurodeploy.simulate.learning_draws import SAMPLE_SEEDS, SYNAPSE_SEED, epoch_draws
from neurodeploy.worker import Result, Script, interpreter_of, run_job

__all__ = ["Counts", "compared", "learned_by_lava", "learned_by_us", "main"]

Array = NDArray[Any]
WORKER = Path(__file__).parent / "child" / "learning_lava.py"
CHILD = Path(__file__).parents[1] / "backends" / "neurodeploy_backends" / "lava" / "child"
PER_JOB = 250
"""Cases of one job."""
VARIABLES = ("w", "d", "t", "x1", "x2", "tx", "y1", "y2", "y3", "ty")


class Counts(NamedTuple):
    """Values compared, those that differ, and the first difference."""

    compared: int
    different: int
    first: str


def learned_by_us(case: LearningCase) -> dict[str, Array]:
    """Return variable -> values after each step, by the definition: (steps, synapses by target, sources or targets)."""
    n_target, n_source = case.w.shape
    post, pre = np.divmod(np.arange(case.w.size), n_source)
    synapses = Synapses(pre, post, n_source, n_target, case.sign_mode)
    stored = stored_mantissas(load_dialect("loihi2"), case.w, case.weight_bits, case.sign_mode)
    epoch = cleared_epoch(synapses, stored.ravel(), case.d.ravel(), case.t.ravel(), 1)
    for name, values in case.begin.items():
        setattr(epoch, name, values[None].astype(np.int64))
    draws = epoch_draws(case.rule, len(case.sent), case.sample)
    found = {name: list[Array]() for name in VARIABLES}
    thirds = {name: np.zeros((1, n_target), dtype=np.int64) for name in case.signals}
    for t in range(1, len(case.sent) + 1):
        count_source(case.rule, epoch, case.sent[None, t - 1], t)
        count_target(case.rule, epoch, case.returned[None, t - 1], thirds, t, draws)
        learn(case.rule, synapses, epoch, t, draws)
        thirds = {name: values[None, t - 1] for name, values in case.signals.items()}
        for name in VARIABLES:
            found[name].append(getattr(epoch, name)[0].copy())
    return {name: np.stack(values) for name, values in found.items()}


def random_states(case: LearningCase) -> list[str]:
    """States of the five generators of lava after the last step, as text, by the draws that the definition counts."""
    if case.rule.rounding == "none":
        return []
    steps, first = len(case.sent), case.rule.seed + SAMPLE_SEEDS * case.sample
    found = [np.random.default_rng(first + k) for k in range(4)]
    for k, generator in enumerate(found):
        for _ in range(2 * steps + 1):
            generator.integers(0, 128, size=1, dtype=int) if k % 2 else generator.random(1)
    synapse = np.random.default_rng(SYNAPSE_SEED + SAMPLE_SEEDS * case.sample)
    synapse.random(steps // case.rule.epoch_steps + 1)
    return [str(sorted(one.bit_generator.state.items(), key=str)) for one in (*found, synapse)]


def _entry(case: LearningCase) -> dict[str, Any]:
    """The case as its worker reads it: a link, its rule and the number of the sample."""
    link = {"weight_bits": case.weight_bits, "sign_mode": case.sign_mode, "exponent": 0, "graded": case.graded}
    return {**link, "rule": rule_plan(case.rule, {"signal": case.w.shape[0]}), "sample": case.sample}


def learned_by_lava(cases: list[LearningCase]) -> Result:
    """Return what lava's model has after each step of every case: arrays "0.w" of the first case, in the same form."""
    interpreter = interpreter_of(LAVA)
    if interpreter is None:
        raise RuntimeError("lava is missing: python -m neurodeploy backends install lava")
    arrays = dict[str, Array]()
    for place, case in enumerate(cases):
        own = {"w": case.w, "d": case.d, "t": case.t, "sent": case.sent, "returned": case.returned}
        own |= {f"signal.{name}": values for name, values in case.signals.items()}
        own |= {f"begin.{name}": values for name, values in case.begin.items()}
        arrays |= {f"{place}.{name}": values for name, values in own.items()}
    plan = {"cases": [_entry(case) for case in cases], "lava_child": str(CHILD)}
    return run_job(Script("lava", interpreter.path, WORKER), plan, arrays)


def compared(cases: list[LearningCase]) -> Counts:
    """Return the differences between the definition and lava over some cases."""
    lava, total, different, first = learned_by_lava(cases), 0, 0, ""
    for place, case in enumerate(cases):
        for name, values in learned_by_us(case).items():
            theirs = lava.arrays[f"{place}.{name}"]
            bad = np.argwhere(values != theirs)
            total, different = total + values.size, different + len(bad)
            if len(bad) and not first:
                at = tuple(bad[0])
                first = f"case {case.number}: {name} in step {at[0] + 1}: {values[at]}, lava {theirs[at]}"
        states = random_states(case)
        total += len(states)
        if states != lava.meta["states"][place]:
            different, first = different + 1, first or f"case {case.number}: a random generator"
    return Counts(total, different, first)


def main() -> int:
    """Print the number of compared values and of differences; the exit status tells whether there are any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000, help="number of random rules (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (default %(default)s)")
    options = parser.parse_args()
    numbers = range(options.first, options.first + options.cases)
    found = [
        compared([case_of(k) for k in numbers[start : start + PER_JOB]]) for start in range(0, len(numbers), PER_JOB)
    ]
    total, different = sum(item.compared for item in found), sum(item.different for item in found)
    print(f"{len(numbers):,} rules, {total:,} values compared with lava-nc, {different:,} differ")
    print(*(item.first for item in found if item.first), sep="\n", end="")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
