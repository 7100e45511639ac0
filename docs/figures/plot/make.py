"""The pictures of pages whose code saves them, made by that code.

python docs/figures/plot/make.py
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import matplotlib as mpl
from PIL import Image

FIGURES = Path(__file__).resolve().parents[1]
DOCS = FIGURES.parent
PAGES = {"how-to/plot.md": "plot", "tutorial/what-does-it-cost.md": "cost"}
"""Page -> the folder of its pictures below docs/figures."""
BLOCK = re.compile(r"(?<!-->\n)^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DPI = 200
COLOURS = 128
"""Colours of a picture; lines and bars need no more, and files become small."""


def draw(page: str, folder: Path) -> None:
    """Run a page in a folder of its own, and keep its pictures in `folder` without dates and names of programs."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as there:
        shutil.copytree(DOCS.parent / "examples" / "digits", Path(there, "examples", "digits"))
        os.chdir(there)
        names: dict[str, object] = {"__name__": "page"}
        with mpl.rc_context({"savefig.dpi": DPI}):
            for code in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
                exec(compile(code, "<page>", "exec"), names)
        for path in sorted(Path(there).glob("*.png")):
            picture = Image.open(path).convert("RGB").quantize(COLOURS)
            picture.save(folder / path.name, optimize=True)
            print(f"{folder.name}/{path.name}", (folder / path.name).stat().st_size)
        os.chdir(DOCS)


if __name__ == "__main__":
    mpl.use("Agg")
    for page, folder in PAGES.items():
        draw(page, FIGURES / folder)
