"""Colours of the page in both themes, as custom properties of CSS.

Text has a contrast of at least 4.5:1 on `--paper` and `--panel`, marks of data one of at least 3:1 (WCAG 2.2, criteria 1.4.3
and 1.4.11). The series differ in lightness as well as hue, so that they are told apart without colour vision.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PALETTE", "Shade", "contrast", "theme_css"]


class Shade(NamedTuple):
    """One colour, as "#rrggbb", in the light and in the dark theme."""

    light: str
    dark: str


PALETTE: dict[str, Shade] = {
    "ink": Shade("#1b2430", "#e6ebf1"),
    "ink-soft": Shade("#566272", "#a3b0be"),
    "paper": Shade("#ffffff", "#12171e"),
    "panel": Shade("#f5f7fa", "#1a212b"),
    "line": Shade("#d5dce4", "#333e4b"),
    "accent": Shade("#0a5fb4", "#6ab4ff"),
    "warn": Shade("#8a5a00", "#f0b84a"),
    "error": Shade("#b3261e", "#ff8a80"),
    "good": Shade("#1a7040", "#5fd08f"),
    "series-1": Shade("#0a5fb4", "#6ab4ff"),
    "series-2": Shade("#b35200", "#f79a4b"),
    "series-3": Shade("#0b7d64", "#4fd1ae"),
    "series-4": Shade("#a33b86", "#ea9bd0"),
    "series-5": Shade("#7b6b00", "#dccb4c"),
    "series-6": Shade("#5144b8", "#aea6f7"),
    "series-7": Shade("#8c2f39", "#f58d96"),
    "series-8": Shade("#55616e", "#b4bec8"),
    "heat-0": Shade("#dfeaf4", "#1f3040"),
    "heat-1": Shade("#c3daee", "#24425c"),
    "heat-2": Shade("#9cc4e4", "#2b5679"),
    "heat-3": Shade("#6fa8d8", "#346c98"),
    "heat-4": Shade("#3374b1", "#4085b9"),
    "heat-5": Shade("#2368ad", "#5aa0d3"),
    "heat-6": Shade("#114a87", "#86bde6"),
    "heat-7": Shade("#0a3059", "#c4e1f6"),
}
"""Name of the custom property, without its dashes -> colour. `heat-0` to `heat-7` are steps from empty to full."""


def _luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb", from 0 to 1 (WCAG 2.2, definition of relative luminance)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours "#rrggbb", from 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _declared(theme: int) -> str:
    scheme = ("light", "dark")[theme]
    return f"color-scheme:{scheme};" + "".join(f"--{name}:{shade[theme]};" for name, shade in PALETTE.items())


def theme_css() -> str:
    """Return the custom properties: light, dark where the system or the reader asks for it, and light on paper."""
    light, dark = _declared(0), _declared(1)
    return (
        f":root{{{light}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
        f":root[data-theme=dark]{{{dark}}}"
        f"@media print{{:root,:root[data-theme=dark],:root:not([data-theme=light]){{{light}}}}}"
    )
