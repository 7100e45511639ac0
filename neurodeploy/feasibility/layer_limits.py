"""Checks of kernel sizes, strides and pools of one layer against the limits of convolution cores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.feasibility.convolution import Kernel
from neurodeploy.feasibility.judgement import over
from neurodeploy.hardware.feasibility_target import LayeredTarget
from neurodeploy.hardware.files import cite_figure

__all__ = ["shape_findings"]


def _listed(
    where: Subject, what: str, values: tuple[int, int], target: LayeredTarget, field: str
) -> Iterator[Diagnostic]:
    """ND343 for illegal values."""
    figure: Any = getattr(target.limits, field)
    legal = [int(value) for value in figure.values]
    wrong = [value for value in values if value not in legal]
    if wrong:
        source = cite_figure(target.file, f"limits.{field}", figure)
        message = f"{what} {wrong[0]} is not one of {', '.join(map(str, legal))}"
        yield finding("ND343", where, message, found=wrong[0], unit=figure.unit, limit_source=source, resource=field)


def _square(where: Subject, what: str, sides: tuple[int, int], target: LayeredTarget) -> Iterator[Diagnostic]:
    if sides[0] != sides[1]:
        source = cite_figure(target.file, "limits.kernel_side", target.limits.kernel_side)
        message = f"{what} of {sides[0]} x {sides[1]} is not square"
        yield finding("ND343", where, message, limit_source=source)


def shape_findings(name: str, kernel: Kernel, target: LayeredTarget, *, pools: bool = False) -> Iterator[Diagnostic]:
    """Yield ND343 for kernels and maps of a layer, or with `pools` for pools of a projection, that no core supports."""
    if pools:
        where = about("projection", name)
        yield from _square(where, "pool", kernel.pool, target)
        yield from _listed(where, "pool of side", kernel.pool, target, "pools")
        return
    where = about("population", name)
    yield from _square(where, "kernel", kernel.side, target)
    yield from over("ND343", where, "kernel is larger than a core supports", target, "kernel_side", max(kernel.side))
    yield from _listed(where, "stride", kernel.stride, target, "strides")
    yield from over("ND343", where, "padding is wider than a core supports", target, "padding", max(kernel.padding))
    yield from over("ND343", where, "kernel is dilated", target, "dilation", max(kernel.dilation))
    side = max(kernel.before[1:])
    yield from over("ND343", where, "input map is larger than a core supports", target, "input_side", side)
    side = max(kernel.after[1:])
    yield from over("ND343", where, "map of neurons is larger than a core supports", target, "output_side", side)
    channels = max(kernel.channels_in, kernel.channels_out)
    yield from over("ND343", where, "has more channels than a core supports", target, "channels", channels)
