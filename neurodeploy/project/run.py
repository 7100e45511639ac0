"""The test of a project: check, run and budgets on each of its targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from neurodeploy.baseline import Baseline, BaselineEntry
from neurodeploy.compiler import Compilation, compile_network
from neurodeploy.compiler.edits import edited_network
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in, finding
from neurodeploy.diff import Differences
from neurodeploy.feasibility import judge
from neurodeploy.hardware import FeasibilityTarget, Target, on_dialect, read_target
from neurodeploy.importers import Imported, ImportOptions, load
from neurodeploy.io.archive import open_npz_arrays
from neurodeploy.metrics import Metrics, metrics
from neurodeploy.network import Network
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.network.validate import validate
from neurodeploy.profile import (
    COMPILATION_FIGURES,
    JUDGEMENT_FIGURES,
    PROFILE_FIGURES,
    Budget,
    Measure,
    Profile,
    asks_for_metrics,
    budget_findings,
    compilation_measures,
    judgement_measures,
    met_budgets,
    profile,
    profile_findings,
    profile_measures,
    read_budgets,
)
from neurodeploy.program import Program, load_program
from neurodeploy.project.baseline import (
    BaselineUse,
    baseline_path,
    compared,
    entry_name,
    kept_baseline,
    measured_entry,
    written,
)
from neurodeploy.project.project import Project, ProjectTarget
from neurodeploy.project.read import require_files
from neurodeploy.project.result import ProjectResult, TargetResult
from neurodeploy.project.samples import stimulus_beside
from neurodeploy.simulate import (
    Progress,
    Recording,
    RunOptions,
    SampleValues,
    Stimulus,
    accuracy,
    answers,
    encode,
    load_stimulus,
    part_findings,
    run,
    stop_findings,
)
from neurodeploy.simulate.recorded_samples import first_samples

__all__ = ["FIGURES", "Others", "run_project", "samples_of_project"]

STAGE = "project"
FIGURES = tuple(dict.fromkeys((*PROFILE_FIGURES, *COMPILATION_FIGURES, *JUDGEMENT_FIGURES)))
"""Figures of a program, of its run, and of a judgement."""
DROP = "accuracy_drop"
"""The figure that needs a run of the float reference."""
Others = Callable[[str | None, str | None], Iterable[Target]]
"""Rule set and dialect -> targets that fixes may suggest."""


class _Source(NamedTuple):
    """What all targets of a project share."""

    project: Project
    network: Network
    program: Program | None
    """The model, if it is a program already."""
    stimulus: Stimulus
    reference: float | None
    """Accuracy of the float reference; None if it did not run."""
    base: Baseline | None
    """The baseline; None if nothing is compared."""
    compare: bool
    """Whether figures are compared with the baseline, and not only written."""


def run_project(
    project: Project, others: Others, progress: Progress | None = None, baseline: BaselineUse = "check"
) -> ProjectResult:
    """Return the result of a project on each of its targets.

    `others`: returns the targets that fixes may suggest. `progress`: called with (targets done, all targets). `baseline`:
    "check" compares with the baseline if there is one, "update" writes it unless something fails, "ignore" does neither.

    Raises DiagnosticError: ND706 and ND707 (budgets), ND622 (baseline), ND007 (baseline not writable). Everything else is in
    the findings of the result.
    """
    settings, faults, base = project.settings, require_files(project), kept_baseline(project, baseline)
    for target in settings.targets:
        read_budgets((*settings.budgets, *target.budgets), FIGURES)
    empty = ProjectResult(project=project.path, model=str(project.model), strict=settings.compile.strict)
    try:
        if faults:
            raise DiagnosticError(STAGE, faults)
        source, found = _source(project, base, compare=baseline == "check")
    except DiagnosticError as error:
        return empty.model_copy(update={"findings": error.diagnostics})
    rows = list[TargetResult]()
    for number, target in enumerate(settings.targets):
        if progress is not None:
            progress(number, len(settings.targets))
        rows.append(_on_target(source, target, others))
    done = empty.model_copy(update={"targets": tuple(rows), "findings": found})
    path = baseline_path(project) if base is not None else None
    if baseline == "update" and done.passed:
        path = written(project, base, rows)
    fields = {"baseline": None if path is None else str(path), "updated": baseline == "update" and path is not None}
    return done.model_copy(update=fields if done.passed or baseline != "update" else {})


def _source(project: Project, base: Baseline | None, *, compare: bool) -> tuple[_Source, tuple[Diagnostic, ...]]:
    """What the targets share, and its findings."""
    imported, program = _model(project)
    network = imported.network
    found = (*imported.findings, *validate(network))
    if errors_in(found):
        raise DiagnosticError(STAGE, found)
    stimulus = samples_of_project(project, imported)
    reference = _reference(project, network, stimulus)
    return _Source(project, network, program, stimulus, reference, base, compare), (
        *imported.findings,
        *stimulus.findings,
    )


def _model(project: Project) -> tuple[Imported, Program | None]:
    path = project.model
    if path.suffix == ".ndp":
        program = load_program(path)
        return Imported(network=program.network), program
    fields: dict[str, Any] = {"strict": project.settings.compile.strict, **project.import_options()}
    return load(path, ImportOptions(**fields)), None


def samples_of_project(project: Project, imported: Imported) -> Stimulus:
    """Return the encoded samples of a project.

    `imported`: its model, whose own samples are used if neither the project nor a file next to the model has any.

    Raises DiagnosticError: ND702 (no samples, or no length), and as load_stimulus and encode.
    """
    network, data = imported.network, project.settings.data
    steps, seed = data.steps, project.settings.run.seed
    if not network.inputs:
        if steps is None and network.time.steps_per_sample is None:
            message, fixes = "has no inputs, and the length of its run is not specified", ["data.steps = N"]
            raise DiagnosticError(STAGE, (finding("ND702", about("network", network.name), message, fixes=fixes),))
        return encode(network, SampleValues(values={}, n_samples=data.samples), steps=steps, seed=seed)
    path = None if data.file is None else project.at(data.file)
    values = imported.samples if path is None else None
    if values is None:
        path = path or stimulus_beside(project.model)
        if not path.exists():
            message, fixes = f"has no stimulus: '{path}' does not exist", ['data.file = "FILE.npz"']
            where = about("model", project.model)
            raise DiagnosticError(STAGE, (finding("ND702", where, message, fixes=fixes),))
        values = load_stimulus(path, network, data.encoder)
    values = first_samples(network, values, data.samples)
    return encode(network, values, steps=steps, seed=seed, time_origin=data.time_origin)


def _reference(project: Project, network: Network, stimulus: Stimulus) -> float | None:
    """Accuracy of the float reference, if a budget needs it and the network has one."""
    settings = project.settings
    texts = (*settings.budgets, *(text for target in settings.targets for text in target.budgets))
    wanted = any(item.figure == DROP for item in read_budgets(texts, FIGURES))
    if not wanted or any(item.neuron.kind not in CUBA_KINDS for item in network.populations):
        return None
    for target in settings.targets:
        chip = _read(project, target)
        if isinstance(chip, Target):
            done = compile_network(network, chip, settings.compile.model_copy(update={"fixes": False}))
            if done.program is not None:
                options = RunOptions(seed=settings.run.seed)
                return _accuracy(network, run(done.program, stimulus, backend="reference", options=options), stimulus)
    return None


def _accuracy(network: Network, recording: Recording, stimulus: Stimulus) -> float | None:
    predicted = answers(network, recording)
    if predicted is None or stimulus.labels is None:
        return None
    return accuracy(predicted, stimulus.labels[: len(predicted)])


def _read(project: Project, target: ProjectTarget) -> Target | FeasibilityTarget:
    chip = read_target(project.target_name(target), board=target.board, rules=target.rules)
    if isinstance(chip, Target):
        return on_dialect(chip, target.dialect)
    if target.dialect is not None:
        message = f"does not apply to target '{chip.name}', which has no dialect"
        raise DiagnosticError(STAGE, (finding("ND703", about("dialect", target.dialect), message),))
    return chip


def _on_target(source: _Source, target: ProjectTarget, others: Others) -> TargetResult:
    try:
        chip = _read(source.project, target)
        if isinstance(chip, Target):
            return _run_on(source, target, chip, others)
        return _judged(source, target, chip)
    except DiagnosticError as error:
        return TargetResult(label=target.label, verdict="not tried", findings=error.diagnostics)


def _judged(source: _Source, target: ProjectTarget, chip: FeasibilityTarget) -> TargetResult:
    """The result on a target of another architecture, where only budgets of its limits are checked."""
    network, _ = edited_network(source.network, source.project.settings.compile)
    result = judge(network, chip)
    budgets = [item for item in _budgets(source, target) if item.figure in JUDGEMENT_FIGURES]
    measures = judgement_measures(result, result.findings)
    found = (*result.findings, *budget_findings(budgets, measures))
    met = met_budgets(budgets, found)
    return TargetResult(label=target.label, verdict=result.verdict, findings=found, met=met)


def _budgets(source: _Source, target: ProjectTarget) -> tuple[Budget, ...]:
    texts = (*source.project.settings.budgets, *target.budgets)
    return read_budgets(texts, FIGURES)


def _run_on(source: _Source, target: ProjectTarget, chip: Target, others: Others) -> TargetResult:
    settings = source.project.settings
    result = _compiled(source, target, chip, others)
    row = TargetResult(label=target.label, verdict=result.verdict, cores=result.n_cores, findings=result.findings)
    if result.program is None or errors_in(result.findings, strict=settings.compile.strict):
        return row
    options = RunOptions(seed=settings.run.seed)
    recording = run(result.program, source.stimulus, backend=settings.run.backend, options=options)
    budgets = _budgets(source, target)
    figures, ran = _profiled(source, result, recording, budgets)
    measures: dict[str, Measure] = {**compilation_measures(result), **profile_measures(figures)}
    of_all = source.stimulus.findings
    every = dict.fromkeys((*result.findings, *ran))  # both stages may lack the same kernels
    found = [item for item in every if item not in of_all]
    over = budget_findings(budgets, measures)
    name, entry = (
        entry_name(source.network.name, target.label),
        measured_entry(result.program, recording, figures, source.stimulus),
    )
    moved = _moved(source, name, entry)
    fields = {
        "findings": (*found, *over, *(moved.findings if moved else ())),
        "baseline": _against(moved),
        "entry_name": name,
        "entry": entry,
        "differences": moved,
        "met": met_budgets(budgets, over),
        "profile": figures,
        "program": result.program,
        "recording": recording,
    }
    return row.model_copy(update=fields)


def _moved(source: _Source, name: str, entry: BaselineEntry | None) -> Differences | None:
    """How an entry differs from the baseline; None if it is not compared."""
    path = baseline_path(source.project)
    if not source.compare or source.base is None or entry is None or path is None:
        return None
    return compared(name, entry, source.base, path)


def _against(moved: Differences | None) -> str | None:
    if moved is None:
        return None
    codes = {item.code for item in moved.findings}
    return "absent" if "ND621" in codes else "moved" if codes & {"ND620", "ND623"} else "same"


def _compiled(source: _Source, target: ProjectTarget, chip: Target, others: Others) -> Compilation:
    program = source.program
    if program is None:
        offered = others(target.rules, target.dialect)
        return compile_network(source.network, chip, source.project.settings.compile, others=offered)
    own = program.target
    has = (own.name, own.board, own.rule_set, own.dialect.name)
    wants = (chip.name, chip.board, chip.rule_set, chip.dialect.name)
    if has != wants:
        message = f"is compiled for {own.name}, which contradicts target '{target.label}' of the project"
        raise DiagnosticError(STAGE, (finding("ND703", about("program"), message),))
    cores, found = program.tables.n_cores, program.findings
    return Compilation(program=program, verdict="fits", findings=found, ledger=program.ledger, n_cores=cores)


def _profiled(
    source: _Source, result: Compilation, recording: Recording, budgets: Iterable[Budget]
) -> tuple[Profile, tuple[Diagnostic, ...]]:
    """The profile of a run with the metrics that the project or a budget asks for, and the findings of both."""
    network, program = source.network, result.require(strict=False)
    partial = part_findings(network, recording, source.stimulus)
    fraction = None if partial else _accuracy(network, recording, source.stimulus)
    figures = profile(
        program,
        recording,
        accuracy=fraction,
        reference_accuracy=source.reference,
        lower_bounds=result.lower_bounds,
    )
    made = None if partial else _metrics(source, program, recording, budgets)
    found = (*stop_findings(recording), *recording.findings, *partial, *(made.findings if made else ()))
    figures = figures if made is None else figures.model_copy(update={"metrics": made})
    return figures, (*found, *profile_findings(figures, part=bool(partial)))


def _metrics(source: _Source, program: Program, recording: Recording, budgets: Iterable[Budget]) -> Metrics | None:
    project, data = source.project, source.project.settings.data
    functions = project.metric_functions()
    if not functions and data.targets is None and not asks_for_metrics(budgets):
        return None
    targets = None if data.targets is None else open_npz_arrays(project.at(data.targets))
    labels = source.stimulus.labels if source.network.outputs else None
    if labels is None and targets is None and not functions:
        return None
    return metrics(program, recording, labels=labels, targets=targets, functions=functions)
