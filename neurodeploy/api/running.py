"""Functions on a program and its recordings: encoding, answers, accuracy, profile, comparison, verification, budgets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from neurodeploy.base.noun import Name, Noun
from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in, finding, raise_errors
from neurodeploy.diagnostics.choices import CALL, chosen, needs, whole_faults
from neurodeploy.feasibility import Judgement
from neurodeploy.mapping import LayersVerdict
from neurodeploy.metrics import Metrics
from neurodeploy.network import Network
from neurodeploy.profile import (
    COMPILATION_FIGURES,
    JUDGEMENT_FIGURES,
    PROFILE_FIGURES,
    CostOptions,
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
    backend_dialects,
    compare_findings,
    first_divergence,
    run,
    seal_golden,
    verify_program,
)
from neurodeploy.simulate import accuracy as fraction_correct
from neurodeploy.simulate import answers as decoded_answers
from neurodeploy.simulate import decoded as decoded_values
from neurodeploy.simulate import encode as encode_samples
from neurodeploy.simulate.compare import Divergence
from neurodeploy.simulate.decode import units_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from neurodeploy.profile import CostChoices

__all__ = [
    "Comparison",
    "accuracy",
    "answers",
    "compare",
    "decoded",
    "encode",
    "labels_of",
    "over_budget",
    "profile",
    "require_own",
    "run",
    "seal",
    "verify",
]


class Comparison(Noun):
    """Result of comparing two recordings of one program."""

    left: Name
    """Backend of the first recording; "sealed" for the golden output of the program."""
    right: Name
    """Backend of the second recording."""
    identical: bool
    """Whether everything that both recorded is equal."""
    first: Divergence | None = None
    """First difference; None if they are identical or cannot be compared."""
    findings: tuple[Diagnostic, ...] = ()
    """ND550 (they differ), ND551 (different runs), ND552 (differs from the sealed output), ND555 (data of only one)."""


def encode(network: Network | Program, samples: Samples, *, steps: int | None = None, seed: int = 0) -> Stimulus:
    """Return the encoded spikes and currents of samples, each `steps` long.

    `samples`: as for nd.run, except iterators. `seed`: for random encoders, a signed 64-bit integer.

    Raises DiagnosticError: ND002 (arguments), ND505 and ND066 (samples), ND511 (seed).

    Example: nd.encode(network, {"pixels": images}, steps=8).rasters["pixels"]
    """
    needs("encode", network=(network, (Network, Program)), seed=(seed, int))
    raise_errors("encode", whole_faults("encode", steps=steps))
    plain_network = network.network if isinstance(network, Program) else network
    return encode_samples(plain_network, samples, steps=steps, seed=seed)


def require_own(function: str, program: Program, recording: Recording) -> None:
    """Refuse a recording of another program. `function`: the name that is called. Raises DiagnosticError: ND002, ND703.

    `program`, `recording`: its arguments.
    """
    needs(function, program=(program, Program), recording=(recording, Recording))
    if recording.program_digest != program.digest():
        message = f"is of program {recording.program_digest[:12]}, not of {program.digest()[:12]}"
        raise DiagnosticError(function, (finding("ND703", about("recording"), message),))


def answers(program: Program, recording: Recording) -> NDArray[np.int64] | None:
    """Return the answers of the first output, (n_samples,) indices of neurons; None if the network has no output.

    Raises DiagnosticError: ND002 (arguments), ND513 and ND514 (the recording lacks the output's data), ND703 (recording of
    another program).

    Example: nd.answers(program, nd.run(program, {"pixels": images}))
    """
    require_own("answers", program, recording)
    return decoded_answers(program.network, recording, units_of(program))


def decoded(program: Program, recording: Recording) -> dict[str, NDArray[np.float64]]:
    """Return the values of every linear output, output -> (n_samples, n_steps, values).

    Where an output reads v, integers of a chip are turned into the units of the network before they are weighted.

    Raises DiagnosticError: ND002 (arguments), ND513 and ND514 (the recording lacks an output's data), ND703 (recording of
    another program).

    Example: nd.decoded(program, nd.run(program, samples))["position"][0, -1]
    """
    require_own("decoded", program, recording)
    return decoded_values(program.network, recording, units_of(program))


def accuracy(program: Program, recording: Recording, labels: ArrayLike) -> float:
    """Return the fraction of samples, from 0 to 1, for which the answer of the first output equals the label.

    `labels`: (samples,) integers. If the run was stopped, only complete samples count.

    Raises DiagnosticError: ND002 (arguments), ND505 (invalid labels, or no output), ND513 and ND514 (the recording lacks
    the output's data), ND703 (recording of another program).

    Example: nd.accuracy(program, recording, labels)
    """
    answered = answers(program, recording)
    if answered is None:
        message = "has no output, and therefore no answers"
        raise DiagnosticError("accuracy", (finding("ND505", about("network", program.network.name), message),))
    return fraction_correct(answered, labels_of("accuracy", recording, labels))


def labels_of(function: str, recording: Recording, labels: ArrayLike) -> NDArray[Any]:
    """Return one label for each sample of a recording.

    `function`: the name that is called. `labels`: its argument, for `recording`. Raises DiagnosticError: ND505.
    """
    try:
        wanted = np.asarray(labels)
    except (ValueError, TypeError, RuntimeError):
        wanted = np.asarray(None)
    n = recording.n_samples
    if wanted.ndim != 1 or wanted.dtype.kind not in "iu":
        message = f"are {wanted.dtype} {list(wanted.shape)}; needs whole numbers of shape [{n}]"
    elif wanted.size != n and (recording.complete or wanted.size < n):
        message = f"are {wanted.size} for {n} samples"
    else:
        return wanted[:n]
    raise DiagnosticError(function, (finding("ND505", about("labels"), message),))


class _Bounds(Noun):
    """Lower bounds as nd.check returns them."""

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
    metrics: Metrics | None = None,
    **cost: Unpack[CostChoices],
) -> Profile:
    """Return activity, resources and cost per inference: all steps of one sample, from the cleared state, drain included.

    Energy is in J and time in s, each with an interval and a source; None where no figure is public (see .findings and
    .no_figure).

    `labels`: (samples,) integers, for the accuracy. `reference`: recording of the same samples on the backend "reference",
    for its accuracy. `accuracy` and `reference_accuracy`: fractions from 0 to 1, if already known. `lower_bounds`: least
    number of cores by resource, as nd.check returns it. `metrics`: as nd.metrics returns them, for budgets that refer to them.
    `cost`: `boundary` "cores", "chip" or "board", what energy and time comprise; `energy` "published" or "scaled" (figures of
    another chip, for one without any); `rate_per_s`, inferences per second, for the share of static power.

    Raises DiagnosticError: ND002 (arguments), ND505 (labels), ND513 (recording not sound), ND611 (figures cannot be scaled),
    ND703 (recording of another program).

    Example: nd.profile(program, recording, labels=labels).energy_per_inference
    """
    require_own("profile", program, recording)
    needs("profile", metrics=(metrics, (Metrics, type(None))))
    bounds = chosen("profile", _Bounds, None, {"lower_bounds": lower_bounds}).lower_bounds
    options = chosen("profile", CostOptions, None, cost, ("labels", "reference", "accuracy", "lower_bounds"))
    if labels is not None:
        accuracy = _accuracy(program, recording, labels)
        reference_accuracy = reference_accuracy if reference is None else _accuracy(program, reference, labels)
    made = profile_recording(
        program,
        recording,
        accuracy=accuracy,
        reference_accuracy=reference_accuracy,
        lower_bounds=bounds,
        cost=options,
    )
    return made if metrics is None else made.model_copy(update={"metrics": metrics})


_accuracy = accuracy


def compare(left: Recording, right: Recording, program: Program | None = None) -> Comparison:
    """Return whether two recordings of one program, `left` and `right`, are identical, and the first difference if not.

    `program`: adds the population of a differing state, and the rule in which the two dialects differ. The findings are
    those of `neurodeploy compare`.

    Raises DiagnosticError: ND002 (arguments), ND504 (unknown backend), ND513 (a recording is not sound).

    Example: nd.compare(nd.run(program, x), nd.run(program, x, backend="lava"), program).first
    """
    needs("compare", left=(left, Recording), right=(right, Recording), program=(program, (Program, type(None))))
    names = left.backend, right.backend
    dialects = None if program is None else backend_dialects(program, names)
    found = compare_findings(left, right, program, dialects)
    apart = any(item.code == "ND550" for item in found)
    first = first_divergence(left, right, program) if apart else None
    return Comparison(left=names[0], right=names[1], identical=not errors_in(found), first=first, findings=found)


def seal(program: Program, samples: Samples, *, steps: int | None = None, seed: int = 0) -> Program:
    """Return the program with samples, and the output of the emulator on them, sealed in it for nd.verify.

    `samples`, `steps` and `seed`: as for nd.encode. The digest of the program is unchanged.

    Raises DiagnosticError: as nd.encode and nd.run.

    Example: nd.save(nd.seal(program, {"pixels": images[:10]}), "net.ndp")
    """
    needs("seal", program=(program, Program))
    return seal_golden(program, encode(program, samples, steps=steps, seed=seed), seed=seed)


def verify(program: Program, backend: str = "emulator", *, progress: Progress | None = None) -> Comparison:
    """Return whether a backend reproduces the output that is sealed in a program.

    `backend`: one of the names in nd.backends(). `progress`: called with (steps done, total steps).

    Raises DiagnosticError: ND002 (arguments), ND501-ND504 (backend), ND553 (nothing is sealed).

    Example: nd.verify(program, "lava").identical
    """
    needs("verify", program=(program, Program), backend=(backend, str), progress=(progress, CALL))
    _, found = verify_program(program, backend, progress)
    return Comparison(left="sealed", right=backend, identical=not found, findings=found)


def over_budget(
    report: Compilation | Profile | Judgement | LayersVerdict, budgets: str | Iterable[str]
) -> tuple[Diagnostic, ...]:
    """Return a finding for each budget that a report exceeds; empty if all are met.

    `budgets`: "FIGURE<=NUMBER", such as "cores<=4", "synapse_memory<=80%" or "energy_per_inference<2uJ"; one, or several.
    The findings are ND604 (exceeded), ND605 (unknown figure) and ND706 (wrong unit), as those of `--budget`.

    Raises DiagnosticError: ND002 (arguments), ND706 (malformed budget), ND707 (no such figure).

    Example: nd.over_budget(nd.check(network), ["cores<=4"])
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
