"""A whole page from its sections: head, navigation, the sections, and a foot. It needs no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from neurodeploy.report.markup import element, text
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.shell import head, licence, plot_data, scripts, styles

__all__ = ["Heading", "document"]


class Heading(NamedTuple):
    """What stands above the sections and below them, as plain text."""

    title: str
    """Title of the window."""
    name: str
    """Heading of the page."""
    lead: str
    """Line below it."""
    foot: str = ""
    """Sentences of the foot, before the one on the network."""


def document(heading: Heading, sections: Sequence[Section], words: Mapping[str, str] | None = None) -> str:
    """Return the HTML of a page. Equal arguments give equal bytes.

    `heading`: texts above and below. `sections`: in the order of the page. `words`: name of a section -> word in the navigation,
    where it is shorter than the title.
    """
    plots = [plot for section in sections for plot in section.plots]
    css, code = styles(plots=bool(plots)), scripts(plots=bool(plots))
    foot = f"{heading.foot} Written by neurodeploy; this file makes no network request.".strip()
    body = element(
        "body",
        element("a", "Skip to the report", href="#main", class_="skip"),
        element(
            "header",
            element("h1", text(heading.name)),
            element("p", text(heading.lead), class_="lead"),
            class_="top",
        ),
        _navigation(sections, words or {}),
        element("main", *(_section(item) for item in sections), id="main"),
        element("footer", text(foot), class_="foot"),
        plot_data(plots) + licence() if plots else "",
        *(element("script", item) for item in code),
    )
    return f"<!doctype html>\n{element('html', head(heading.title, css, code), body, lang='en')}\n"


def _navigation(sections: Sequence[Section], words: Mapping[str, str]) -> str:
    named = ((item.name, words.get(item.name, item.title)) for item in sections)
    links = "".join(element("li", element("a", text(word), href=f"#{name}")) for name, word in named)
    button = element("button", "Theme: auto", id="theme", type="button", hidden=True)
    return element("nav", element("div", element("ul", links), button, class_="bar"), aria_label="Sections")


def _section(item: Section) -> str:
    heading = element("h2", text(item.title), id=f"{item.name}-title")
    return element("section", heading, item.body, id=item.name, aria_labelledby=f"{item.name}-title")
