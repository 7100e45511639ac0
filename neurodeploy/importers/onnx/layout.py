"""Operations that move values, and change none.

Source: the operator definitions of ONNX.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.onnx.faults import malformed, unsupported
from neurodeploy.importers.onnx.graph import MOST_VALUES, Item, Tensor, Value, require_size
from neurodeploy.trained.operations import Affine, Concat, Convolution, Transpose

__all__ = ["LAYOUT", "axes_of", "axis_of", "joined", "reshape_target", "slices_of", "transposed"]

Array = NDArray[Any]
Shape = tuple[int, ...]


def axis_of(axis: int, n_axes: int) -> int:
    """Return an axis counted from 0; negative ones count from the last of `n_axes`."""
    if not -n_axes <= axis < n_axes:
        malformed(f"has axis {axis} for a tensor with {n_axes} axes")
    return axis % n_axes


def axes_of(item: Item, place: int, n_axes: int) -> Shape | None:
    """Return the axes of a node, an attribute or its input at `place`, counted from 0; None where they are absent."""
    axes = item.whole(place, "axes") if item.has(place) else item.integers("axes")
    return None if axes is None else tuple(sorted({axis_of(axis, n_axes) for axis in axes}))


def transposed(item: Item, tensor: Tensor, order: Shape) -> Tensor:
    """Return a tensor with its axes in another `order`. `item`: the node."""
    if sorted(order) != list(range(len(tensor.shape))):
        malformed(f"has an order of axes {list(order)} for a tensor with {len(tensor.shape)}")
    shape = tuple(tensor.shape[axis] for axis in order)
    long = [axis for axis in order if tensor.shape[axis] > 1]
    if long == sorted(long):
        return item.reshaped(tensor, shape)
    if tensor.batched and order[0] == 0:
        return item.emit(Transpose(axes=tuple(axis - 1 for axis in order[1:])), [tensor], shape)
    whole = item.reshaped(tensor, tensor.shape, batched=False)
    made = item.emit(Transpose(axes=order), [whole], shape, batched=False)
    return item.reshaped(made, shape)


def transpose(item: Item) -> Tensor:
    """Axes in another order."""
    tensor = item.tensor(0)
    return transposed(item, tensor, item.integers("perm") or tuple(reversed(range(len(tensor.shape)))))


def reshape_target(wanted: Shape, shape: Shape, *, keeps_zeros: bool) -> Shape:
    """Return the sizes that Reshape gives a tensor of `shape`: 0 copies a size (unless `keeps_zeros`), -1 is what is left."""
    sizes = list(wanted)
    for axis, size in enumerate(sizes):
        if size == 0 and not keeps_zeros:
            if axis >= len(shape):
                malformed(f"has a shape {list(wanted)} for a tensor of shape {list(shape)}")
            sizes[axis] = shape[axis]
    if min(sizes, default=1) < -1 or sizes.count(-1) > 1:
        malformed(f"has a shape {list(wanted)}")
    if -1 in sizes:
        rest = prod(size for size in sizes if size != -1)
        if not rest or prod(shape) % rest:
            malformed(f"has a shape {list(wanted)} for a tensor of shape {list(shape)}")
        sizes[sizes.index(-1)] = prod(shape) // rest
    return tuple(sizes)


def reshape(item: Item) -> Tensor:
    """Other axes for the same values."""
    tensor = item.tensor(0)
    wanted = item.whole(1, "a shape") if item.has(1) else item.integers("shape") or ()
    batch = item.reading.batch
    if batch > 1 and wanted[:1] == (batch,) and prod(wanted[1:]) > 0:
        wanted = (1, *wanted[1:])  # the batch of the export, which is 1 here
    return item.reshaped(tensor, reshape_target(wanted, tensor.shape, keeps_zeros=bool(item.integer("allowzero", 0))))


def flatten(item: Item) -> Tensor:
    """Two axes."""
    tensor = item.tensor(0)
    axis = item.integer("axis", 1)
    axis = axis if axis == len(tensor.shape) else axis_of(axis, len(tensor.shape))
    return item.reshaped(tensor, (prod(tensor.shape[:axis]), prod(tensor.shape[axis:])))


def squeeze(item: Item) -> Tensor:
    """Axes of size 1 taken away."""
    tensor = item.tensor(0)
    axes = axes_of(item, 1, len(tensor.shape))
    if axes is None:
        axes = tuple(axis for axis, size in enumerate(tensor.shape) if size == 1 and (axis or not tensor.batched))
    if any(tensor.shape[axis] != 1 for axis in axes):
        malformed(f"takes away axes {list(axes)} of a tensor of shape {list(tensor.shape)}")
    return item.reshaped(tensor, tuple(size for axis, size in enumerate(tensor.shape) if axis not in axes) or (1,))


def unsqueeze(item: Item) -> Tensor:
    """Axes of size 1 added."""
    tensor = item.tensor(0)
    given = item.whole(1, "axes") if item.has(1) else item.integers("axes") or ()
    n_axes = len(tensor.shape) + len(given)
    axes = {axis_of(axis, n_axes) for axis in given}
    if len(axes) != len(given):
        malformed(f"adds axes {list(given)}")
    sizes = iter(tensor.shape)
    return item.reshaped(tensor, tuple(1 if axis in axes else next(sizes) for axis in range(n_axes)))


def identity(item: Item) -> Value:
    """The value itself: Identity, Dropout after training, casts between numbers."""
    return item.value(0)


def joined(item: Item, tensors: list[Tensor], axis: int) -> Tensor:
    """Return tensors one after the other along `axis`. `item`: the node."""
    first = tensors[0].shape
    for other in tensors:
        if len(other.shape) != len(first) or any(
            a != b for k, (a, b) in enumerate(zip(other.shape, first, strict=True)) if k != axis
        ):
            malformed(f"joins tensors of shapes {', '.join(str(list(one.shape)) for one in tensors)} along axis {axis}")
    if len(tensors) == 1:
        return tensors[0]
    shape = (*first[:axis], sum(other.shape[axis] for other in tensors), *first[axis + 1 :])
    batched = all(other.batched for other in tensors) and axis > 0
    if not batched:
        tensors = [item.reshaped(other, other.shape, batched=False) for other in tensors]
    if axis - batched > 7:
        malformed(f"joins along axis {axis}")
    return item.emit(Concat(axis=axis - batched), tensors, shape, batched=batched)


def concat(item: Item) -> Tensor:
    """Several tensors one after the other; constants among them are added to zeros."""
    values = [item.value(place) for place in range(len(item.inputs))]
    if not any(isinstance(value, Tensor) for value in values):
        malformed("joins no tensor that depends on the input")
    if not all(isinstance(value, Tensor) for value in values):
        unsupported("joins constants and values", "add the constants as a bias of the next layer")
    tensors = [value for value in values if isinstance(value, Tensor)]
    return joined(item, tensors, axis_of(item.integer("axis", 1), len(tensors[0].shape)))


def slices_of(item: Item, shape: Shape) -> tuple[slice, ...]:
    """Return the slice of each axis of a value of `shape`."""
    if item.has(1):
        starts, ends = item.whole(1, "starts"), item.whole(2, "ends")
        axes = item.whole(3, "axes") if item.has(3) else None
        steps = item.whole(4, "steps") if item.has(4) else None
    else:
        starts, ends = item.integers("starts") or (), item.integers("ends") or ()
        axes, steps = item.integers("axes"), None
    axes = tuple(range(len(starts))) if axes is None else axes
    steps = steps or (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        malformed("has starts, ends, axes and steps of different numbers")
    found = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        which = axis_of(axis, len(shape))
        before = step < 0 and end < -shape[which]
        found[which] = slice(start, None if before else end, step)
    return tuple(found)


def sliced(item: Item) -> Tensor:
    """Some of the values along axes."""
    tensor = item.tensor(0)
    return item.gathered(tensor, item.places(tensor)[slices_of(item, tensor.shape)])


def split(item: Item) -> tuple[Tensor, ...]:
    """Parts along an axis."""
    tensor = item.tensor(0)
    axis = axis_of(item.integer("axis", 0), len(tensor.shape))
    size, parts = tensor.shape[axis], len(item.outputs)
    lengths = item.whole(1, "lengths") if item.has(1) else item.integers("split")
    if lengths is None:
        each = -(-size // parts)
        lengths = tuple(max(min(each, size - k * each), 0) for k in range(parts))
    if sum(lengths) != size or len(lengths) != parts or min(lengths) < 0:
        malformed(f"splits {size} values into parts of {list(lengths)}")
    places = item.places(tensor)
    ends = np.cumsum(lengths)
    cut = [places.take(range(end - length, end), axis=axis) for end, length in zip(ends, lengths, strict=True)]
    return tuple(item.gathered(tensor, part) for part in cut)


def gather(item: Item) -> Tensor:
    """Values at constant places along an axis."""
    if item.is_constant(0):
        unsupported("looks up rows of a table by the input, as an embedding does", "give the network the looked-up vectors as its input")  # fmt: skip
    tensor, index = item.tensor(0), item.constant(1, "places")
    axis = axis_of(item.integer("axis", 0), len(tensor.shape))
    size = tensor.shape[axis]
    if index.dtype.kind not in "iu" or not index.size or index.min() < -size or index.max() >= size:
        malformed(f"reads places that an axis of {size} values does not have")
    require_size(index.size * prod(tensor.shape) // size)
    return item.gathered(tensor, np.asarray(item.places(tensor).take(index % size, axis=axis)))


def pad(item: Item) -> Tensor:
    """A frame of constants, or of the values at the edge."""
    tensor = item.tensor(0)
    n_axes, mode = len(tensor.shape), item.text("mode", "constant")
    pads = item.whole(1, "pads") if item.has(1) else item.integers("pads") or item.integers("paddings") or ()
    axes = tuple(axis_of(k, n_axes) for k in item.whole(3, "axes")) if item.has(3) else tuple(range(n_axes))
    if len(pads) != 2 * len(axes):
        malformed(f"has {len(pads)} pads for {len(axes)} axes")
    frame = [(0, 0)] * n_axes
    for k, axis in enumerate(axes):
        frame[axis] = (pads[k], pads[k + len(axes)])
    if any(side < 0 for both in frame for side in both):
        unsupported("cuts values off (negative pads)", "use Slice")
    require_size(prod(n + sum(both) for n, both in zip(tensor.shape, frame, strict=True)))
    if mode in ("edge", "reflect", "wrap"):
        return item.gathered(tensor, np.pad(item.places(tensor), frame, mode=mode))
    if mode != "constant":
        malformed(f"has mode '{mode}'")
    value = float(item.weights(2, "a value").ravel()[0]) if item.has(2) else item.number("value", 0.0)
    if not value:
        return _framed(item, tensor, frame)
    lower = item.emit(Affine(shift=-value), [tensor], tensor.shape, batched=tensor.batched)
    made = _framed(item, lower, frame)
    return item.emit(Affine(shift=value), [made], made.shape, batched=made.batched)


def _framed(item: Item, tensor: Tensor, frame: list[tuple[int, int]]) -> Tensor:
    """Zeros around a tensor; around an image a convolution with kernels of one 1, which needs no list."""
    if not any(side for both in frame for side in both):
        return tensor
    axes = len(tensor.shape) - 2
    if axes not in (1, 2) or not tensor.batched or frame[:2] != [(0, 0), (0, 0)]:
        return item.gathered(tensor, np.pad(item.places(tensor), frame, constant_values=-1))
    channels, one = tensor.shape[1], (1,) * axes
    begin, end = zip(*frame[2:], strict=True)
    operation = Convolution(
        weights=np.ones((channels, 1, *one)), stride=one, begin=begin, end=end, dilation=one, groups=channels
    )
    shape = tuple(n + sum(both) for n, both in zip(tensor.shape, frame, strict=True))
    return item.emit(operation, [tensor], shape)


def expand(item: Item) -> Tensor:
    """Axes of size 1 repeated."""
    tensor, wanted = item.tensor(0), item.whole(1, "a shape")
    try:
        shape = np.broadcast_shapes(tensor.shape, wanted)
    except ValueError:
        malformed(f"has shape {list(wanted)} for a tensor of shape {list(tensor.shape)}")
    require_size(prod(shape))
    return item.gathered(tensor, np.broadcast_to(item.places(tensor), shape))


def tile(item: Item) -> Tensor:
    """The values repeated along axes."""
    tensor, times = item.tensor(0), item.whole(1, "repeats")
    if len(times) != len(tensor.shape) or min(times, default=1) < 1 or max(times, default=1) > MOST_VALUES:
        malformed(f"has repeats {list(times)} for a tensor of shape {list(tensor.shape)}")
    require_size(prod(tensor.shape) * prod(times))
    return item.gathered(tensor, np.tile(item.places(tensor), times))


def depth_to_space(item: Item) -> Tensor:
    """Blocks of channels as pixels."""
    tensor, block = item.tensor(0), item.integer("blocksize", 1)
    if len(tensor.shape) != 4 or block < 1 or tensor.shape[1] % block**2:
        malformed(f"has blocks of {block} for a tensor of shape {list(tensor.shape)}")
    n, c, h, w = tensor.shape
    if item.text("mode", "DCR") == "DCR":
        cells = item.places(tensor).reshape(n, block, block, c // block**2, h, w).transpose(0, 3, 4, 1, 5, 2)
    else:
        cells = item.places(tensor).reshape(n, c // block**2, block, block, h, w).transpose(0, 1, 4, 2, 5, 3)
    return item.gathered(tensor, cells.reshape(n, c // block**2, h * block, w * block))


def space_to_depth(item: Item) -> Tensor:
    """Blocks of pixels as channels."""
    tensor, block = item.tensor(0), item.integer("blocksize", 1)
    if len(tensor.shape) != 4 or block < 1 or tensor.shape[2] % block or tensor.shape[3] % block:
        malformed(f"has blocks of {block} for a tensor of shape {list(tensor.shape)}")
    n, c, h, w = tensor.shape
    cells = item.places(tensor).reshape(n, c, h // block, block, w // block, block).transpose(0, 3, 5, 1, 2, 4)
    return item.gathered(tensor, cells.reshape(n, c * block**2, h // block, w // block))


LAYOUT = {
    "Transpose": transpose, "Reshape": reshape, "Flatten": flatten, "Squeeze": squeeze, "Unsqueeze": unsqueeze,
    "Identity": identity, "Dropout": identity, "Concat": concat, "Slice": sliced, "Split": split, "Gather": gather,
    "Pad": pad, "Expand": expand, "Tile": tile, "DepthToSpace": depth_to_space, "SpaceToDepth": space_to_depth,
}  # fmt: skip
