"""The page on pictures shows what its code saves."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "plot.md").read_text(encoding="utf-8")
PICTURES = ROOT / "docs" / "figures" / "plot"


def test_every_picture_that_the_page_saves_is_shown_and_stored_small() -> None:
    saved = set(re.findall(r'savefig\("(\w+\.png)"\)', PAGE))
    shown = set(re.findall(r"\]\(\.\./figures/plot/(\w+\.png)\)", PAGE))
    stored = {path.name: path.stat().st_size for path in PICTURES.glob("*.png")}
    assert saved == shown == set(stored)
    assert max(stored.values()) <= 60_000


def test_every_function_has_a_picture() -> None:
    import neurodeploy as nd

    assert set(re.findall(r"nd\.plot\.(\w+)\(", PAGE)) == set(nd.plot.__all__)
