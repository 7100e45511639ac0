"""A network for a target: compiled, checked, judged against other chips, or held against all targets at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, get_args, overload

from neurodeploy.check import DomainVerdict, dialect_verdict, domain_findings
from neurodeploy.compiler import Compilation, CompileOptions, FitRow, compile_network, fit_network
from neurodeploy.compiler.compile import starting_stages
from neurodeploy.compiler.edits import edited_network
from neurodeploy.compiler.options import CompileChoices
from neurodeploy.compiler.stages import StageName
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
from neurodeploy.network import Network
from neurodeploy.network.layer_shapes import LayerStack, load_layers
from neurodeploy.network.validate import validate
from neurodeploy.program import Program
from neurodeploy.quantize import Quantized
from neurodeploy.simulate import drain_steps

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["CompileChoices", "check", "check_shapes", "compile", "dialects", "fit", "judge", "real_targets"]

AnyTarget = str | PathLike[str] | Target
Source = Network | Quantized | Mapping
"""What a compilation starts from."""
OTHERS = tuple(ARCHITECTURES.values())
_PLACE = ("target", "board", "rules", "dialect", "options", "progress")


def _target(door: str, given: AnyTarget, board: str | None, rules: str | None, dialect: str | None) -> Target:
    """The target by name, by the path of its file, or as it was loaded, on a board, under rules and a dialect."""
    text = (str, type(None))
    needs(
        door, target=(given, (str, PathLike, Target)), board=(board, text), rules=(rules, text), dialect=(dialect, text)
    )
    held = given if isinstance(given, Target) else load_target(fspath(given))
    held = held if rules is None else with_rules(held, rules)
    return on_dialect(held if board is None else on_board(held, board), dialect)


def real_targets(rules: str | None = None, dialect: str | None = None) -> Iterator[Target]:
    """Yield the installed targets of Loihi-style cores that exist outside this project: what a fix may offer instead.

    `rules` and `dialect`: what the user chose, which goes on to count; targets without such rules are left out.
    """
    for name in target_names():
        target = read_target(name)
        if not isinstance(target, Target) or target.chip.cores.confidence == "ours":
            continue
        if rules is None or rules in target.rules:
            yield on_dialect(target if rules is None else with_rules(target, rules), dialect)


@overload
def compile(
    network: Source,
    target: AnyTarget = ...,
    *,
    board: str | None = None,
    rules: str | None = None,
    dialect: str | None = None,
    options: CompileOptions | None = None,
    progress: Progress | None = None,
    start: StageName | None = None,
    stop: None = None,
    **choices: Unpack[CompileChoices],
) -> Program: ...


@overload
def compile(
    network: Source,
    target: AnyTarget = ...,
    *,
    board: str | None = None,
    rules: str | None = None,
    dialect: str | None = None,
    options: CompileOptions | None = None,
    progress: Progress | None = None,
    start: StageName | None = None,
    stop: StageName,
    **choices: Unpack[CompileChoices],
) -> Compilation: ...


def compile(
    network: Source,
    target: AnyTarget = "loihi1",
    *,
    board: str | None = None,
    rules: str | None = None,
    dialect: str | None = None,
    options: CompileOptions | None = None,
    progress: Progress | None = None,
    start: StageName | None = None,
    stop: StageName | None = None,
    **choices: Unpack[CompileChoices],
) -> Program | Compilation:
    """Return the program of a network for a target, with its ledger and the warnings of its compilation in `findings`.

    `target`: a name of nd.targets(), the path of a .toml file, or a loaded target. `board`: a board of the target;
    default one chip. `rules`: the rule set that counts synapse memory. `dialect`: the arithmetic, if not the target's
    own. `choices`: fields of CompileOptions by name, such as weight_bits={"hidden": 6} (stored bits), level (0 to 3) or
    time_limit_s (seconds); help(nd.CompileOptions) lists all. They override those of `options`. `progress`: called with
    the activity (a stage, or the fix that is tried), how much of it is done, and how much there is.

    `stop`: the last stage, one of validate, quantize, check, partition, place, emit and fixes; the result is then the
    Compilation with what exists so far, and findings raise nothing. `network` may also be the `quantized` or the `mapping`
    of such a Compilation, made for the same target; `start` is the stage that begins with it (check or partition, place
    or emit). A stage before `start` does not run again, so its options have no effect.

    Raises DiagnosticError with every finding if the network does not fit, or under `strict` if there is a warning:
    ND002 (arguments), ND020-ND029 (target), ND1xx (network), ND2xx (conversion), ND3xx (limits of a core), ND4xx
    (mapping).
    """
    text = (str, type(None))
    needs(
        "compile",
        network=(network, (Network, Quantized, Mapping)),
        progress=(progress, CALL),
        start=(start, text),
        stop=(stop, text),
    )
    raise_errors("compile", _stage_faults(network, start, stop))
    held = _target("compile", target, board, rules, dialect)
    raise_errors("compile", _target_faults(network, held))
    made = chosen("compile", CompileOptions, options, choices, (*_PLACE, "start", "stop"))
    others, last = real_targets(rules, dialect), stop or "fixes"
    result = compile_network(network, held, made, others=others, progress=progress, start=start, stop=last)
    return result.require(strict=made.strict) if stop is None else result


def _target_faults(source: Source, target: Target) -> list[Diagnostic]:
    """ND002 for integers or a mapping that were made for another target."""
    if isinstance(source, Network):
        return []
    made = source.target if isinstance(source, Mapping) else None
    quantized = source.quantized if isinstance(source, Mapping) else source
    own, wanted = (quantized.target_name, quantized.dialect_name), (target.name, target.dialect.name)
    if own == wanted and (made is None or made == target):
        return []
    kind = type(source).__name__
    names = f"'{own[0]}' (dialect {own[1]}), not for '{wanted[0]}' (dialect {wanted[1]})"
    message = f"argument 'target': the {kind} was made for {names}"
    if own == wanted:
        message = f"argument 'target': the {kind} was made for another board, rule set or file of target '{own[0]}'"
    return [finding("ND002", about("function", "compile"), message)]


def _stage_faults(source: Source, start: str | None, stop: str | None) -> list[Diagnostic]:
    """ND002 for stages that do not exist, or that cannot begin with what is given."""
    names, found = list(get_args(StageName)), list[Diagnostic]()
    for argument, stage in (("start", start), ("stop", stop)):
        if stage is not None and stage not in names:
            message = f"argument '{argument}': {stage!r} is not one of {', '.join(names)}"
            found.append(finding("ND002", about("function", "compile"), message, fixes=nearest(stage, names)))
    legal = starting_stages(source)
    if not found and start is not None and start not in legal:
        message = f"argument 'start': a {type(source).__name__} starts with {' or '.join(legal)}, not with '{start}'"
        found.append(finding("ND002", about("function", "compile"), message))
    first = start if start in names else legal[0]
    if not found and stop is not None and names.index(str(stop)) < names.index(str(first)):
        message = f"argument 'stop': stage '{stop}' comes before '{first}', the first"
        found.append(finding("ND002", about("function", "compile"), message))
    return found


def check(
    model: Network | Imported | Program,
    target: AnyTarget | None = None,
    *,
    board: str | None = None,
    rules: str | None = None,
    dialect: str | None = None,
    options: CompileOptions | None = None,
    progress: Progress | None = None,
    **choices: Unpack[CompileChoices],
) -> Compilation:
    """Return what compiling a network gives: a verdict, every finding with fixes that were tried, the ledger, a program.

    `model`: a Network; an Imported, whose findings and ledger come first; or a Program, of which is told what it is.
    The other arguments, `board`, `rules`, `dialect`, `options`, `progress` and `choices`, are those of nd.compile; loihi1
    is the target if none is named. Raises DiagnosticError for wrong arguments only: ND002, ND020-ND029, ND703 (a target
    beside a program).
    """
    needs("check", model=(model, (Network, Imported, Program)), progress=(progress, CALL))
    made = chosen("check", CompileOptions, options, choices, _PLACE)
    if isinstance(model, Program):
        asked = {"target": target, "board": board, "rules": rules, "dialect": dialect}
        given = [name for name, value in asked.items() if value is not None]
        if given:
            told = f"is compiled already, and cannot have another {' or '.join(given)}"
            raise DiagnosticError("check", (finding("ND703", about("program"), told, fixes=["check its .network"]),))
        result = Compilation(
            program=model, verdict="fits", findings=model.findings, ledger=model.ledger, n_cores=model.tables.n_cores
        )
    else:
        held = _target("check", "loihi1" if target is None else target, board, rules, dialect)
        network = model.network if isinstance(model, Imported) else model
        result = compile_network(network, held, made, others=real_targets(rules, dialect), progress=progress)
    told, ledger = (model.findings, model.ledger) if isinstance(model, Imported) else ((), ())
    notes = domain_findings(result.program, dialects(result.program)) if result.program else ()
    together = {"findings": (*told, *result.findings, *notes), "ledger": (*ledger, *result.ledger)}
    return result.model_copy(update=together)


def dialects(program: Program) -> DomainVerdict:
    """Return under which other dialects a program gives the same bits, proven, or where they could part.

    A sample is as long as the network says, drain included; without time.steps_per_sample any number of steps is
    proven. Raises DiagnosticError: ND002.
    """
    needs("dialects", program=(program, Program))
    steps = program.network.time.steps_per_sample
    drained = None if steps is None else steps + drain_steps(program.network)
    return dialect_verdict(program, [load_dialect(name) for name in dialect_names()], drained)


def judge(
    network: Network,
    target: str | PathLike[str] | FeasibilityTarget,
    *,
    options: CompileOptions | None = None,
    **choices: Unpack[CompileChoices],
) -> Judgement:
    """Return a network against a target of another architecture: verdict, findings, and the use of every public limit.

    `options` and `choices`: as of nd.compile; those that edit the network count (prune, prune_sources, max_delay).
    Raises DiagnosticError: ND002, ND020-ND029, ND1xx if the network is not valid.
    """
    needs("judge", network=(network, Network), target=(target, (str, PathLike, *OTHERS)))
    made = chosen("judge", CompileOptions, options, choices, ("target", "options"))
    held = load_feasibility_target(target) if isinstance(target, (str, PathLike)) else target
    told = raise_errors("judge", validate(network))
    others = [item for item in (read_target(name) for name in target_names()) if isinstance(item, OTHERS)]
    result = judge_network(edited_network(network, made)[0], held, others=others)
    return result.model_copy(update={"findings": (*told, *result.findings)})


def check_shapes(
    layers: str | PathLike[str] | LayerStack,
    target: AnyTarget = "loihi1",
    *,
    board: str | None = None,
    rules: str | None = None,
) -> LayersVerdict:
    """Return whether a network given by the shapes of its layers fits: cores, lower bounds, how each layer is cut.

    `layers`: the path of a TOML file, or a LayerStack. `board` and `rules`: as of nd.compile. Raises DiagnosticError:
    ND001, ND010 (layers), ND020-ND029 (target).
    """
    needs("check_shapes", layers=(layers, (str, PathLike, LayerStack)))
    held = _target("check_shapes", target, board, rules, None)
    return fit_layers(layers if isinstance(layers, LayerStack) else load_layers(fspath(layers)), held)


def fit(
    network: Network,
    targets: Iterable[AnyTarget | FeasibilityTarget] | None = None,
    *,
    options: CompileOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
    **choices: Unpack[CompileChoices],
) -> tuple[FitRow, ...]:
    """Return how a network fits targets and their boards: cores, the fullest resource, the smallest change that helps.

    `targets`: names, paths or loaded targets; default all that are installed, those that are compiled for first.
    `progress`: called with (targets done, targets in all). `options` and `choices`: as of nd.compile. Raises
    DiagnosticError: ND002, ND020-ND029, and ND1xx if the network is not valid.
    """
    needs("fit", network=(network, Network), progress=(progress, CALL))
    made = chosen("fit", CompileOptions, options, choices, ("targets", "options", "progress"))
    asked = target_names() if targets is None else [targets] if isinstance(targets, (str, Target, *OTHERS)) else targets
    needs("fit", targets=(asked, (Sequence, Iterator)))
    every = [_any_target(item) for item in asked]
    every.sort(key=lambda item: not isinstance(item, Target))
    found = validate(network)
    if errors_in(found, strict=made.strict):
        raise DiagnosticError("fit", found)
    return fit_network(network, every, made, progress=progress)


def _any_target(given: AnyTarget | FeasibilityTarget) -> Target | FeasibilityTarget:
    needs("fit", targets=(given, (str, PathLike, Target, *OTHERS)))
    return read_target(given) if isinstance(given, (str, PathLike)) else given
