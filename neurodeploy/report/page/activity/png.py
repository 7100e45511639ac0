"""Small pictures of few colours as data URIs, written without a library for pictures."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIVERGING", "LEVELS", "diverging", "picture"]

LEVELS = 7
"""Steps of a diverging scale on either side of 0."""
Colour = tuple[int, int, int, int]
"""Red, green, blue and opacity, 0 to 255 each."""
BELOW, ABOVE = (36, 113, 190), (214, 96, 24)
DIVERGING: tuple[Colour, ...] = (
    *((*BELOW, round(255 * step / LEVELS)) for step in range(LEVELS, 0, -1)),
    (128, 128, 128, 0),
    *((*ABOVE, round(255 * step / LEVELS)) for step in range(1, LEVELS + 1)),
)
"""Blue below 0, transparent at 0, orange above: legible on light and on dark paper."""


def diverging(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the colours of `DIVERGING` for values, with the largest magnitude at an end; same shape as `values`."""
    most = float(np.abs(values).max(initial=0.0))
    steps = np.rint(values / most * LEVELS) if most else np.zeros(values.shape)
    return (steps + LEVELS).astype(np.uint8)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(colours: NDArray[np.uint8], palette: Sequence[Colour]) -> str:
    """Return a picture as a data URI of a PNG with four bits a pixel (PNG, third edition, sections 5, 7.2 and 11.2).

    `colours`: (height, width) indices into `palette`. `palette`: at most 16 colours.
    """
    height, width = colours.shape
    even = np.zeros((height, width + width % 2), dtype=np.uint8)
    even[:, :width] = colours
    pairs = even[:, ::2] << 4 | even[:, 1::2]
    lines = np.concatenate(
        [np.zeros((height, 1), dtype=np.uint8), pairs], axis=1
    )  # each line starts with its filter, 0
    header = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    parts = [
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", header),
        _chunk(b"PLTE", bytes(value for colour in palette for value in colour[:3])),
        _chunk(b"tRNS", bytes(colour[3] for colour in palette)),
        _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
        _chunk(b"IEND", b""),
    ]
    return "data:image/png;base64," + base64.b64encode(b"".join(parts)).decode("ascii")
