"""The pictures of docs/how-to/plot.md, made by the code of that page.

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

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
BLOCK = re.compile(r"(?<!-->\n)^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DPI = 200
COLOURS = 128
"""Colours of a picture; lines and bars need no more, and files become small."""


def main() -> None:
    """Run the page in a folder of its own, and keep its pictures without dates and names of programs."""
    page = (ROOT / "docs" / "how-to" / "plot.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "examples" / "digits", Path(folder, "examples", "digits"))
        os.chdir(folder)
        names: dict[str, object] = {"__name__": "page"}
        with mpl.rc_context({"savefig.dpi": DPI}):
            for code in BLOCK.findall(page):
                exec(compile(code, "<page>", "exec"), names)
        for path in sorted(Path(folder).glob("*.png")):
            picture = Image.open(path).convert("RGB").quantize(COLOURS)
            picture.save(HERE / path.name, optimize=True)
            print(path.name, (HERE / path.name).stat().st_size)
        os.chdir(ROOT)


if __name__ == "__main__":
    main()
