"""Times of events in files whose numbers can be fractions or in any unit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.io.archive import refuse
from neurodeploy.simulate.event_columns import UNITS, time_unit
from neurodeploy.simulate.event_files.common import Array, assumed

__all__ = ["whole_times"]

FINER = (1e-6, 1e-9)
"""Units that fractions are converted to: the first one in which all times are whole, else the last."""
TOLERANCE = 1e-3
LARGEST = 2.0**62


def whole_times(
    path: Path, times: Array, named: float | None, chosen: str | None, usual: tuple[float, str]
) -> tuple[Array, float, list[Diagnostic]]:
    """Return int64 times, their unit in seconds, and ND096 for a unit that was assumed or times that were rounded.

    `named`: unit in seconds that the file states. `chosen`: unit that the user states. `usual`: unit in seconds of the format
    if neither is known, and the reason. Fractions are times in seconds if no unit is known. Raises: ND003 (not finite).
    """
    if times.dtype.kind == "f" and not bool(np.isfinite(times).all()):
        raise refuse("ND003", path, "has times that are not finite")
    whole = times.dtype.kind in "iub" or bool((times == np.floor(times)).all())
    known = UNITS[chosen] if chosen else named
    found = list[Diagnostic]()
    unit = known or usual[0]
    if known is None:
        found.append(assumed(path, f"does not state the unit of its times; read as {time_unit(unit)}, {usual[1]}"))
    if whole and (times.size == 0 or float(np.abs(times.astype(np.float64)).max()) < LARGEST):
        return times.astype(np.int64), unit, found
    rounded = times
    for finer in FINER:
        scaled = times.astype(np.float64) * (unit / finer)
        if np.abs(scaled).max() >= LARGEST:
            raise refuse("ND003", path, f"has times up to {float(np.abs(times).max()):.3g} {time_unit(unit)}")
        rounded = np.rint(scaled)
        if bool((np.abs(scaled - rounded) < TOLERANCE).all()):
            return rounded.astype(np.int64), finer, found
    if times.dtype.itemsize < 8 or float(np.abs(times).max()) * unit / FINER[0] > 2**44:
        rounded = np.rint(times.astype(np.float64) * (unit / FINER[0]))
        return rounded.astype(np.int64), FINER[0], [*found, assumed(path, "times are rounded to us")]
    return rounded.astype(np.int64), FINER[-1], [*found, assumed(path, "times are rounded to ns")]
