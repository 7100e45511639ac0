"""The frame of every picture: Axes in the style of neurodeploy, colours, and the check that matplotlib is installed."""

# matplotlib declares no types of keywords
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Subject, about, finding
from neurodeploy.diagnostics.choices import needs
from neurodeploy.diagnostics.translate import nearest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "COLUMN",
    "INK",
    "PALETTE",
    "QUIET",
    "colours",
    "frame",
    "nothing",
    "one_of",
    "prefix",
    "require",
    "style",
    "tidy",
    "unknown",
]

COLUMN = 3.4
"""Width of a new figure in inches: a column of a two-column page."""
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7F5539")
"""Colours of series, which people with colour blindness tell apart. Source: M. Okabe and K. Ito, "Color Universal Design",
2008; its yellow, which is too light for lines on paper, is replaced by a brown."""
INK, QUIET = "#222222", "#8A8A8A"
"""Colour of text and of main lines, and of what only guides the eye."""
STYLE: dict[str, object] = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.titlesize": 8,
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.size": 8,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.2,
    "lines.linewidth": 1.0,
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "svg.fonttype": "none",
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 7,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.color": INK,
    "ytick.labelsize": 7,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.6,
}
"""Settings of matplotlib for figures that are made here; text stays text in SVG and PDF files."""


def require(function: str) -> None:
    """Raise DiagnosticError, ND765, where matplotlib is not installed. `function`: the name that is called."""
    try:
        import_module("matplotlib")
    except ImportError:
        message, fix = "needs the Python package matplotlib, which is not installed", "pip install 'neurodeploy[plot]'"
        raise DiagnosticError(
            function, (finding("ND765", about("function", function), message, fixes=[fix]),)
        ) from None


def style() -> AbstractContextManager[None]:
    """Return a context in which matplotlib has the settings of neurodeploy's own figures; they end with it.

    Raises DiagnosticError: ND765 (matplotlib is not installed).

    Example: with nd.plot.style(): figure, axes = plt.subplots(1, 2, figsize=(7, 2.4), layout="constrained")
    """
    require("plot.style")
    import matplotlib as mpl

    return mpl.rc_context(STYLE)  # pyright: ignore[reportArgumentType]  # the type of keys is a list of literals


@contextmanager
def frame(ax: Axes | None, function: str, *, height: float, width: float = COLUMN) -> Generator[Axes, None, None]:
    """Yield the Axes to draw on: those given, or those of a new figure in the style of neurodeploy.

    `ax`: None for a new figure of pyplot. `function`: the name that is called. `height`, `width`: size of a new figure in
    inches. Raises DiagnosticError: ND002 (`ax` is something else), ND765 (matplotlib is not installed).
    """
    require(function)
    from matplotlib.axes import Axes

    needs(function, ax=(ax, (Axes, type(None))))
    if ax is not None:
        yield ax
        return
    import matplotlib.pyplot as plt

    with style():
        figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
        try:
            yield axes
        except DiagnosticError:
            plt.close(figure)
            raise


def tidy(ax: Axes, *, left: bool = True) -> None:
    """Remove the frame of the Axes but for the axes themselves. `left`: whether the y axis has a line and ticks."""
    ax.spines[["top", "right"]].set_visible(False)
    if not left:
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)


def colours(names: Iterable[str]) -> dict[str, str]:
    """Return a colour for each name, in their order; they repeat beyond the palette."""
    return {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(names)}


def one_of(function: str, name: str, value: object, choices: Sequence[str]) -> None:
    """Raise DiagnosticError, ND002, unless an argument is one of some words.

    `function`: the name that is called. `name`, `value`: its argument. `choices`: the words.
    """
    if value not in choices:
        message = f"argument '{name}': needs {' or '.join(repr(item) for item in choices)}, got {value!r}"
        raise DiagnosticError(function, (finding("ND002", about("function", function), message),))


def unknown(function: str, kind: str, name: object, known: Sequence[str]) -> Diagnostic:
    """Return ND767 for a name or number that does not exist.

    `kind`: what is named, such as "population". `known`: names, for a suggestion.
    """
    message = f"{kind} {name!r} does not exist"
    few = ", ".join(known[:8]) if known else "there is none"
    return finding("ND767", about("function", function), message, fixes=nearest(str(name), list(known)) or [few])


def nothing(function: str, subject: Subject, message: str, fix: str = "") -> DiagnosticError:
    """Return the error ND766: there is no data for the picture. `fix`: how to get it."""
    return DiagnosticError(function, (finding("ND766", subject, message, fixes=[fix] if fix else []),))


def prefix(value: float) -> tuple[float, str]:
    """Return (factor, SI prefix) in which a value is at least 1; `value`: 0 or above, in J or s."""
    prefixes = ((1.0, ""), (1e-3, "m"), (1e-6, "\N{MICRO SIGN}"), (1e-9, "n"), (1e-12, "p"))
    return next(((scale, letter) for scale, letter in prefixes if value >= scale), prefixes[-1])
