"""Edits of one compilation, tried one by one in a time that they share. Knows no remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from neurodeploy.compiler.options import CompileOptions
from neurodeploy.compiler.stages import Workshop
from neurodeploy.hardware.target import Target
from neurodeploy.mapping import OutOfTimeError, TimeLimit
from neurodeploy.resources import lower_bounds

__all__ = ["Attempt"]

V = TypeVar("V", int, float)


class Attempt:
    """Tries edits of one compilation."""

    def __init__(
        self, workshop: Workshop, target: Target, options: CompileOptions, others: tuple[Target, ...], watch: TimeLimit
    ) -> None:
        self.workshop, self.network = workshop, workshop.network
        self.target, self.options, self.others, self.watch = target, options, others, watch
        self.hasty = False
        """Whether the time ended while a lesser change was sought than one that fits."""

    def cores(self, edit: dict[str, object], target: Target | None = None) -> int | None:
        """Cores used after an edit of the options; None if it does not fit. Raises OutOfTimeError."""
        return self.workshop.cores(target or self.target, self.options.model_copy(update=edit), self.watch)

    @property
    def _bounds(self) -> dict[str, int]:
        quantized = self.workshop.integers(self.target, self.options).quantized
        return lower_bounds(quantized, self.target) if quantized is not None else {}

    @property
    def crowded(self) -> bool:
        """Whether the neurons alone need more cores than there are."""
        return self._bounds.get("compartments", 0) > self.target.cores

    @property
    def bound_by(self) -> str:
        """The resource that needs most cores."""
        bounds = self._bounds
        return max(bounds, key=lambda name: bounds[name], default="")

    def with_all(self, option: str, value: float) -> dict[str, object]:
        """The edit that gives an option a value for all names that the user did not name."""
        return {option: {**getattr(self.options, option), "*": value}}

    def tried(self, option: str, value: float, best: object) -> int | None:
        """Cores with a value for all names that the user did not name; None if it does not fit, or is left for lack of time.

        Raises OutOfTimeError where no value was found to fit before.
        """
        try:
            return self.cores(self.with_all(option, value))
        except OutOfTimeError:
            if best is None:
                raise
            self.hasty = True
            return None

    def least(self, option: str, values: Sequence[V]) -> tuple[V, int] | None:
        """The first of the values with which it fits, and its cores; by bisection.

        `values` go from the least change to the greatest, which is tried first: where it does not help, none does.
        """
        best = None
        low, high = 0, len(values)
        while low < high and not self.hasty:
            middle = (low + high) // 2 if best else high - 1
            cores = self.tried(option, values[middle], best)
            if cores is not None:
                high, best = middle, (values[middle], cores)
            elif best is None:
                return None
            else:
                low = middle + 1
        return best

    def near(self, option: str, values: Sequence[V], start: int) -> tuple[V, int] | None:
        """The first of the values with which it fits, and its cores; sought from `start` on, one by one.

        `values` go from the least change to the greatest: they are left out one by one while a lesser change still fits.
        """
        best, step, at = None, 1, start
        while 0 <= at < len(values):
            cores = self.tried(option, values[at], best)
            if cores is None and (best or step < 0):
                break
            if cores is not None:
                best, step = (values[at], cores), -1 if best or at == start else 1
            if best and step > 0:
                break
            at += step
        return best
