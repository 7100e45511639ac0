"""HTML and SVG as text: escaped, and the same bytes for the same input."""

from __future__ import annotations

from html import escape

__all__ = ["element", "number", "text"]

CASED = frozenset({"viewBox", "preserveAspectRatio"})
"""Attributes of SVG with capital letters."""
VOID = frozenset({"meta", "link", "br", "hr", "img", "input", "col"})
SELF_CLOSED = frozenset({"rect", "line", "path", "circle", "polyline", "polygon", "use"})


def text(value: object) -> str:
    """Return a value as escaped text."""
    return escape(str(value), quote=True)


def number(value: float) -> str:
    """Return a coordinate with at most two decimals, without trailing zeros."""
    shown = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if shown in ("-0", "") else shown


def element(tag: str, *children: str, **attributes: str | float | bool | None) -> str:
    """Return one element. `children`: markup, which is not escaped again. `attributes`: values are escaped; None and False
    are omitted, True is an attribute without a value; `class_` is `class`, and `_` inside a name is `-`.
    """
    written = [tag]
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        key = name.rstrip("_").replace("_", "-") if name not in CASED else name
        if value is True:
            written.append(key)
        else:
            shown = number(value) if isinstance(value, (int, float)) else text(value)
            written.append(f'{key}="{shown}"')
    opening = " ".join(written)
    if tag in VOID:
        return f"<{opening}>"
    if tag in SELF_CLOSED and not children:
        return f"<{opening}/>"
    return f"<{opening}>{''.join(children)}</{tag}>"
