"""Parts of sections: tables, cards of figures, notes, figures with a caption, and folded parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from neurodeploy.report.markup import element, number, text

__all__ = ["card", "cards", "drawing", "figure", "folded", "key", "note", "table", "tag"]


def note(sentence: str) -> str:
    """Return a paragraph in small, soft type. `sentence`: plain text."""
    return element("p", text(sentence), class_="note")


def tag(word: str, kind: str = "") -> str:
    """Return a word in a rounded frame. `kind`: good, warn, error, or empty."""
    return element("span", text(word), class_=f"tag {kind}".strip())


def card(name: str, value: str, more: str = "") -> str:
    """Return one figure of `cards`: `name`, `value`, and a line below; plain text."""
    lines = [element("span", text(name), class_="name"), element("span", text(value), class_="value")]
    return element("li", *lines, element("span", text(more), class_="more") if more else "")


def cards(items: Iterable[str]) -> str:
    """Return figures side by side. `items`: markup of `card`."""
    return element("ul", *items, class_="cards")


def folded(summary: str, body: str) -> str:
    """Return a part that opens on request, and on paper. `summary`: plain text; `body`: markup."""
    return element("details", element("summary", text(summary)), body)


def figure(drawing: str, caption: str) -> str:
    """Return a drawing with a caption, which scrolls where the page is narrow. `drawing`: markup; `caption`: plain text."""
    frame = element("div", drawing, class_="scroll", tabindex=0, role="region", aria_label=caption)
    return element("figure", frame, element("figcaption", text(caption)))


def key(items: Iterable[tuple[str, str]]) -> str:
    """Return the key of a drawing. `items`: (class of the colour, text)."""
    swatch = {"width": 12, "height": 12, "aria_hidden": "true"}
    marks = (
        (element("svg", element("rect", width=12, height=12, rx=2, class_=colour), **swatch), label)
        for colour, label in items
    )
    return element("ul", *(element("li", mark, text(label)) for mark, label in marks), class_="key")


def drawing(*parts: str, width: float, height: float, label: str, explored: bool = False) -> str:
    """Return an SVG in its own pixels.

    `parts`: its elements. `width`, `height`: of the drawing. `label`: what it shows, for screen readers. `explored`: its parts
    are reached with the arrow keys.
    """
    view = {"viewBox": f"0 0 {number(width)} {number(height)}", "width": width, "height": height}
    role = "group" if explored else "img"
    return element("svg", *parts, role=role, data_roving=explored, aria_label=label, **view)


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str = "",
    numbers: Iterable[int] = (),
    prose: Iterable[int] = (),
    tall: bool = False,
) -> str:
    """Return a table of plain text; the first column heads its row.

    `numbers`: columns that are aligned to the right. `prose`: columns that may wrap. `tall`: scrolls in a frame of its own.
    """
    kinds = {**dict.fromkeys(numbers, "n"), **dict.fromkeys(prose, "wrap")}
    top = "".join(
        element("th", text(name), class_="n" if kinds.get(at) == "n" else None, scope="col")
        for at, name in enumerate(heads)
    )
    body = "".join(element("tr", *(_cell(at, value, kinds.get(at)) for at, value in enumerate(row))) for row in rows)
    title = element("caption", text(caption)) if caption else ""
    whole = element("table", title, element("thead", element("tr", top)), element("tbody", body))
    label = caption or ", ".join(heads)
    return element(
        "div", whole, class_="scroll tall" if tall else "scroll", tabindex=0, role="region", aria_label=label
    )


def _cell(column: int, value: str, kind: str | None) -> str:
    if column == 0:
        return element("th", text(value), scope="row", class_=kind)
    return element("td", text(value), class_=kind)
