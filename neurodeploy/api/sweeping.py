"""nd.sweep, nd.pareto and nd.evaluate: many runs on one machine or many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from os import PathLike
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import ArrayLike

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.choices import CALL, chosen, needs, whole_faults
from neurodeploy.program import Program
from neurodeploy.program.validate import require_sound
from neurodeploy.signals import RunOptions
from neurodeploy.simulate import Progress, Samples
from neurodeploy.simulate.probes import probes_named
from neurodeploy.sweep.deployment import Deployment, axis_faults
from neurodeploy.sweep.evaluate import Evaluation, evaluate_samples
from neurodeploy.sweep.nouns import Outcome, Sweep
from neurodeploy.sweep.pareto import pareto as best_rows
from neurodeploy.sweep.space import Range, Space
from neurodeploy.sweep.sweep import sweep_space

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from neurodeploy.signals import RunChoices

__all__ = ["evaluate", "pareto", "sweep"]

AnyPath = str | PathLike[str]
PATH = (str, PathLike, type(None))


class JobExecutor(Protocol):
    """An executor whose `submit` returns jobs with `done()` and `result()`, such as submitit's."""

    def submit(self, fn: Callable[..., Any], /, *args: object, **kwargs: object) -> object:
        """Return the job of a call."""
        ...


AnyExecutor = str | Executor | JobExecutor
AnySpace = Space | Mapping[str, Sequence[Any] | Range] | Sequence[Mapping[str, Any]]
Objective = Callable[..., Mapping[str, Any]] | Deployment


def sweep(
    space: AnySpace,
    objective: Objective,
    *,
    executor: AnyExecutor | None = None,
    workers: int | None = None,
    store: AnyPath | None = None,
    retry: bool = False,
    key: str = "",
    progress: Progress | None = None,
) -> Sweep:
    """Return the measures of an objective at every point of a space; points run at the same time on workers.

    `space`: axis -> values, of which all combinations are tried; a list of points, each axis -> value; or an nd.Space, which can
    also draw points at random. `objective`: a function that takes the axes by keyword and returns {measure: number}; or an
    nd.Deployment, which compiles a network, runs it and measures it.

    `executor`: "processes", by default; "threads"; "serial", in this process one after the other; "dask", "dask://HOST:PORT" or
    "dask:FILE.json" of a scheduler; any concurrent.futures.Executor, such as a Dask client's get_executor() or that of
    mpi4py.futures; or an executor of submitit. `workers`: points at the same time; default: one for each processor. `store`: a
    folder to which every result is appended as it comes: what is in it is not run again, so that a sweep that was killed goes
    on. Results are found by the source of the function and the values; `key` is any text that tells apart what these do not
    show. `retry`: run points again that failed. `progress`: called with (points done, all points).

    A point that fails is a row with findings, and the others go on. Ctrl-C gives the rows until then, with ND507.

    Raises DiagnosticError: ND002 (arguments), ND960 (space), ND961 (workers lost), ND964 and ND965 (store), ND967 (Dask is not
    installed), ND968 (the function cannot be sent to a worker).

    Example: nd.sweep({"weight_bits": [4, 6, 8], "steps": [8, 16]}, nd.Deployment(network=network, samples=samples))
    """
    needs("sweep", objective=(objective, (CALL[0], Deployment)), store=(store, PATH), progress=(progress, CALL))
    needs("sweep", retry=(retry, bool), key=(key, str))
    raise_errors("sweep", [*whole_faults("sweep", workers=workers), *_key_faults(key)])
    made = _space(space)
    if isinstance(objective, Deployment):
        raise_errors("sweep", axis_faults(objective, made.names))
    return sweep_space(
        made, objective, executor=executor, workers=workers, store=store, retry=retry, key=key, progress=progress
    )


def _key_faults(key: str) -> list[Diagnostic]:
    """ND002 for a key that no file can hold."""
    message = "argument 'key': is a text with a lone surrogate"
    broken = any("\ud800" <= letter <= "\udfff" for letter in key)
    return [finding("ND002", about("function", "sweep"), message)] if broken else []


def _space(space: AnySpace) -> Space:
    """The space in any of its forms. Raises DiagnosticError: ND002 (form), ND960 (content)."""
    needs("sweep", space=(space, (Space, Mapping, Sequence)))
    if isinstance(space, Space):
        return space
    try:
        return chosen("sweep", Space, None, {"axes" if isinstance(space, Mapping) else "points": space})
    except DiagnosticError as error:
        found = (item.model_copy(update={"code": "ND960"}) for item in error.diagnostics)
        raise DiagnosticError("sweep", tuple(found)) from None


def pareto(
    sweep: Sweep, *, maximize: str | Iterable[str] = (), minimize: str | Iterable[str] = ()
) -> tuple[Outcome, ...]:
    """Return the best rows of a sweep: those that no other row beats in one chosen measure without being worse in another.

    `sweep`: what nd.sweep returns. `maximize`, `minimize`: names of measures, or of axes with numbers; neither: accuracy against
    energy_j, latency_s and cores. Rows in which one of them is unknown do not take part.

    Raises DiagnosticError: ND002 (arguments), ND969 (no row has such a measure).

    Example: nd.pareto(result, maximize="accuracy", minimize=["energy_j", "cores"])[0].values
    """
    several = (str, Sequence, Iterator)
    needs("pareto", sweep=(sweep, Sweep), maximize=(maximize, several), minimize=(minimize, several))
    most, least = ((item,) if isinstance(item, str) else tuple(item) for item in (maximize, minimize))
    needs("pareto", **{f"measures[{k}]": (name, str) for k, name in enumerate((*most, *least))})
    return best_rows(sweep, most, least)


def evaluate(
    program: Program,
    samples: Samples,
    labels: ArrayLike | None = None,
    *,
    backend: str = "emulator",
    options: RunOptions | None = None,
    executor: AnyExecutor | None = None,
    workers: int | None = None,
    part: int | None = None,
    store: AnyPath | None = None,
    progress: Progress | None = None,
    **choices: Unpack[RunChoices],
) -> Evaluation:
    """Return recording, answers and accuracy of a test set that is run in parts on workers: bit for bit those of one nd.run.

    `program`, `samples`, `backend`, `options` and `choices`: as for nd.run. `labels`: (samples,) integers; default: those of the
    samples. `executor` and `workers`: as for nd.sweep. `part`: samples that a worker runs at a time; default: at most 256. `store`: a folder in
    which parts are kept by their content, so that a run that was killed goes on. `progress`: called with (samples done, all samples).

    Random draws of encoders and noise depend on the number of a sample in the whole set, so that parts change no bit. The findings
    of the run are merged from the parts, as for an iterator of samples.

    Raises DiagnosticError: ND002 (arguments), ND968 (samples that cannot be divided), ND961 (workers lost), ND964 and ND965 (store),
    ND967 (Dask is not installed), ND505 (labels), and as nd.run.

    Example: nd.evaluate(program, {"pixels": images}, labels, workers=8).accuracy
    """
    needs(
        "evaluate", program=(program, Program), backend=(backend, str), store=(store, PATH), progress=(progress, CALL)
    )
    raise_errors("evaluate", whole_faults("evaluate", workers=workers, part=part))
    require_sound(program)
    fields: dict[str, Any] = dict(choices)
    if "probes" in fields:
        fields["probes"] = probes_named(program.network, fields["probes"])
    made = chosen("evaluate", RunOptions, options, fields, ("backend", "executor", "workers", "part", "store"))
    return evaluate_samples(
        program,
        samples,
        labels,
        made,
        backend=backend,
        executor=executor,
        workers=workers,
        size=part,
        store=store,
        progress=progress,
    )
