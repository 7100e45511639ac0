"""A program on its samples: run, answered, costed, compared, held against what is sealed in it, gated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from neurodeploy.base.noun import Name, Noun
from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in, finding, raise_errors
from neurodeploy.diagnostics.choices import CALL, chosen, needs, whole_faults
from neurodeploy.feasibility import Judgement
from neurodeploy.mapping import LayersVerdict
from neurodeploy.network import Network
from neurodeploy.profile import (
    COMPILATION_FIGURES,
    JUDGEMENT_FIGURES,
    PROFILE_FIGURES,
    Measure,
    Profile,
    budget_findings,
    compilation_measures,
    judgement_measures,
    layers_measures,
    profile_measures,
    read_budgets,
)
from neurodeploy.profile import profile as profile_recording
from neurodeploy.program import Program
from neurodeploy.simulate import (
    Progress,
    Recording,
    Samples,
    Stimulus,
    compare_findings,
    first_divergence,
    get_backend,
    run,
    seal_golden,
    verify_program,
)
from neurodeploy.simulate import accuracy as met
from neurodeploy.simulate import answers as decoded
from neurodeploy.simulate import encode as encode_samples
from neurodeploy.simulate.compare import Divergence

__all__ = ["Comparison", "accuracy", "answers", "compare", "encode", "over_budget", "profile", "run", "seal", "verify"]


class Comparison(Noun):
    """Two recordings of one program."""

    left: Name
    """Where the first was made."""
    right: Name
    """Where the second was made; "sealed" for what stands in the program."""
    identical: bool
    """Whether nothing differs in all that both recorded."""
    first: Divergence | None = None
    """Where they part first; None if they are identical or cannot be compared."""
    findings: tuple[Diagnostic, ...] = ()
    """ND550 (they part), ND551 (of different runs), ND552 (not as sealed), ND555 (what only one of them holds)."""


def encode(network: Network | Program, samples: Samples, *, steps: int | None = None, seed: int = 0) -> Stimulus:
    """Return the spikes and currents that the encoders of a network make of samples, each shown for `steps`.

    `samples`: as for nd.run, but no iterator. `seed`: of random encoders, a signed 64-bit integer.

    Raises DiagnosticError: ND002 (arguments), ND505 and ND066 (samples), ND511 (seed).

    Example: nd.encode(network, {"pixels": images}, steps=8).rasters["pixels"]
    """
    needs("encode", network=(network, (Network, Program)), seed=(seed, int))
    raise_errors("encode", whole_faults("encode", steps=steps))
    held = network.network if isinstance(network, Program) else network
    return encode_samples(held, samples, steps=steps, seed=seed)


def _own(door: str, program: Program, recording: Recording) -> None:
    """Refuse a recording of another program."""
    needs(door, program=(program, Program), recording=(recording, Recording))
    if recording.program_digest != program.digest():
        told = f"is of program {recording.program_digest[:12]}, not of {program.digest()[:12]}"
        raise DiagnosticError(door, (finding("ND703", about("recording"), told),))


def answers(program: Program, recording: Recording) -> NDArray[np.int64] | None:
    """Return (n_samples,) the first output's answer to each sample; None without an output. Raises DiagnosticError: ND703."""
    _own("answers", program, recording)
    return decoded(program.network, recording)


def accuracy(program: Program, recording: Recording, labels: ArrayLike) -> float:
    """Return the fraction of samples that the first output answers as their labels say.

    `labels`: (samples,) whole numbers. Of a run that was stopped, the samples that are complete count. Raises
    DiagnosticError: ND505 (labels that are none, or not as many as samples; no output), ND703 (another program's
    recording).
    """
    given = answers(program, recording)
    if given is None:
        told = "has no output, so it gives no answers"
        raise DiagnosticError("accuracy", (finding("ND505", about("network", program.network.name), told),))
    return met(given, _labels(recording, labels))


def _labels(recording: Recording, labels: ArrayLike) -> NDArray[Any]:
    """One label for each sample."""
    try:
        wanted = np.asarray(labels)
    except (ValueError, TypeError, RuntimeError):
        wanted = np.asarray(None)
    n = recording.n_samples
    if wanted.ndim != 1 or wanted.dtype.kind not in "iu":
        told = f"are {wanted.dtype} {list(wanted.shape)}; needs whole numbers of shape [{n}]"
    elif wanted.size != n and (recording.complete or wanted.size < n):
        told = f"are {wanted.size} for {n} samples"
    else:
        return wanted[:n]
    raise DiagnosticError("accuracy", (finding("ND505", about("labels"), told),))


class _Bounds(Noun):
    """What nd.check says of cores."""

    lower_bounds: dict[str, Annotated[int, Field(ge=0)]] | None = None
    """Least cores by resource."""


def profile(
    program: Program,
    recording: Recording,
    *,
    labels: ArrayLike | None = None,
    reference: Recording | None = None,
    accuracy: float | None = None,
    reference_accuracy: float | None = None,
    lower_bounds: Mapping[str, int] | None = None,
) -> Profile:
    """Return activity, resources and cost of one inference: all steps of one sample, from the cleared state, drain included.

    Energy in J, time in s, each with its interval and source; None where no figure is public (see .findings and
    .no_figure). `labels`: (samples,), for the accuracy; `reference`: the recording of the same samples on the backend
    "reference", for its accuracy. `accuracy` and `reference_accuracy`: if they are known already. `lower_bounds`: least
    cores by resource, as nd.check gives them. Raises DiagnosticError: ND505 (labels), ND703 (another program's recording).
    """
    _own("profile", program, recording)
    bounds = chosen("profile", _Bounds, None, {"lower_bounds": lower_bounds}).lower_bounds
    if labels is not None:
        accuracy = _accuracy(program, recording, labels)
        reference_accuracy = reference_accuracy if reference is None else _accuracy(program, reference, labels)
    return profile_recording(
        program, recording, accuracy=accuracy, reference_accuracy=reference_accuracy, lower_bounds=bounds
    )


_accuracy = accuracy


def compare(left: Recording, right: Recording, program: Program | None = None) -> Comparison:
    """Return whether two recordings of one program, `left` and `right`, are identical, else where they part first.

    `program`: with it the population of a state and the rule of the two dialects that differs there are named. The
    findings are those of `neurodeploy compare`. Raises DiagnosticError: ND002, ND504, ND513 (a recording that is
    not sound).
    """
    needs("compare", left=(left, Recording), right=(right, Recording), program=(program, (Program, type(None))))
    names = left.backend, right.backend
    dialects = None
    if program is not None:
        own = program.target.dialect.name
        dialects = (getattr(get_backend(names[0]), "dialect", own), getattr(get_backend(names[1]), "dialect", own))
    found = compare_findings(left, right, program, dialects)
    apart = any(item.code == "ND550" for item in found)
    first = first_divergence(left, right, program) if apart else None
    return Comparison(left=names[0], right=names[1], identical=not errors_in(found), first=first, findings=found)


def seal(program: Program, samples: Samples, *, steps: int | None = None, seed: int = 0) -> Program:
    """Return the program with samples, and what the emulator gives on them, sealed in it for nd.verify.

    `samples`, `steps`: as of nd.run. The program's digest stays. Raises what nd.run raises.
    """
    needs("seal", program=(program, Program))
    return seal_golden(program, encode(program, samples, steps=steps, seed=seed), seed=seed)


def verify(program: Program, backend: str = "emulator", *, progress: Progress | None = None) -> Comparison:
    """Return whether a backend gives, on the samples that are sealed in a program, what is sealed beside them.

    `backend`: a name of nd.backends(). `progress`: called with (steps done, steps in all). Raises DiagnosticError:
    ND553 (nothing is sealed), ND501-ND504 (the backend cannot run here).
    """
    needs("verify", program=(program, Program), backend=(backend, str), progress=(progress, CALL))
    _, found = verify_program(program, backend, progress)
    return Comparison(left="sealed", right=backend, identical=not found, findings=found)


def over_budget(
    report: Compilation | Profile | Judgement | LayersVerdict, budgets: str | Iterable[str]
) -> tuple[Diagnostic, ...]:
    """Return a finding for each budget that a report does not meet; nothing if all are met.

    `budgets`: "FIGURE<=NUMBER", such as "cores<=4", "synapse_memory<=80%" or "energy_per_inference<2uJ". The findings
    are those of `--budget`: ND604 (not met), ND605 (the figure is not known), ND706 (another unit). Raises
    DiagnosticError: ND706 (not understood), ND707 (no such figure).
    """
    needs("over_budget", report=(report, (Compilation, Profile, Judgement, LayersVerdict)))
    needs("over_budget", budgets=(budgets, (Sequence, Iterator)))
    known, measures = _figures(report)
    return budget_findings(read_budgets([budgets] if isinstance(budgets, str) else budgets, known), measures)


def _figures(report: Compilation | Profile | Judgement | LayersVerdict) -> tuple[tuple[str, ...], dict[str, Measure]]:
    if isinstance(report, Profile):
        return PROFILE_FIGURES, profile_measures(report)
    every = (*COMPILATION_FIGURES, *JUDGEMENT_FIGURES)
    if isinstance(report, Compilation):
        return every, compilation_measures(report)
    return every, layers_measures(report) if isinstance(report, LayersVerdict) else judgement_measures(
        report, report.findings
    )
