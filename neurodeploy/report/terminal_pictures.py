"""Pictures of characters for wide terminals: the raster of one sample, and a bar for each core."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neurodeploy.profile import ResourceUse
from neurodeploy.signals import Recording

__all__ = ["core_lines", "raster_lines"]

Ints = NDArray[np.int64]
LABEL = 18
"""Width of the names at the left."""
MOST_ROWS = 3
"""Lines of a population: each has four rows of dots."""
STRETCH = 4
"""Most dots of a step, of which the first is drawn."""
MOST_POPULATIONS = 10
EIGHTHS = " ▏▎▍▌▋▊▉█"
HEIGHTS = "▁▂▃▄▅▆▇█"
LONG_BARS = 8
"""Cores that each have a line of their own; more share lines, a character for each."""
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Bits of the dots of a braille character, (4 rows, 2 columns), from U+2800. Source: the Unicode standard, braille patterns."""


def raster_lines(recording: Recording, sizes: dict[str, int], width: int) -> list[str]:
    """Return the spikes of the first sample as dots: steps from left to right, the first neuron of a population at the top.

    Where there are more steps or neurons than dots, several share one. `sizes`: inputs and populations, in the order of the lines,
    with their neurons or lines. `width`: characters of a line.
    """
    first, last = recording.first_step, recording.n_steps
    space = 2 * max(width - LABEL, 1)
    columns = min(space, (last - first + 1) * max(1, min(STRETCH, space // (last - first + 1))))
    lines = [f"spikes of the first sample, steps {first:,} to {last:,}"]
    every = {**recording.input_spikes, **recording.spikes}
    for name, size in list(sizes.items())[:MOST_POPULATIONS]:
        rows = np.asarray(every.get(name, np.zeros((0, 3))), dtype=np.int64).reshape(-1, 3)
        mine = rows[rows[:, 0] == 0]
        picture = _dots(mine[:, 1] - first, mine[:, 2], (last - first + 1, size), columns)
        for number, line in enumerate(picture):
            lines.append(f"{_cut(name) if number == 0 else '':{LABEL}}{line}")
    left = len(sizes) - MOST_POPULATIONS
    return [*lines, f"and {left} more populations"] if left > 0 else lines


def _cut(name: str) -> str:
    return name if len(name) < LABEL else f"{name[: LABEL - 2]}…"


def _dots(steps: Ints, neurons: Ints, shape: tuple[int, int], columns: int) -> Iterator[str]:
    """Lines of braille characters. `shape`: (steps, neurons); `columns`: dots of a line."""
    n_lines = min(MOST_ROWS, -(-shape[1] // 4))
    rows = 4 * n_lines
    grid = np.zeros((rows, columns + columns % 2), dtype=bool)
    across, down = columns, min(rows, shape[1])
    grid[neurons * down // shape[1], steps * across // shape[0]] = True
    cells = grid.reshape(n_lines, 4, -1, 2)
    codes = (cells * DOTS[None, :, None, :]).sum(axis=(1, 3)) + 0x2800
    for line in codes:
        yield "".join(map(chr, line.tolist())).rstrip("\u2800")


def core_lines(resources: tuple[ResourceUse, ...], cores: int, width: int) -> list[str]:
    """Return how full each core is, by its fullest resource. `resources`: use by core; `width`: characters of a line."""
    limited = [item for item in resources if item.limit]
    if not limited or not cores:
        return []
    shares = np.array([np.asarray(item.per_core, dtype=np.float64) / (item.limit or 1) for item in limited])
    full, which = shares.max(axis=0), [int(index) for index in shares.argmax(axis=0)]
    if cores > LONG_BARS:
        return _many(full, width)
    names: list[str] = [limited[index].name.replace("_", " ") for index in which]
    length = min(40, width - LABEL - 8 - max(map(len, names)))
    lines = [
        f"{f'core {core}':{LABEL}}{_bar(full[core], length)} {full[core]:6.1%} {names[core]}" for core in range(cores)
    ]
    return ["the fullest resource of each core", *lines]


def _bar(share: float, length: int) -> str:
    eighths = round(8 * length * min(float(share), 1.0))
    whole, part = divmod(eighths, 8)
    return ("█" * whole + (EIGHTHS[part] if part else "")).ljust(length, "·")


def _many(full: NDArray[np.float64], width: int) -> list[str]:
    """A character for each core, ten groups of ten in a line where there is space."""
    heights = np.clip((full * len(HEIGHTS)).astype(np.int64), 0, len(HEIGHTS) - 1)
    marks = "".join(HEIGHTS[height] for height in heights.tolist())
    in_line = max(10 * min(10, (width - LABEL) // 11), 10)
    lines = ["the fullest resource of each core, from ▁ for empty to █ for full"]
    for first in range(0, min(full.size, 10 * in_line), in_line):
        line = marks[first : first + in_line]
        groups = " ".join(line[at : at + 10] for at in range(0, len(line), 10))
        lines.append(f"{f'cores from {first:,}':{LABEL}}{groups}")
    left = full.size - 10 * in_line
    return [*lines, f"and {left:,} more cores"] if left > 0 else lines
