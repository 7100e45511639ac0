"""The pictures of examples of learning, made by the examples.

python docs/figures/learning/make.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parent
EXAMPLES = FOLDER.parents[2] / "examples"
COLOURS, MOST_COLUMNS = 64, 1400
"""Colours and width of a picture; more is not seen, and files become large."""


def make(example: Path) -> None:
    """Run an example in a folder of its own, and keep its picture."""
    with tempfile.TemporaryDirectory() as there:
        subprocess.run([sys.executable, str(example)], cwd=there, check=True)
        for path in Path(there).glob("*.png"):
            picture = Image.open(path).convert("RGB")
            picture.thumbnail((MOST_COLUMNS, MOST_COLUMNS))
            picture.quantize(COLOURS).save(FOLDER / path.name, optimize=True)


if __name__ == "__main__":
    for found in sorted(EXAMPLES.glob("learning_*.py")):
        make(found)
