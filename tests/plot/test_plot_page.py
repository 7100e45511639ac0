"""Pages show the pictures that their code saves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import neurodeploy as nd

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"how-to/plot.md": "plot", "tutorial/what-does-it-cost.md": "cost"}
"""As in docs/figures/plot/make.py."""


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_that_a_page_saves_is_shown_and_stored_small(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    saved = set(re.findall(r'savefig\("(\w+\.png)"\)', text))
    shown = set(re.findall(rf"\]\(\.\./figures/{PAGES[page]}/(\w+\.png)\)", text))
    stored = {path.name: path.stat().st_size for path in (DOCS / "figures" / PAGES[page]).glob("*.png")}
    assert saved == shown == set(stored)
    assert max(stored.values()) <= 60_000
    script = (DOCS / "figures" / "plot" / "make.py").read_text(encoding="utf-8")
    assert f'"{page}": "{PAGES[page]}"' in script


def test_every_function_has_a_picture() -> None:
    page = (DOCS / "how-to" / "plot.md").read_text(encoding="utf-8")
    assert set(re.findall(r"nd\.plot\.(\w+)\(", page)) == set(nd.plot.__all__)
