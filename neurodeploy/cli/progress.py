"""Progress of a compilation on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console

from neurodeploy.mapping import Progress as ProgressCall

__all__ = ["following"]


@contextmanager
def following(label: str) -> Generator[ProgressCall | None, None, None]:
    """Yield a callback that draws the current stage and its progress; None if standard error is not a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None)

        def step(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{label}: {what}", completed=done, total=max(total, 1))

        yield step
