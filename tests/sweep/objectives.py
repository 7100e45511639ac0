"""Objectives that worker processes import: they must be in a module."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def area(width, height):
    return {"area": width * height, "edge": 2 * (width + height)}


def slow(number, folder):
    """Takes a moment, and writes down that it has ended."""
    time.sleep(0.02)
    with open(Path(folder) / "ended.txt", "a", encoding="utf-8") as file:
        file.write(f"{number}\n")
    return {"square": number * number}


def deadly(number, folder):
    """Ends its process at number 3, always, and at number 5 the first time."""
    first = Path(folder) / "first"
    if number == 3 or (number == 5 and not first.exists()):
        first.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"square": number * number}


def picky(value):
    if value == "raises":
        raise ValueError("no such luck")
    return {"nan": {"x": float("nan")}, "inf": {"x": float("inf")}, "list": {"x": [1]}, "none": 3}.get(value, {"x": 1})
