"""Units are run: a bounded number at a time, again where a worker ended, and in any order of coming back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.sweep.executors import Pool
from neurodeploy.sweep.nouns import Unit, point_words
from neurodeploy.sweep.worker import Done, Task, failure

__all__ = ["TRIES", "run_units"]

TRIES = 3
"""Times that a unit may end its worker."""
LOOK_S = 1.0
"""Seconds between two looks whether the executor is still there."""
LOSSES = ("KilledWorker", "FutureCancelledError", "FuturesCancelledError", "CommClosedError", "LostRequestError")
"""Names of exceptions of other executors that say that a worker or the way to it was lost."""
Taken = Callable[[Done], None]


class _Queue:
    """Units that have yet to run: new ones, and those that a worker took with it."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units: Iterator[Unit] = iter(units)
        self._again = deque[Unit]()
        self._tries = dict[str, int]()

    def next(self) -> Unit | None:
        """The next unit; None if there is none."""
        return self._again.popleft() if self._again else next(self._units, None)

    def put_back(self, unit: Unit) -> None:
        """Have a unit run that was not taken."""
        self._again.appendleft(unit)

    def lose(self, unit: Unit) -> int:
        """Have a unit run again, and return how often it was lost."""
        tries = self._tries[unit.address] = self._tries.get(unit.address, 0) + 1
        if tries < TRIES:
            self._again.append(unit)
        return tries

    def clear(self, unit: Unit) -> None:
        """Forget that a unit was lost, because it has ended."""
        self._tries.pop(unit.address, None)

    @property
    def careful(self) -> bool:
        """Whether units run alone, so that the one that ends its worker is known."""
        return bool(self._tries)


def run_units(task: Task, units: Iterable[Unit], pool: Pool, take: Taken) -> None:
    """Run units on a pool until each has ended, and call `take` with what it gave, as it comes.

    `task`: the function. `units`: read as they are needed, so that any number takes the same memory. `pool`: where they run.
    A unit that was lost with its worker runs again, and ends as ND966 after `TRIES` times.

    Raises DiagnosticError: ND961 (the executor is lost), and what `take` raises.
    """
    queue, flight = _Queue(units), dict[Future[Done], Unit]()
    while _refill(task, queue, pool, flight):
        ended, _ = wait(flight, timeout=LOOK_S, return_when=FIRST_COMPLETED)
        if not ended:
            _require(pool)
        broken = False
        for future in ended:
            broken |= _end(future, flight.pop(future), queue, take)
        if broken:
            _recover(queue, pool, flight, take)


def _refill(task: Task, queue: _Queue, pool: Pool, flight: dict[Future[Done], Unit]) -> bool:
    """Submit units up to the number that the pool can take. Whether anything is in flight."""
    most = 1 if queue.careful else pool.workers() * pool.ahead
    while len(flight) < most:
        unit = queue.next()
        if unit is None:
            break
        try:
            flight[pool.submit(task, unit)] = unit
        except DiagnosticError:
            raise
        except Exception as error:  # broken in the meantime, or closed by its owner
            _require(pool)
            if not isinstance(error, BrokenExecutor):
                raise _lost(pool, f"takes no units: {type(error).__name__}: {error}") from None
            queue.put_back(unit)
            _renew(pool)
    return bool(flight)


def _end(future: Future[Done], unit: Unit, queue: _Queue, take: Taken) -> bool:
    """Take what a unit gave. Whether it was lost with its worker."""
    try:
        done = future.result()
    except (CancelledError, Exception) as error:
        if _is_loss(error):
            _lose(unit, queue, take)
            return True
        done = Done(unit, None, (failure(unit, error),), 0.0, "")  # what it returned cannot be sent
    queue.clear(unit)
    take(done)
    return False


def _is_loss(error: BaseException) -> bool:
    return isinstance(error, (BrokenExecutor, CancelledError)) or type(error).__name__ in LOSSES


def _lose(unit: Unit, queue: _Queue, take: Taken) -> None:
    """Have a unit run again, or end it after too many times."""
    tries = queue.lose(unit)
    if tries < TRIES:
        return
    queue.clear(unit)
    where = about("point", point_words(unit.values))
    message = f"ended the process of its worker each of {tries} times"
    take(Done(unit, None, (finding("ND966", where, message),), 0.0, ""))


def _recover(queue: _Queue, pool: Pool, flight: dict[Future[Done], Unit], take: Taken) -> None:
    """Go on with new workers after some were lost. What else was in flight on a broken pool is lost with them."""
    _require(pool)
    if pool.name != "dask" and not pool.name.startswith("dask:"):
        wait(flight, timeout=LOOK_S)
        for future in [future for future in flight if future.done()]:
            _end(future, flight.pop(future), queue, take)
    _renew(pool)


def _renew(pool: Pool) -> None:
    """Have a pool replace its workers. Raises DiagnosticError: ND961 if it cannot."""
    why = pool.renew()
    if why:
        raise _lost(pool, why)


def _require(pool: Pool) -> None:
    """Raise DiagnosticError, ND961, if no result can come any more."""
    why = pool.lost()
    if why:
        raise _lost(pool, why)


def _lost(pool: Pool, message: str) -> DiagnosticError:
    fix = "start the sweep again with the same store: it goes on with what is missing"
    return DiagnosticError("sweep", (finding("ND961", about("executor", pool.name), message, fixes=[fix]),))
