"""Checks that the range, the lines and the axes of an encoder fit its input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.network.coding import Poisson, Rate
from neurodeploy.network.network import Input

__all__ = ["input_faults"]


def input_faults(item: Input) -> Iterator[Diagnostic]:
    """Yield findings about the encoder of an input (ND844)."""
    where, encoder, signed = about("input", item.name), item.encoder, getattr(item.encoder, "signed", False)
    own = item.shape[1:] if signed else item.shape
    if signed and (item.shape[0] != 2 or not own):
        message = f"has shape {list(item.shape)}; a signed encoder needs two lines for each value, on the first axis"
        yield finding("ND844", where, message, fixes=[f"shape = {[2, *item.shape]}", "signed = false"])
        return
    if item.sample_axes is not None and sorted(item.sample_axes) != list(range(len(own))):
        message = f"sample_axes {list(item.sample_axes)} name other axes than the {len(own)} of shape {list(own)}"
        yield finding("ND844", where, f"{message}; needs each of {list(range(len(own)))} once")
    elif isinstance(encoder, (Rate, Poisson)):
        yield from _range_faults(item, encoder)


def _range_faults(item: Input, encoder: Rate | Poisson) -> Iterator[Diagnostic]:
    """Arrays of another shape than a sample, and levels without a range."""
    where, needed = about("input", item.name), item.sample_shape
    shapes = {"zero": np.shape(encoder.zero), "one": np.shape(encoder.one)}
    wrong = {name: shape for name, shape in shapes.items() if shape and shape != needed}
    for name, shape in wrong.items():
        message = (
            f"'{name}' of encoder '{encoder.kind}' has shape {list(shape)}; needs one number or shape {list(needed)}"
        )
        yield finding("ND844", where, message)
    if wrong:
        return
    zero, one = np.broadcast_arrays(encoder.zero, encoder.one)
    same = int(np.count_nonzero(zero == one))
    if same and zero.ndim:
        message = f"'zero' equals 'one' for {same:,} of {zero.size:,} values of encoder '{encoder.kind}'"
        yield finding("ND844", where, f"{message}, the first of them {_at(zero == one)}")
    elif same:
        yield finding("ND844", where, f"'zero' and 'one' of encoder '{encoder.kind}' are both {float(zero):g}")


def _at(marks: np.ndarray) -> str:
    return str([int(i) for i in np.argwhere(marks)[0]])
