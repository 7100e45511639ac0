"""A program whose input arrives over time. However the input is divided into calls, the bits are those of one run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.base.rows import LARGEST
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.choices import chosen, needs
from neurodeploy.network import Current
from neurodeploy.network.coding import shown_currents
from neurodeploy.program.program import Program
from neurodeploy.program.validate import require_sound
from neurodeploy.signals import Chunk, Learned, RunOptions, RunState, Stimulus
from neurodeploy.simulate.backend import Backend, StreamingBackend
from neurodeploy.simulate.decode import drain_steps
from neurodeploy.simulate.learning_check import ability_faults
from neurodeploy.simulate.options_check import option_faults
from neurodeploy.simulate.probes import probes_named
from neurodeploy.simulate.registry import get_backend
from neurodeploy.simulate.resume import drawn_faults
from neurodeploy.simulate.run import engine_faults, fault_ability
from neurodeploy.simulate.shown import FORM, ShownInput
from neurodeploy.stream.nouns import StreamChoices, StreamOptions
from neurodeploy.stream.rows import (
    NO_KEYS,
    STEP_BITS,
    as_rows,
    first_key,
    given_by_input,
    keys_of,
    merged,
    values_of,
)

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self, Unpack

__all__ = ["Rows", "Session", "open_session"]

Array = NDArray[Any]
Rows = Mapping[str, ArrayLike] | ArrayLike | None
"""What a call gives: input -> array, or that array alone for a network with one input. An input of spikes takes (n, 2) integer
rows (step, line) in any order; an input of values takes (steps, lines) numbers, those of the steps after the last ones given."""


def open_session(
    program: Program,
    *,
    backend: str = "emulator",
    options: StreamOptions | None = None,
    **choices: Unpack[StreamChoices],
) -> Session:
    """Return a session of a program: one sample that begins with the cleared state, or with `state`.

    `backend`: one of the names in nd.backends(). `choices`: fields of StreamOptions by keyword; they take precedence over
    those of `options`. `probes` may be written "population.variable".

    Raises DiagnosticError: ND002 (arguments), ND011 (inconsistent program), ND501-ND504 and ND933 (backend), ND509, ND512
    and ND934 (state), ND510, ND511 and ND516 (options), ND517, ND518 and ND521 (learning).
    """
    needs("stream", program=(program, Program), backend=(backend, str))
    require_sound(program)
    fields: dict[str, Any] = dict(choices)
    if "probes" in fields:
        fields["probes"] = probes_named(program.network, fields["probes"])
    made = chosen("stream", StreamOptions, options, fields, ("backend", "options"))
    adapter = get_backend(backend)
    missing = adapter.unavailable()
    raise_errors("stream", [missing] if missing is not None else [])
    if not isinstance(adapter, StreamingBackend):
        message, fixes = "shows a sample as a whole and takes no input over time", ["--backend emulator"]
        raise DiagnosticError("stream", (finding("ND933", about("backend", backend), message, fixes=fixes),))
    run_options = _run_options(made)
    raise_errors("stream", fault_ability(program, adapter))
    raise_errors("stream", _faults(program, adapter, run_options))
    return Session(program, adapter, made, run_options)


def _run_options(options: StreamOptions) -> RunOptions:
    kept = options.state
    seed = options.seed if options.seed is not None else (kept.seed if kept else 0)
    return RunOptions(
        seed=seed,
        engine=options.engine,
        record=options.record,
        probes=options.probes,
        overflow=options.overflow,
        activity=False,
        learn=options.learn,
        learned=options.learned,
        resume=kept,
    )


def _faults(program: Program, adapter: Backend, options: RunOptions) -> list[Diagnostic]:
    kept = options.resume
    found = list(_state_faults(program, kept)) if kept is not None else []
    shown = Stimulus(n_samples=1, n_steps=1, first_sample=kept.first_sample if kept else 0)
    found += [] if found else option_faults(program, shown, options, kept.step + 1 if kept else 1)
    found += [] if kept is None or found else drawn_faults(program, shown, options, kept)
    return [
        *found,
        *adapter.check(program),
        *engine_faults(adapter, options),
        *ability_faults(program, adapter, options),
    ]


def _state_faults(program: Program, kept: RunState) -> Iterator[Diagnostic]:
    where = about("network", program.network.name)
    if kept.program_digest != program.digest():
        message = f"state is of program {kept.program_digest[:12]!r}, not of {program.digest()[:12]!r}"
        yield finding("ND509", where, message)
    if kept.n_samples != 1 or len(kept.shown) != 1:
        yield finding("ND934", where, "state is not of one sample", found=kept.n_samples, limit=1, unit="sample")
    elif not re.fullmatch(re.escape(FORM) + "[0-9a-f]{32}", kept.shown[0]):
        message = "state holds the hash of its input in a form of earlier versions, which cannot be continued"
        yield finding("ND934", where, message, fixes=["resume it with nd.run(..., keep_state=True) for one more step"])


class Session:
    """One sample of a program in the middle of its run. It belongs to one thread at a time."""

    def __init__(
        self, program: Program, adapter: StreamingBackend, options: StreamOptions, run_options: RunOptions
    ) -> None:
        """Use `open_session` or nd.stream, which check what is given here."""
        self.program, self.options = program, options
        """Program and options of the session."""
        self._core = adapter.session(program, run_options)
        items, self._inputs = program.network.inputs, dict(program.network.input_by_name)
        self._keys = {item.name: NO_KEYS for item in items if not isinstance(item.encoder, Current)}
        self._encoders = {item.name: item.encoder for item in items if isinstance(item.encoder, Current)}
        self._values = {name: np.zeros((0, self._inputs[name].size)) for name in self._encoders}
        kept = run_options.resume
        self._shown = ShownInput(kept.shown[0] if kept else "")
        self._ended = ""

    # --- what callers read

    @property
    def step(self) -> int:
        """Last step that was run; 0 at the start."""
        return self._core.step

    @property
    def engine(self) -> str:
        """Engine that runs it, "native" or "spec"; empty if the backend has only one."""
        return self._core.engine

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """Warnings: ND902 if the compiled kernels are missing, so that the definition in Python runs, which is much slower."""
        return self._core.findings

    @property
    def waiting(self) -> dict[str, Array]:
        """What was given for steps that have not been run, as `push` takes it. It is no part of `state`."""
        found = {name: as_rows(keys)[:, 1:] for name, keys in self._keys.items() if keys.size}
        return found | {name: values.copy() for name, values in self._values.items() if len(values)}

    # --- calls

    def push(self, rows: Rows, *, until: int | None = None) -> Chunk:
        """Take input, run the steps that it completes, and return what they send.

        `rows`: input -> array, or the array alone, see `Rows`. Rows of one step and line are one spike, also if they come
        in several calls. `until`: last step to run. Default: for inputs of spikes, the step before the latest that rows have
        named, to which the next call may add; if the network has inputs of values, the last step whose values have come for
        each of them.

        Raises DiagnosticError: ND930 (a row of a step that was run), ND931 (rows, values or `until`), ND932 (ended), ND935
        (more than `most_steps` steps). The session is then as it was before the call.
        """
        self._require_open()
        given, found = given_by_input(self.program.network, rows)
        keys, late, more = self._with_rows(given)
        values, faults = self._with_values(given)
        if found or more or faults:
            raise_errors("stream", [*found, *more, *faults])
        last = self._complete(keys, values) if until is None else until
        if type(last) is not int or not self.step <= last <= min(self.step + self.options.most_steps, LARGEST):
            raise_errors("stream", self._step_faults(last))
        self._keys, self._values = keys, values
        return self._run(int(last), late)

    def advance(self, until: int) -> Chunk:
        """Run through step `until` without waiting for further input, and return what the steps send.

        Raises DiagnosticError: ND931 (`until`), ND932 (ended), ND935 (more than `most_steps` steps).
        """
        return self.push(None, until=until)

    def finish(self) -> Chunk:
        """Run the steps of all input that was given, and those in which the network drains, as nd.run does; then end.

        The state can still be read. Raises DiagnosticError: ND931 (the drain would exceed the last possible step), ND932
        (ended), ND935 (more than `most_steps` steps).
        """
        self._require_open()
        shown = [self.step, *(int(keys[-1]) >> STEP_BITS for keys in self._keys.values() if keys.size)]
        shown += [self.step + len(values) for values in self._values.values()]
        chunk = self.push(None, until=max(shown) + drain_steps(self.program.network))
        self._ended = "was finished"
        return chunk

    def state(self) -> RunState:
        """Return the state after step `step`, with which another session or a run of the same input goes on.

        Raises DiagnosticError: ND932 (closed), ND934 (no step was run).
        """
        if self._ended not in ("", "was finished"):
            self._require_open()
        if self.step == 0:
            message = "has run no step, so there is no state but the cleared one, which needs no file"
            raise DiagnosticError("stream", (finding("ND934", about("network", self.program.network.name), message),))
        return self._core.state((self._shown.text(),))

    def learned(self) -> Learned | None:
        """Return what plastic projections have learned so far; None without any. Raises DiagnosticError: ND932 (closed)."""
        if self._ended not in ("", "was finished"):
            self._require_open()
        return self._core.learned()

    def close(self) -> None:
        """End the session."""
        self._ended = self._ended if self._ended not in ("", "was finished") else "was closed"

    def __enter__(self) -> Self:
        """The session, which ends with the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the session."""
        self.close()

    # --- parts of a call

    def _require_open(self) -> None:
        if self._ended:
            message = f"{self._ended} after step {self.step:,}"
            raise DiagnosticError("stream", (finding("ND932", about("stream", self.program.network.name), message),))

    def _with_rows(self, given: Mapping[str, Any]) -> tuple[dict[str, Array], int, list[Diagnostic]]:
        """Keys that wait once rows have come, the number of rows that are late, and what is wrong."""
        kept, dropped, found, first = dict(self._keys), 0, list[Diagnostic](), first_key(self.step + 1)
        for name, rows in given.items():
            if name not in kept:
                continue
            keys, faults = keys_of(self._inputs[name], rows)
            found += faults
            joined = merged(kept[name], keys)
            if joined.size and joined[0] < first:
                late = int(np.searchsorted(joined, first))
                found += self._late_faults(name, joined[:late])
                dropped, joined = dropped + late, joined[late:]
            kept[name] = joined
        return kept, dropped, found

    def _late_faults(self, name: str, keys: Array) -> list[Diagnostic]:
        if self.options.late == "drop":
            return []
        step = int(keys[0]) >> STEP_BITS
        message = f"has rows of steps that were run: {keys.size:,}, first step {step:,}"
        numbers: dict[str, Any] = {"found": step, "limit": self.step + 1, "unit": "step"}
        return [finding("ND930", about("input", name), message, **numbers)]

    def _with_values(self, given: Mapping[str, Any]) -> tuple[dict[str, Array], list[Diagnostic]]:
        kept, found = dict(self._values), list[Diagnostic]()
        for name in given if kept else ():
            if name not in kept:
                continue
            values, faults = values_of(self._inputs[name], self._encoders[name], given[name])
            found += faults
            kept[name] = np.concatenate([kept[name], values]) if len(kept[name]) else values
        return kept, found

    def _complete(self, keys: Mapping[str, Array], values: Mapping[str, Array]) -> int:
        """Last step to which nothing can be added any more."""
        if values:
            return self.step + min(map(len, values.values()))
        return max((int(own[-1] >> STEP_BITS) - 1 for own in keys.values() if own.size), default=self.step)

    def _step_faults(self, last: object) -> Iterator[Diagnostic]:
        where, here, number = about("stream", self.program.network.name), self.step, _whole(last)
        if number is None or not here <= number <= LARGEST:
            yield finding("ND931", where, f"cannot run to step {last!r:.40}; needs {here:,} to {LARGEST:,}")
        elif number - here > self.options.most_steps:
            numbers: dict[str, Any] = {"found": number - here, "limit": self.options.most_steps, "unit": "step"}
            yield finding("ND935", where, f"would run from step {here + 1:,} to {number:,} in one call", **numbers)

    def _run(self, last: int, late: int) -> Chunk:
        """The steps to `last`, without the input that later ones keep."""
        count, stop, first = last - self.step, first_key(last + 1), self.step
        keys, rows, values = dict[str, Array](), dict[str, Array](), dict[str, Array]()
        for name, waiting in self._keys.items():
            if waiting.size and waiting[0] < stop:
                cut = waiting.size if waiting[-1] < stop else int(waiting.searchsorted(stop))
                keys[name], self._keys[name] = waiting[:cut], waiting[cut:]
                rows[name] = as_rows(keys[name])
        for name, waiting in self._values.items():
            values[name] = shown_currents(self._encoders[name], waiting[:count])
            self._values[name] = waiting[count:]
        try:
            chunk = self._core.run(last, rows, values)
        except BaseException:
            self._ended = "was interrupted"
            raise
        for name, own in keys.items():
            self._shown.add_keys(name, own, self._inputs[name].size)
        for name, own in values.items():
            flat = own.ravel()
            places = np.flatnonzero(flat)
            self._shown.add(name, places + first * self._inputs[name].size, flat[places])
        return replace(chunk, late=late) if late else chunk


def _whole(value: object) -> int | None:
    """A whole number as int; None for anything else."""
    return int(cast("Any", value)) if isinstance(value, (int, np.integer)) and not isinstance(value, bool) else None
