"""A sweep: the units of a space, those of them that are in the store, and the others, which are run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from os import PathLike
from typing import Any

from neurodeploy.base.noun import json_digest
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.sweep.executors import Foreign, Pool, Processes, make_pool
from neurodeploy.sweep.nouns import Number, Outcome, Sweep, Unit, address_of
from neurodeploy.sweep.objective import Measured, Objective, content_digest, name_of, task_of
from neurodeploy.sweep.run import run_units
from neurodeploy.sweep.space import Point, Space, points
from neurodeploy.sweep.store import Store, opened
from neurodeploy.sweep.worker import Done

__all__ = ["is_local", "sweep_space"]

VERSION = 1
"""Version of addresses: a change of what a unit means makes old results unusable."""


def is_local(pool: Pool) -> bool:
    """Whether units of a pool run in this process."""
    return isinstance(pool, Foreign) and pool.name in ("threads", "serial")


def sweep_space(
    space: Space,
    objective: Objective,
    *,
    executor: object = None,
    workers: int | None = None,
    store: str | PathLike[str] | None = None,
    retry: bool = False,
    key: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Sweep:
    """Return the outcomes of an objective at every point of a space.

    `space`: the points. `objective`: called with the values of a point by keyword. `executor`, `workers`: as for `make_pool`.
    `store`: folder of results, of which those of this objective are not run again. `retry`: run those that failed again.
    `key`: part of the addresses, to tell apart what the source of the objective does not show. `progress`: called with (points
    done, all points).

    Raises DiagnosticError: ND002 (executor), ND961 (executor lost), ND964 and ND965 (store), ND968 (objective cannot be sent).
    """
    with nullcontext() if store is None else opened(store) as kept:
        units = _Units(space, objective, key, kept, retry=retry)
        pool = make_pool(executor, workers)
        return _swept(units, objective, pool, progress)


class _Units:
    """The units of a sweep, with the outcomes that are known of them."""

    def __init__(self, space: Space, objective: Objective, key: str, store: Store | None, *, retry: bool) -> None:
        self.space, self.store = space, store
        self.digest = json_digest([VERSION, content_digest(objective), key])
        self._content: Callable[[Point], str] = getattr(objective, "sweep_content", lambda _: "")
        self.outcomes = dict[str, Outcome]()
        self.count = 0
        wanted = {unit.address for unit in self.all()} if store is not None else set[str]()
        for outcome in store.outcomes() if store is not None else ():
            if outcome.address in wanted:
                self.outcomes[outcome.address] = outcome
        if retry:
            self.outcomes = {address: item for address, item in self.outcomes.items() if not item.failed}
        self.known = len(self.outcomes)

    def all(self) -> Iterator[Unit]:
        """Yield every unit, in the order of the space."""
        for values in points(self.space):
            yield Unit(address_of(self.digest, values, self._content(values)), values)

    def missing(self) -> Iterator[Unit]:
        """Yield the units without an outcome, each once."""
        given = set(self.outcomes)
        for unit in self.all():
            if unit.address not in given:
                given.add(unit.address)
                yield unit

    def add(self, done: Done) -> None:
        """Keep what a unit gave, in the store first."""
        measures: dict[str, Number] = {} if done.result is None else done.result
        outcome = Outcome(done.unit.address, done.unit.values, measures, done.findings, done.seconds, done.worker)
        if self.store is not None:
            self.store.add(outcome)
        self.outcomes[outcome.address] = outcome

    def rows(self) -> tuple[Outcome, ...]:
        """Return the outcomes in the order of the space."""
        found = (self.outcomes.get(unit.address) for unit in self.all())
        return tuple(item for item in found if item is not None)


def _swept(units: _Units, objective: Objective, pool: Pool, progress: Callable[[int, int], None] | None) -> Sweep:
    began, total, stopped = time.monotonic(), units.space.size, list[Diagnostic]()

    def take(done: Done) -> None:
        units.add(done)
        if progress is not None:
            progress(len(units.outcomes), total)

    at_once = True
    try:
        name = name_of(objective)
        sent, imports_script = not is_local(pool), isinstance(pool, Processes)
        task = task_of(Measured(objective), units.digest, sent=sent, imports_script=imports_script, name=name)
        if progress is not None:
            progress(len(units.outcomes), total)
        run_units(task, units.missing(), pool, take)
        at_once = False
    except KeyboardInterrupt:
        message = f"stopped after {len(units.outcomes):,} of {total:,} points"
        fixes = ["start it again: it goes on with the points that are missing"] if units.store is not None else []
        stopped.append(finding("ND507", about("sweep", name_of(objective)), message, fixes=fixes))
    finally:
        workers = pool.workers()
        pool.close(at_once=at_once)
    fields: dict[str, Any] = {"ran": len(units.outcomes) - units.known, "seconds": time.monotonic() - began}
    return Sweep(
        objective=name_of(objective),
        axes=units.space.names,
        points=total,
        rows=units.rows(),
        workers=workers,
        store=None if units.store is None else str(units.store.folder),
        findings=(*(units.store.repaired if units.store is not None else ()), *stopped),
        **fields,
    )
