"""The ready-made objective: a network is compiled with the choices of a point, run on samples, and measured."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import Annotated, Any, NamedTuple, cast

import numpy as np
from pydantic import BeforeValidator, Field

from neurodeploy.base.noun import Noun, WholeNumber, json_digest
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.costs.estimate import Estimate
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.diagnostics.choices import chosen
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.hardware import Target, load_target, on_dialect
from neurodeploy.io.tensors import digest_of
from neurodeploy.network import Network
from neurodeploy.profile import Profile, profile
from neurodeploy.program import Program
from neurodeploy.signals import RunOptions, SampleValues
from neurodeploy.signals.stimulus import without_labels
from neurodeploy.simulate import accuracy, answers, encode, run
from neurodeploy.simulate.decode import units_of
from neurodeploy.sweep.nouns import Number

__all__ = ["AXES", "Deployment", "axis_faults"]

PLACE = ("target", "board", "rules", "dialect")
"""Axes that choose the target."""
BY_NAME = (
    "weight_bits", "prune", "prune_sources", "max_delay", "share_parameters", "clip_weights", "channel_scales", "doublings",
)  # fmt: skip
"""Axes that are options of the compiler by projection or population: weight_bits, or weight_bits.NAME for one."""
WHOLE = ("level", "placement_seed", "soft_reset")
"""Axes that are options of the compiler as a whole."""
SCALE = "threshold_scale"
"""Axis that multiplies the thresholds of all populations, or with .NAME those of one."""
AXES = (*PLACE, "steps", "seed", *BY_NAME, *WHOLE, SCALE)
"""Axes of a network."""
KEPT = 2
"""Programs that a worker keeps, because points that differ in seed or input share one."""


def _samples(given: Any) -> Any:
    """Samples by input, with labels among them, as SampleValues."""
    if not isinstance(given, Mapping):
        return given
    arrays = dict(cast("Mapping[str, Any]", given))
    values, labels = without_labels(arrays, [name for name in arrays if name not in ("labels", "y")])
    return SampleValues(values=values, labels=labels)


class Deployment(Noun):
    """An objective for nd.sweep: the network is compiled, run on samples and measured, with the choices of each point.

    Axes are target, board, rules, dialect, steps, seed, options of the compiler such as weight_bits or weight_bits.NAME of one
    projection, and threshold_scale, which multiplies thresholds. Measures are accuracy, cores, energy_j, latency_s, spikes and
    synops of one sample; None where no figure is public.
    """

    network: Network
    """The network."""
    samples: Annotated[SampleValues, BeforeValidator(_samples)]
    """Samples to run, with labels for the accuracy; also input -> array."""
    target: str = "loihi1"
    """Target where no axis says another: a name, or the path of a .toml file."""
    board: str | None = None
    """Board of the target. None: one chip."""
    rules: str | None = None
    """Rule set that counts synapse memory. None: the target's first."""
    dialect: str | None = None
    """Arithmetic to compile for. None: the target's own."""
    steps: WholeNumber | None = Field(default=None, ge=1, le=2**31 - 1)
    """Steps of a sample. None: those of the samples, else of the network."""
    seed: WholeNumber = Field(default=0, ge=-(2**63), lt=2**63)
    """Seed of random encoders and of noise."""
    options: CompileOptions = CompileOptions(fixes=False)
    """Options of the compiler; those of a point override them."""
    backend: str = "emulator"
    """Backend that runs the program."""
    threads: WholeNumber | None = Field(default=1, ge=1)
    """Threads of one run, which never change its result: several points run at the same time. None: one for each processor."""

    def __call__(self, **values: object) -> dict[str, Number]:
        """Return the measures at a point. `values`: axis -> value. Raises DiagnosticError: ND960, and as nd.compile and nd.run."""
        choices = _choices(self, values)
        program = _program(choices)
        options = RunOptions(seed=choices.seed, threads=self.threads if self.backend == "emulator" else None)
        stimulus = encode(program.network, self.samples, steps=choices.steps, seed=choices.seed)
        recording = run(program, stimulus, backend=self.backend, options=options)
        answered = answers(program.network, recording, units_of(program))
        known = None if answered is None or self.samples.labels is None else accuracy(answered, self.samples.labels)
        return _measures(profile(program, recording, accuracy=known))

    def sweep_digest(self) -> str:
        """Return the digest of the network, the samples and the options, and of the version of neurodeploy."""
        try:
            ours = version("neurodeploy")
        except PackageNotFoundError:
            ours = ""
        network, samples = digest_of(self.network), digest_of(self.samples)
        rest = digest_of(self, ("network", "samples", "threads"))
        return json_digest([ours, network, samples, rest])

    def sweep_content(self, values: Mapping[str, Any]) -> str:
        """Return the digest of the target of a point, which its name alone does not tell. `values`: axis -> value."""
        try:
            return _target_digest(*_place(self, values))
        except (DiagnosticError, TypeError):
            return ""  # the point fails, and says why


class _Choices(NamedTuple):
    """What one point asks for."""

    network: Network
    target: Target
    options: CompileOptions
    steps: int | None
    seed: int


def _place(base: Deployment, values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(values.get(name, getattr(base, name)) for name in PLACE)


@lru_cache(maxsize=64)
def _target(name: str, board: str | None, rules: str | None, dialect: str | None) -> Target:
    return on_dialect(load_target(name, board=board, rules=rules), dialect)


@lru_cache(maxsize=64)
def _target_digest(name: str, board: str | None, rules: str | None, dialect: str | None) -> str:
    return digest_of(_target(name, board, rules, dialect))


def axis_faults(base: Deployment, axes: tuple[str, ...]) -> list[Diagnostic]:
    """Return ND960 for axes that a network does not have. `axes`: names of the axes of a space."""
    found = list[Diagnostic]()
    groups = [item.name for item in base.network.populations]
    wires = [item.name for item in base.network.projections]
    of = {SCALE: groups, "share_parameters": groups, "channel_scales": groups, "doublings": groups}
    for axis in axes:
        name, _, part = axis.partition(".")
        if name not in AXES or (part and name not in (*BY_NAME, SCALE)):
            message = f"'{axis}' is no axis of a network"
            found.append(
                finding("ND960", about("sweep"), message, fixes=nearest(axis, list(AXES)) or [", ".join(AXES)])
            )
        elif part and part not in of.get(name, wires):
            message, known = f"axis '{axis}': network '{base.network.name}' has no '{part}'", of.get(name, wires)
            found.append(
                finding("ND960", about("sweep"), message, fixes=nearest(part, known) or [", ".join(known[:8])])
            )
    return found


def _choices(base: Deployment, values: Mapping[str, Any]) -> _Choices:
    """What a point asks for. Raises DiagnosticError: ND960 (an axis, or a value of it)."""
    found = axis_faults(base, tuple(values))
    fields = {name: dict(getattr(base.options, name)) for name in BY_NAME}
    scales = dict[str, Any]()
    for axis, value in values.items():
        name, _, part = axis.partition(".")
        if name in BY_NAME:
            fields[name][part or "*"] = value
        elif name == SCALE:
            scales[part or "*"] = value
    whole = {name: values[name] for name in WHOLE if name in values}
    numbers = {"steps": values.get("steps", base.steps), "seed": values.get("seed", base.seed)}
    found += [_not_whole(name, value) for name, value in numbers.items() if _is_not_whole(name, value)]
    texts = dict(zip(PLACE, _place(base, values), strict=True))
    found += [_not_text(name, value) for name, value in texts.items() if not isinstance(value, str | None)]
    if found:
        raise DiagnosticError("sweep", tuple(found))
    options = chosen("sweep", CompileOptions, base.options, {**fields, **whole, "fixes": False})
    network = _scaled(_timed(base.network, numbers["steps"]), scales)
    return _Choices(network, _target(*texts.values()), options, numbers["steps"], numbers["seed"])


def _is_not_whole(name: str, value: Any) -> bool:
    if value is None and name == "steps":
        return False
    return not isinstance(value, int) or isinstance(value, bool) or value < (1 if name == "steps" else -(2**63))


def _not_whole(name: str, value: object) -> Diagnostic:
    return finding("ND960", about("sweep"), f"axis '{name}' needs whole numbers, got {value!r:.60}")


def _not_text(name: str, value: object) -> Diagnostic:
    return finding("ND960", about("sweep"), f"axis '{name}' needs names, got {value!r:.60}")


def _timed(network: Network, steps: int | None) -> Network:
    """The network with another length of samples, for which it is then checked."""
    if steps is None or steps == network.time.steps_per_sample:
        return network
    return network.model_copy(update={"time": network.time.model_copy(update={"steps_per_sample": steps})})


def _scaled(network: Network, scales: Mapping[str, Any]) -> Network:
    """The network with its thresholds multiplied. Raises DiagnosticError: ND960."""
    if not scales:
        return network
    return network.model_copy(update={"populations": tuple(_with_scale(item, scales) for item in network.populations)})


def _with_scale(item: Any, scales: Mapping[str, Any]) -> Any:
    by = scales.get(item.name, scales.get("*"))
    if by is None:
        return item
    name = next((name for name in ("v_threshold", "vth_mant") if hasattr(item.neuron, name)), None)
    if isinstance(by, bool) or not isinstance(by, (int, float)) or by <= 0:
        message = f"axis '{SCALE}' needs numbers above 0, got {by!r:.60}"
        raise DiagnosticError("sweep", (finding("ND960", about("population", item.name), message),))
    if name is None:
        if item.name not in scales:
            return item  # all thresholds are meant, and it has none
        message = f"has no threshold, which axis '{SCALE}' would multiply"
        raise DiagnosticError("sweep", (finding("ND960", about("population", item.name), message),))
    value = np.asarray(getattr(item.neuron, name)) * by
    value = np.rint(value).astype(np.int64) if name == "vth_mant" else value
    return item.model_copy(update={"neuron": item.neuron.model_copy(update={name: value})})


_programs = OrderedDict[tuple[str, str, str], Program]()
_lock = Lock()


def _program(choices: _Choices) -> Program:
    """The compiled program, which a worker keeps for other seeds. Raises DiagnosticError with the findings of a failure."""
    key = digest_of(choices.network), digest_of(choices.target), digest_of(choices.options)
    with _lock:
        known = _programs.get(key)
    if known is None:
        made = compile_network(choices.network, choices.target, choices.options)
        known = made.require(strict=choices.options.strict)
        with _lock:
            _programs[key] = known
            while len(_programs) > KEPT:
                _programs.popitem(last=False)
    return known


def _measures(made: Profile) -> dict[str, Number]:
    """The measures of a profile; None where it has no figure."""
    found: dict[str, Number] = {"accuracy": made.accuracy, "cores": made.cores}
    for name, estimate in (("energy", made.energy_per_inference), ("latency", made.time_per_inference)):
        found |= _figure(name, "j" if name == "energy" else "s", estimate)
    found["spikes"] = sum(item.spikes_per_inference for item in made.populations)
    found["synops"] = made.synops_per_inference
    return found


def _figure(name: str, unit: str, estimate: Estimate | None) -> dict[str, Number]:
    if estimate is None:
        return {f"{name}_{unit}": None}
    return {
        f"{name}_{unit}": estimate.value,
        f"{name}_low_{unit}": estimate.low,
        f"{name}_high_{unit}": estimate.high,
    }
