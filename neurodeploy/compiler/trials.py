"""Trials of changed options: whether the network fits, and on how many cores. The choice of changes is made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from neurodeploy.check import check
from neurodeploy.compiler.options import CompileOptions
from neurodeploy.compiler.quantize_cache import QuantizeCache, input_findings
from neurodeploy.diagnostics import DiagnosticError, errors_in
from neurodeploy.hardware.target import Target
from neurodeploy.mapping import OutOfTimeError, TimeLimit, assign, cannot_fit
from neurodeploy.network import Network
from neurodeploy.resources import lower_bounds

__all__ = ["Trials", "cores_needed"]

V = TypeVar("V", int, float)


def cores_needed(cache: QuantizeCache, target: Target, options: CompileOptions, limit: TimeLimit) -> int | None:
    """Return the number of cores of the cache's network; None if it does not fit. Raises OutOfTimeError at the time
    limit.
    """
    limit.report("fixes", 0, 0)
    if errors_in(input_findings(cache.network, target, options)):
        return None
    quantized = cache.quantized(target, options).quantized
    limit.report("fixes", 0, 0)
    if quantized is None or cannot_fit(quantized, target, options) or check(quantized, target):
        return None
    try:
        return assign(quantized, target, stop_early=True, options=options, time_limit=limit).n_cores
    except DiagnosticError:
        return None


class Trials:
    """Trials of changes to one compilation within one time limit."""

    def __init__(
        self,
        cache: QuantizeCache,
        target: Target,
        options: CompileOptions,
        others: tuple[Target, ...],
        limit: TimeLimit,
    ) -> None:
        self.cache, self.target, self.options, self.others, self.limit = cache, target, options, others, limit
        self.cut_short = False
        """Whether time ran out during the search for a smaller change than one that fits."""

    @property
    def network(self) -> Network:
        """The network of the compilation."""
        return self.cache.network

    def cores(self, change: dict[str, object], target: Target | None = None) -> int | None:
        """Return the number of cores after a change of the options; None if the network does not fit. Raises
        OutOfTimeError.
        """
        return cores_needed(self.cache, target or self.target, self.options.model_copy(update=change), self.limit)

    def cores_of(self, network: Network) -> int | None:
        """Return the number of cores of a changed network; None if it does not fit. Raises OutOfTimeError."""
        return cores_needed(QuantizeCache(network), self.target, self.options, self.limit)

    @property
    def _bounds(self) -> dict[str, int]:
        if errors_in(input_findings(self.network, self.target, self.options)):
            return {}
        quantized = self.cache.quantized(self.target, self.options).quantized
        return lower_bounds(quantized, self.target) if quantized is not None else {}

    @property
    def too_many_neurons(self) -> bool:
        """Whether the neurons alone need more cores than the target has."""
        return self._bounds.get("compartments", 0) > self.target.cores

    @property
    def tightest_resource(self) -> str:
        """The resource with the largest lower bound on cores; empty if none is known."""
        bounds = self._bounds
        return max(bounds, key=lambda name: bounds[name], default="")

    def for_all(self, option: str, value: float) -> dict[str, object]:
        """Return the change that sets an option for all names that the user did not list."""
        return {option: {**getattr(self.options, option), "*": value}}

    def _tried(self, option: str, value: float, best: object) -> int | None:
        """Number of cores with an option set for all names that the user did not list; None if the network does not fit
        or time is up. Raises OutOfTimeError if no value has fitted so far.
        """
        try:
            return self.cores(self.for_all(option, value))
        except OutOfTimeError:
            if best is None:
                raise
            self.cut_short = True
            return None

    def smallest_change(self, option: str, values: Sequence[V]) -> tuple[V, int] | None:
        """Return the first of the values with which the network fits, and its cores, by bisection.

        `values` are ordered from the smallest change to the largest, which is tried first: if it does not help, none
        does.
        """
        best = None
        low, high = 0, len(values)
        while low < high and not self.cut_short:
            middle = (low + high) // 2 if best else high - 1
            cores = self._tried(option, values[middle], best)
            if cores is not None:
                high, best = middle, (values[middle], cores)
            elif best is None:
                return None
            else:
                low = middle + 1
        return best

    def smallest_change_near(self, option: str, values: Sequence[V], start: int) -> tuple[V, int] | None:
        """Return the first of the values with which the network fits, and its cores, one by one from index `start`.

        `values` are ordered from the smallest change to the largest. If the first trial fits, the search continues with
        smaller changes while they fit; otherwise it continues with larger ones.
        """
        best, step, at = None, 1, start
        while 0 <= at < len(values):
            cores = self._tried(option, values[at], best)
            if cores is None and (best or step < 0):
                break
            if cores is not None:
                best, step = (values[at], cores), -1 if best or at == start else 1
            if best and step > 0:
                break
            at += step
        return best
