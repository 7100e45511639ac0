"""The frame of the page: its head with the security policy, its styles and scripts.

The policy refuses every request, and runs only the styles and scripts whose SHA-256 it lists (W3C Content Security Policy
Level 3, section 2.3.1), so that text of a model can neither load nor run anything.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from importlib.resources import files

from neurodeploy.report.markup import element, text
from neurodeploy.report.page.palette import theme_css
from neurodeploy.report.page.section import Plot

__all__ = ["asset", "head", "licence", "plot_data", "scripts", "styles"]

UPLOT = ("uPlot.min.css", "uPlot.iife.min.js", "plots.js")
"""Files of interactive plots, which are written into pages that have any."""


def asset(name: str) -> str:
    """Return the text of a file that comes with the page. `name`: its name in the folder `assets`."""
    return files("neurodeploy.report.page.assets").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _compact(css: str) -> str:
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"/\*(?!!).*?\*/", "", css, flags=re.DOTALL)).strip()


def _without_layout(code: str) -> str:
    """A script of ours without indentation and lines of comments. It has no text over several lines."""
    return re.sub(r"^\s*(?://.*)?\n?", "", code, flags=re.MULTILINE).strip()


def styles(*, plots: bool) -> tuple[str, ...]:
    """Return the style sheets. `plots`: whether the page has interactive plots."""
    page = theme_css() + _compact(asset("page.css") + asset("plots.css"))
    return (asset(UPLOT[0]).strip(), page) if plots else (page,)


def scripts(*, plots: bool) -> tuple[str, ...]:
    """Return the scripts, in the order in which they run. `plots`: whether the page has interactive plots."""
    page = _without_layout(asset("page.js"))
    return (page, asset(UPLOT[1]).strip(), _without_layout(asset(UPLOT[2]))) if plots else (page,)


def _source(code: str) -> str:
    digest = hashlib.sha256(code.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _policy(css: Iterable[str], code: Iterable[str]) -> str:
    allowed = {"style-src": css, "script-src": code}
    listed = [f"{name} {' '.join(_source(item) for item in items)}" for name, items in allowed.items()]
    return "; ".join(["default-src 'none'", *listed, "img-src data:", "base-uri 'none'", "form-action 'none'"])


def head(title: str, css: tuple[str, ...], code: tuple[str, ...]) -> str:
    """Return the head of the page: `title`, the style sheets `css`, and a policy that allows them and the scripts `code`."""
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(css, code)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="generator", content="neurodeploy"),
        element("link", rel="icon", href="data:,"),
        element("title", text(title)),
        *(element("style", item) for item in css),
    )


def plot_data(plots: Iterable[Plot]) -> str:
    """Return the script element with the data of the plots, a JSON list that the drawing script reads."""
    listed = ",".join(f'{{"name":"{text(p.name)}","kind":"{text(p.kind)}","data":{p.as_json()}}}' for p in plots)
    return element("script", f"[{listed}]", type="application/json", id="plots")


def licence() -> str:
    """Return the licence of uPlot as a comment, because a page with plots is a copy of it."""
    return f"<!--\n{asset('uPlot.LICENSE').strip()}\n-->\n"
