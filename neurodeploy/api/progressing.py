"""A progress bar for Python: HTML in a notebook, a line on a terminal, nothing where output goes to a file."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import Any

from neurodeploy.diagnostics.choices import needs

__all__ = ["ProgressBar", "progress"]

AFTER_S = 0.5
"""Seconds before a bar appears, so that short work shows none."""
BETWEEN_S = 0.1
"""Seconds between two drawings of a bar in a notebook."""


class ProgressBar:
    """A callback for `progress=`: called with (done, total), or with (activity, done, total). nd.progress makes one."""

    def __init__(self, label: str = "") -> None:
        self.label = label
        self._began, self._drawn = time.monotonic(), 0.0
        self._kernel = _kernel()
        self._shown: Any = None

    def __call__(self, *amount: str | float) -> None:
        """Draw the bar. `amount`: done and total, and before them the name of an activity, if there is one."""
        words, (done, total) = amount[:-2], (float(item) for item in amount[-2:])
        now = time.monotonic()
        is_last = done >= total
        if self._shown is None and (now - self._began < AFTER_S or is_last):
            return
        if self._kernel and now - self._drawn < BETWEEN_S and not is_last:
            return
        self._drawn = now
        name = ": ".join(filter(None, (self.label, *map(str, words))))
        (self._html if self._kernel else self._line)(name, done, max(total, 1.0))

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the bar."""
        if self._shown is None:
            return
        if self._kernel:
            self._shown.update({"text/plain": "", "text/html": ""}, raw=True)
        else:
            self._shown[0].stop()
        self._shown, self._began = None, time.monotonic()

    def _html(self, name: str, done: float, total: float) -> None:
        from neurodeploy.report.markup import element, text

        display: Any = import_module("IPython.display").display
        words = f"{name} {done:,.0f} of {total:,.0f}, {time.monotonic() - self._began:.0f} s".strip()
        meter = element("progress", value=done, max=total, style="width:240px;vertical-align:middle;margin-right:8px")
        bundle = {"text/plain": words, "text/html": element("div", meter, text(words), style="font-size:13px")}
        if self._shown is None:
            self._shown = display(bundle, raw=True, display_id=True)
        else:
            self._shown.update(bundle, raw=True)
        if done >= total:
            self.close()

    def _line(self, name: str, done: float, total: float) -> None:
        if not sys.stderr.isatty():
            return
        if self._shown is None:
            self._shown = _terminal_bar()
        bar, task = self._shown
        bar.update(task, description=name, completed=done, total=total)
        if done >= total:
            self.close()


def _kernel() -> bool:
    """Whether this process is the kernel of a notebook, which shows HTML."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and getattr(shell, "kernel", None) is not None


def _terminal_bar() -> tuple[Any, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.start()
    return bar, bar.add_task("", total=None)


def progress(label: str = "") -> ProgressBar:
    """Return a progress bar to pass as `progress=` to any function that takes one.

    In a notebook it is HTML, on a terminal a line, and where output goes to a file there is none. It appears when work takes
    more than half a second, and disappears with it.

    `label`: words before the activity. Raises DiagnosticError: ND002 (arguments).

    Example: nd.run(program, samples, progress=nd.progress("test set"))
    """
    needs("progress", label=(label, str))
    return ProgressBar(label)
