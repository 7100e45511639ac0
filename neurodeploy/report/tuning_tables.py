"""Table of a search for compile options."""

from __future__ import annotations

from rich.table import Table

from neurodeploy.report.tables import plain_table
from neurodeploy.tuning import TUNED, Tuned

__all__ = ["tuning_table"]


def tuning_table(tuned: Tuned) -> Table:
    """Return the table of what the search found, and the difference from floats before and after."""
    table = plain_table(
        f"calibration: {tuned.tried} settings tried", "difference of spike counts from floats", "before", "after"
    )
    for name, (before, after) in tuned.by_population.items():
        table.add_row(name, f"{before:.2%}", f"{after:.2%}")
    table.add_row("mean", f"{tuned.before:.2%}", f"{tuned.after:.2%}")
    if tuned.accuracy_before is not None and tuned.accuracy_after is not None:
        whole = "" if tuned.reference_accuracy is None else f" (floats {tuned.reference_accuracy:.2%})"
        table.add_row(f"accuracy{whole}", f"{tuned.accuracy_before:.2%}", f"{tuned.accuracy_after:.2%}")
    table.caption = f"judged on {tuned.samples} samples that did not choose them\n{_found(tuned)}"
    table.caption_justify = "left"
    return table


def _found(tuned: Tuned) -> str:
    """The options found, as they are written on the command line."""
    words: list[str] = []
    for field in TUNED:
        flag = f"--{field.replace('_', '-')}"
        words += [f"{flag} {name}={value:g}" for name, value in getattr(tuned.options, field).items()]
    return f"options: {' '.join(words)}" if words else "options: none; no setting that was tried helps"
