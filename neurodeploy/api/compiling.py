"""Functions that compile, check or judge a network for one target, or compare its fit on all targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from os import PathLike, fspath
from typing import TYPE_CHECKING, cast, get_args

from neurodeploy.check import DomainVerdict, dialect_verdict, domain_findings
from neurodeploy.compiler import Compilation, CompileOptions, FitRow, compile_network, fit_network
from neurodeploy.compiler.compile import starting_stages
from neurodeploy.compiler.edits import edited_network
from neurodeploy.compiler.options import CompileChoices
from neurodeploy.compiler.stages import StageName
from neurodeploy.convert.destination import target_of
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in, finding, raise_errors
from neurodeploy.diagnostics.choices import CALL, chosen, needs
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.feasibility import Judgement
from neurodeploy.feasibility import judge as judge_network
from neurodeploy.hardware import (
    FeasibilityTarget,
    Target,
    dialect_names,
    load_dialect,
    load_feasibility_target,
    load_target,
    on_board,
    on_dialect,
    read_target,
    target_names,
    with_rules,
)
from neurodeploy.hardware.feasibility_target import ARCHITECTURES
from neurodeploy.importers import Imported
from neurodeploy.mapping import LayersVerdict, Mapping, Progress, fit_layers
from neurodeploy.monitor import calibrated
from neurodeploy.network import Network
from neurodeploy.network.layer_shapes import LayerStack, load_layers
from neurodeploy.network.validate import validate
from neurodeploy.program import Program
from neurodeploy.quantize import Quantized
from neurodeploy.signals import Samples
from neurodeploy.simulate import drain_steps
from neurodeploy.tuning import tune

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["CompileChoices", "check", "check_shapes", "compile", "dialects", "fit", "judge", "real_targets"]

AnyTarget = str | PathLike[str] | Target
Source = Network | Quantized | Mapping
SOURCES = (Network, Quantized, Mapping)
"""Types that a compilation can start from."""
OTHERS = tuple(ARCHITECTURES.values())
_PLACE = ("target", "board", "rules", "dialect", "options", "progress", "executor")
_SHARDS = (Executor, type(None))


def _target(function: str, choice: AnyTarget, board: str | None, rules: str | None, dialect: str | None) -> Target:
    """The target from its name, the path of its file or a loaded target, with the board, rule set and dialect selected."""
    text = (str, type(None))
    needs(
        function,
        target=(choice, (str, PathLike, Target)),
        board=(board, text),
        rules=(rules, text),
        dialect=(dialect, text),
    )
    result = choice if isinstance(choice, Target) else load_target(fspath(choice))
    result = result if rules is None else with_rules(result, rules)
    return on_dialect(result if board is None else on_board(result, board), dialect)


def _usual(source: Source, target: AnyTarget | None) -> AnyTarget:
    """The target, or the one that a network was converted for, or loihi1."""
    own = target_of(source) if isinstance(source, Network) else None
    return (own or "loihi1") if target is None else target


def real_targets(rules: str | None = None, dialect: str | None = None) -> Iterator[Target]:
    """Yield the installed targets of Loihi-style cores that exist as hardware, for suggestions in fixes.

    `rules` and `dialect`: the user's choice, applied to each target; targets without the rule set are omitted.
    """
    for name in target_names():
        target = read_target(name)
        if not isinstance(target, Target) or target.chip.cores.confidence == "ours":
            continue
        if rules is None or rules in target.rules:
            yield on_dialect(target if rules is None else with_rules(target, rules), dialect)


def compile(
    network: Source | Imported,
    target: AnyTarget | None = None,
    *,
    board: str | None = None,
    rules: str | None = None,
    dialect: str | None = None,
    options: CompileOptions | None = None,
    progress: Progress | None = None,
    start: StageName | None = None,
    calibration: Samples = None,
    executor: Executor | None = None,
    **choices: Unpack[CompileChoices],
) -> Program:
    """Return the program of a network for a target, with its ledger and the warnings of its compilation in `findings`.

    `target`: a name of nd.targets(), the path of a .toml file, or a loaded target; default: the one that the network
    was converted for, or loihi1. `board`: a board of the target; default one chip. `rules`: the rule set that counts
    synapse memory. `dialect`: the arithmetic, if not the target's own. `choices`: fields of CompileOptions by name,
    such as weight_bits={"hidden": 6} (stored bits), level (0 to 3) or time_limit_s (seconds); help(nd.CompileOptions)
    lists all. They override those of `options`. `progress`: called with (activity, amount done, total amount); the
    activity is a stage or a fix under trial.

    `calibration`: samples as for nd.run, with labels if there are any, on which options for finer integers are searched
    (channel_scales, doublings, clip_weights); they are kept only if the integers then agree better with floats on samples
    that did not choose them. The ledger has both figures. The activity of the program on them is sealed in it, as by
    nd.calibrate.

    `network` may be the result of an import or a conversion. It may also be the `quantized` or the `mapping` of a
    Compilation that nd.check stopped after a stage, made for the same target; `start` is the first stage to run on it (check or
    partition, place or emit). Stages before `start` do not run again, so their options have no effect. `executor`: a
    concurrent.futures.Executor that fills the cores of a large network with drawn synapses, also of Dask.

    Raises DiagnosticError with every finding if the network does not fit, or for a warning under `strict`:
    ND002 (arguments), ND020-ND029 (target), ND1xx (network), ND2xx (conversion), ND3xx (limits of a core), ND4xx
    (mapping), ND990 and ND992 (shards).
    """
    needs("compile", network=(network, (*SOURCES, Imported)), progress=(progress, CALL), executor=(executor, _SHARDS))
    network = network.network if isinstance(network, Imported) else network
    chosen_target = _target("compile", _usual(network, target), board, rules, dialect)
    raise_errors("compile", _source_faults("compile", network, chosen_target, start, None))
    settings = chosen("compile", CompileOptions, options, choices, (*_PLACE, "start", "calibration"))
    others, ledger = real_targets(rules, dialect), ()
    if calibration is not None:
        needs("compile", network=(network, Network))
        tuned = tune(cast("Network", network), chosen_target, settings, calibration)
        settings, ledger = tuned.options, tuned.ledger
    result = compile_network(
        network, chosen_target, settings, others=others, progress=progress, start=start, executor=executor
    )
    program = result.require(strict=settings.strict)
    if calibration is None:
        return program
    return calibrated(program.model_copy(update={"ledger": (*ledger, *program.ledger)}), calibration)


def _source_faults(
    function: str, source: Source, target: Target, start: str | None, stop: str | None
) -> list[Diagnostic]:
    """ND002 for wrong stages, and for integers or a mapping that were made for another target."""
    text = (str, type(None))
    needs(function, start=(start, text), stop=(stop, text))
    messages = [*_stage_messages(source, start, stop), *_target_messages(source, target)]
    return [finding("ND002", about("function", function), message, fixes=fixes) for message, fixes in messages]


def _target_messages(source: Source, target: Target) -> list[tuple[str, list[str]]]:
    if isinstance(source, Network):
        return []
    source_target = source.target if isinstance(source, Mapping) else None
    quantized = source.quantized if isinstance(source, Mapping) else source
    own, wanted = (quantized.target_name, quantized.dialect_name), (target.name, target.dialect.name)
    if own == wanted and (source_target is None or source_target == target):
        return []
    kind = type(source).__name__
    if own == wanted:
        return [
            (f"argument 'target': the {kind} was made for another board, rule set or file of target '{own[0]}'", [])
        ]
    names = f"'{own[0]}' (dialect {own[1]}), not for '{wanted[0]}' (dialect {wanted[1]})"
    return [(f"argument 'target': the {kind} was made for {names}", [])]


def _stage_messages(source: Source, start: str | None, stop: str | None) -> list[tuple[str, list[str]]]:
    names, legal = list(get_args(StageName)), starting_stages(source)
    unknown = [
        (f"argument '{argument}': {stage[:60]!r} is not one of {', '.join(names)}", nearest(stage, names))
        for argument, stage in (("start", start), ("stop", stop))
        if stage is not None and stage not in names
    ]
    if unknown:
        return unknown
    if start is not None and start not in legal:
        kind = type(source).__name__
        return [(f"argument 'start': a {kind} starts with {' or '.join(legal)}, not with '{start}'", [])]
    first = start or legal[0]
    if stop is not None and names.index(stop) < names.index(first):
        return [(f"argument 'stop': stage '{stop}' comes before '{first}', the first", [])]
    return []


def check(
    model: Source | Imported | Program,
    target: AnyTarget | None = None,
    *,
    board: str | None = None,
    rules: str | None = None,
    dialect: str | None = None,
    options: CompileOptions | None = None,
    progress: Progress | None = None,
    start: StageName | None = None,
    stop: StageName | None = None,
    executor: Executor | None = None,
    **choices: Unpack[CompileChoices],
) -> Compilation:
    """Return the result of compiling a network: a verdict, every finding with verified fixes, the ledger, and a
    program.

    `model`: a Network; an Imported, whose findings and ledger come first; or a Program, which is described without
    compiling it again. `stop`: the last stage, one of validate, quantize, check, partition, place, emit and fixes; the
    Compilation then holds the results so far. `model` may also be its `quantized` or its `mapping`, and `start` the first
    stage to run on it. The other arguments, `board`, `rules`, `dialect`, `options`, `progress`, `executor` and `choices`, are
    those of nd.compile, as is the default target. Raises DiagnosticError for wrong arguments only: ND002, ND020-ND029, ND703.
    """
    needs(
        "check", model=(model, (*SOURCES, Imported, Program)), progress=(progress, CALL), executor=(executor, _SHARDS)
    )
    settings = chosen("check", CompileOptions, options, choices, (*_PLACE, "start", "stop"))
    if isinstance(model, Program):
        options_of_target = {"target": target, "board": board, "rules": rules, "dialect": dialect}
        contradicting = [name for name, value in options_of_target.items() if value is not None]
        if contradicting:
            message = f"is already compiled, and cannot take another {' or '.join(contradicting)}"
            raise DiagnosticError("check", (finding("ND703", about("program"), message, fixes=["check its .network"]),))
        result = Compilation(
            program=model, verdict="fits", findings=model.findings, ledger=model.ledger, n_cores=model.tables.n_cores
        )
    else:
        source = model.network if isinstance(model, Imported) else model
        chosen_target = _target("check", _usual(source, target), board, rules, dialect)
        raise_errors("check", _source_faults("check", source, chosen_target, start, stop))
        result = compile_network(
            source,
            chosen_target,
            settings,
            others=real_targets(rules, dialect),
            progress=progress,
            start=start,
            stop=stop or "fixes",
            executor=executor,
        )
    findings, ledger = (model.findings, model.ledger) if isinstance(model, Imported) else ((), ())
    notes = domain_findings(result.program, dialects(result.program)) if result.program else ()
    combined = {"findings": (*findings, *result.findings, *notes), "ledger": (*ledger, *result.ledger)}
    return result.model_copy(update=combined)


def dialects(program: Program) -> DomainVerdict:
    """Return the other dialects under which a program provably gives the same results, and the reasons for all others.

    The proof covers the sample length of the network, drain included; without time.steps_per_sample, any number of
    steps. Raises DiagnosticError: ND002.
    """
    needs("dialects", program=(program, Program))
    steps = program.network.time.steps_per_sample
    drained = None if steps is None else steps + drain_steps(program.network)
    return dialect_verdict(program, [load_dialect(name) for name in dialect_names()], drained)


def judge(
    network: Network | Imported,
    target: str | PathLike[str] | FeasibilityTarget,
    *,
    options: CompileOptions | None = None,
    **choices: Unpack[CompileChoices],
) -> Judgement:
    """Return the judgement of a network against a target of another architecture: verdict, findings, and use of every
    limit.

    `options` and `choices`: as for nd.compile; only those that edit the network apply (prune, prune_sources,
    max_delay). Raises DiagnosticError: ND002, ND020-ND029, ND1xx if the network is not valid.
    """
    needs("judge", network=(network, (Network, Imported)), target=(target, (str, PathLike, *OTHERS)))
    settings = chosen("judge", CompileOptions, options, choices, ("target", "options"))
    chosen_target = load_feasibility_target(target) if isinstance(target, (str, PathLike)) else target
    network = network.network if isinstance(network, Imported) else network
    findings = raise_errors("judge", validate(network))
    others = [item for item in (read_target(name) for name in target_names()) if isinstance(item, OTHERS)]
    result = judge_network(edited_network(network, settings)[0], chosen_target, others=others)
    return result.model_copy(update={"findings": (*findings, *result.findings)})


def check_shapes(
    layers: str | PathLike[str] | LayerStack,
    target: AnyTarget = "loihi1",
    *,
    board: str | None = None,
    rules: str | None = None,
) -> LayersVerdict:
    """Return the fit of a network given by the shapes of its layers: cores, lower bounds, and the tiles of each layer.

    `layers`: the path of a TOML file, or a LayerStack. `board` and `rules`: as for nd.compile. Raises DiagnosticError:
    ND001, ND010 (layers), ND020-ND029 (target).
    """
    needs("check_shapes", layers=(layers, (str, PathLike, LayerStack)))
    chosen_target = _target("check_shapes", target, board, rules, None)
    return fit_layers(layers if isinstance(layers, LayerStack) else load_layers(fspath(layers)), chosen_target)


def fit(
    network: Network | Imported,
    targets: Iterable[AnyTarget | FeasibilityTarget] | None = None,
    *,
    options: CompileOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
    **choices: Unpack[CompileChoices],
) -> tuple[FitRow, ...]:
    """Return the fit of a network on targets and their boards: cores, the fullest resource, the smallest change that
    helps.

    `targets`: names, paths or loaded targets; default: all installed targets, those with Loihi-style cores first.
    `progress`: called with (targets done, total targets). `options` and `choices`: as for nd.compile. Raises
    DiagnosticError: ND002, ND020-ND029, and ND1xx if the network is not valid.
    """
    needs("fit", network=(network, (Network, Imported)), progress=(progress, CALL))
    network = network.network if isinstance(network, Imported) else network
    settings = chosen("fit", CompileOptions, options, choices, ("targets", "options", "progress"))
    selected = (
        target_names() if targets is None else [targets] if isinstance(targets, (str, Target, *OTHERS)) else targets
    )
    needs("fit", targets=(selected, (Sequence, Iterator)))
    every = [_any_target(item) for item in selected]
    every.sort(key=lambda item: not isinstance(item, Target))
    found = validate(network)
    if errors_in(found, strict=settings.strict):
        raise DiagnosticError("fit", found)
    return fit_network(network, every, settings, progress=progress)


def _any_target(choice: AnyTarget | FeasibilityTarget) -> Target | FeasibilityTarget:
    needs("fit", targets=(choice, (str, PathLike, Target, *OTHERS)))
    return read_target(choice) if isinstance(choice, (str, PathLike)) else choice
