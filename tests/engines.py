"""A program on both engines of the emulator: the same bits, or the same refusal.

`spec` is the definition in numpy, `native` the compiled engine. What a run may choose without changing a bit (threads, records,
counters, a state in the middle) is in a `Choice`; how the native engine is made to share one sample between threads, and to
store synapses in forms that it keeps for large programs, stands in `layouts` alone.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import subprocess
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from neurodeploy_backends.emulator.engine import job, run
from neurodeploy_backends.emulator.lowering import blocks

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.io.archive import sealed_bytes
from neurodeploy.simulate import RunOptions, Stimulus

ENGINES = ("native", "spec")


class Choice(NamedTuple):
    """What a run chooses, besides its options."""

    cut: int | None = None
    """Step after which the state is kept and the run resumes; None: it runs in one."""
    pieces: int = 1
    """Threads that share each sample of the native engine."""
    dense_from: float | None = None
    """Fraction of possible synapses from which whole rows are added; None: as always."""
    tiled_from: int | None = None
    """Targets beyond which sparse blocks are sorted by tile; None: as always."""


PLAIN = Choice()


@contextmanager
def layouts(choice: Choice) -> Iterator[None]:
    """Make the native engine take the layout of a choice, which it otherwise keeps for large programs."""
    old = blocks.DENSE_FROM, blocks.TILED_FROM, run.PAYS_FROM
    try:
        blocks.DENSE_FROM = old[0] if choice.dense_from is None else choice.dense_from
        blocks.TILED_FROM = old[1] if choice.tiled_from is None else choice.tiled_from
        run.PAYS_FROM = 0 if choice.pieces > 1 else old[2]
        job._LOWERED.clear()
        yield
    finally:
        blocks.DENSE_FROM, blocks.TILED_FROM, run.PAYS_FROM = old
        job._LOWERED.clear()


def assert_same(native: Any, spec: Any) -> None:
    """Two recordings are equal but for their engine, array by array and type by type."""
    for name in ("spikes", "payloads", "states", "input_spikes", "overflows"):
        left, right = getattr(native, name), getattr(spec, name)
        assert left.keys() == right.keys(), name
        for key in left:
            assert left[key].dtype == right[key].dtype, f"{name} {key}"
            assert np.array_equal(left[key], right[key]), f"{name} {key}"
    assert (native.active_updates is None) == (spec.active_updates is None)
    if native.active_updates is not None:
        assert np.array_equal(native.active_updates, spec.active_updates), "active updates"
    assert _state_bytes(native) == _state_bytes(spec), "final state"
    assert native.model_copy(update={"engine": None}) == spec.model_copy(update={"engine": None})


def _state_bytes(recording: Any) -> bytes | None:
    kept = recording.final_state
    return None if kept is None else sealed_bytes(kept, "neurodeploy-state")


def on_both(program: nd.Program, stimulus: Stimulus, until: int, **options: Any) -> Any:
    """The recording of a program, equal on both engines; None if both refuse it with the same findings."""
    made, refused = [], []
    for engine in ENGINES:
        try:
            made.append(nd.run(program, stimulus, until=until, options=RunOptions(engine=engine, **options)))
        except DiagnosticError as error:
            refused.append(error.diagnostics)
            assert not any(item.code == "ND901" for item in error.diagnostics), str(error)
    assert not (made and refused), f"only one engine refuses: {refused[0]}"
    if refused:
        assert refused[0] == refused[1]
        return None
    assert_same(*made)
    return made[0]


def assert_engines_agree(
    program: nd.Program, stimulus: Stimulus, until: int, choice: Choice = PLAIN, **options: Any
) -> Any:
    """Run a program on both engines, whole or in two parts, and return the recording (of the second part)."""
    asked = options.pop("threads", 1)
    threads = choice.pieces if choice.pieces > 1 and stimulus.n_samples == 1 else asked
    with layouts(choice):
        if choice.cut is None:
            return on_both(program, stimulus, until, threads=threads, **options)
        first = on_both(program, stimulus, choice.cut, threads=threads, **{**options, "keep_state": True})
        if first is None:
            return None
        return on_both(program, stimulus, until, threads=threads, **options, resume=first.final_state)


# --- tries from the command line


def _fault(error: BaseException) -> str:
    """Kind, place and first words of an exception, equal for equal faults."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "neurodeploy" in frame.filename]
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "engines"
    return f"{type(error).__name__} at {where}: {str(error)[:150]}"


def _shared_out(asked: argparse.Namespace) -> int:
    """Run equal shares of the tries in several processes; return the greatest exit status."""
    cuts = [asked.start + k * asked.tries // asked.jobs for k in range(asked.jobs + 1)]
    running = []
    for low, high in pairwise(cuts):
        words = ["--start", low, "--tries", high - low, "--seed", asked.seed, "--seconds", asked.seconds]
        running.append(subprocess.Popen([sys.executable, sys.argv[0], *map(str, words)]))
    return max(abs(process.wait()) for process in running)


def hunt(attempt: Callable[[random.Random], str], doc: str) -> int:
    """Make tries of a seed, each in its own words; print every new fault at once and all counts at the end.

    A try that crashes the process, or that hangs and is ended, is the one printed last with --show.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60.0, help="a try that takes longer ends the process")
    parser.add_argument("--show", action="store_true", help="print the number of every try before it begins")
    parser.add_argument("--jobs", type=int, default=1, help="processes that share the tries")
    asked = parser.parse_args()
    if asked.jobs > 1:
        return _shared_out(asked)
    ends, faults = Counter[str](), Counter[str]()
    for index in range(asked.start, asked.start + asked.tries):
        if asked.show:
            print(f"try {index}", file=sys.stderr, flush=True)
        faulthandler.dump_traceback_later(asked.seconds, exit=True)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                ends[attempt(random.Random(f"{asked.seed} {index}"))] += 1
        except Exception as error:
            name = _fault(error)
            if not faults[name]:
                print(f"try {index}: {name}", flush=True)
            faults[name] += 1
        finally:
            faulthandler.cancel_dump_traceback_later()
    for name, count in ends.most_common(12):
        print(f"{count:7d}  {name}")
    for name, count in faults.most_common():
        print(f"{count:7d}  FAULT {name}")
    return int(bool(faults))
