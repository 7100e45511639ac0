"""Windows of convolutions and pools: kernels, strides and pads of the attributes, and sizes of the results.

Source: the operator definitions of ONNX, Conv, ConvTranspose, AveragePool, MaxPool.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from neurodeploy.importers.onnx.faults import malformed, unsupported
from neurodeploy.importers.onnx.graph import Item, Tensor, require_size

__all__ = ["Windows", "each_axis", "image", "pads_of", "windows"]

Shape = tuple[int, ...]
LARGEST_SIZE = 2**31 - 1


class Windows(NamedTuple):
    """Windows that slide over one or two axes."""

    kernel: Shape
    stride: Shape
    begin: Shape
    end: Shape
    dilation: Shape
    out: Shape
    """Number of windows along each axis."""
    extra: Shape
    """Zeros of `end` that ceil_mode adds, for each axis."""


def image(item: Item, place: int) -> Tensor:
    """Return the input at `place`, which needs axes (1, channels, and one or two more)."""
    tensor = item.tensor(place)
    if len(tensor.shape) not in (3, 4):
        if len(tensor.shape) == 5:
            unsupported("slides over three axes", "use windows over one or two axes")
        malformed(f"reads a tensor of shape {list(tensor.shape)}; needs (samples, channels, one or two more axes)")
    if not tensor.batched:
        unsupported("slides over a tensor whose first axis is not the batch axis", "keep the batch axis first")
    return tensor


def windows(item: Item, sizes: Shape, kernel: Shape) -> Windows:
    """Return the windows of a node. `sizes`: of the axes that they slide over. `kernel`: its size on each of them."""
    axes = len(sizes)
    if len(kernel) != axes:
        malformed(f"has a kernel of {len(kernel)} axes for {axes}")
    stride, dilation = each_axis(item, "strides", axes), each_axis(item, "dilations", axes)
    begin, end = pads_of(item, sizes, kernel, stride, dilation)
    require_size(prod(n + b + e for n, b, e in zip(sizes, begin, end, strict=True)))
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    room = [n + b + e - span for n, b, e, span in zip(sizes, begin, end, spans, strict=True)]
    if min(room) < 0:
        malformed(f"has windows of {spans} on {list(sizes)} values and {list(begin)} + {list(end)} zeros")
    extra = [0] * axes
    if item.integer("ceil_mode", 0):
        extra = [-left % s for left, s in zip(room, stride, strict=True)]
        for axis, (left, s) in enumerate(zip(room, stride, strict=True)):
            if (left + extra[axis]) // s * s >= sizes[axis] + begin[axis]:  # such a window would lie in the padding
                extra[axis] = 0
    out = tuple((left + more) // s + 1 for left, more, s in zip(room, extra, stride, strict=True))
    longer = tuple(e + more for e, more in zip(end, extra, strict=True))
    return Windows(kernel, stride, begin, longer, dilation, out, tuple(extra))


def each_axis(item: Item, field: str, axes: int) -> Shape:
    """Return a size for each of `axes`, 1 where the attribute `field` of a node is absent."""
    found = item.integers(field) or (1,) * axes
    if len(found) != axes or not all(1 <= size <= LARGEST_SIZE for size in found):
        malformed(f"has {field} {list(found)}; needs {axes} sizes from 1")
    return found


def pads_of(item: Item, sizes: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> tuple[Shape, Shape]:
    """Return the zeros before and after each axis, from `pads` or `auto_pad` of a node; all arguments have one size an axis."""
    axes, way = len(sizes), item.text("auto_pad", "NOTSET")
    if way in ("SAME_UPPER", "SAME_LOWER"):
        begin, end = list[int](), list[int]()
        for n, k, s, d in zip(sizes, kernel, stride, dilation, strict=True):
            total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
            less, more = total // 2, total - total // 2
            begin.append(less if way == "SAME_UPPER" else more)
            end.append(more if way == "SAME_UPPER" else less)
        return tuple(begin), tuple(end)
    if way not in ("NOTSET", "VALID"):
        malformed(f"has auto_pad '{way}'")
    pads = item.integers("pads") if way == "NOTSET" else None
    pads = pads or (0,) * (2 * axes)
    if len(pads) != 2 * axes or not all(0 <= size <= LARGEST_SIZE for size in pads):
        malformed(f"has pads {list(pads)}; needs {2 * axes} sizes from 0")
    return pads[:axes], pads[axes:]
