"""What can be wrong with a node, raised where it is seen and collected by the reader."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["Fault", "malformed", "too_large", "unsupported"]


class Fault(Exception):  # noqa: N818, it is no error of the program
    """A fault of one node; its finding is made when all nodes have been read."""

    def __init__(self, code: str, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fix = fix


def unsupported(message: str, fix: str = "") -> NoReturn:
    """Raise the fault of an operation that has no counterpart (ND800). `message`: what it does; `fix`: what to use instead."""
    raise Fault("ND800", message, fix)


def malformed(message: str) -> NoReturn:
    """Raise the fault of a node whose parts contradict each other (ND803). `message`: what contradicts what."""
    raise Fault("ND803", message)


def too_large(message: str, fix: str = "") -> NoReturn:
    """Raise the fault of a tensor or map above the limits (ND815). `message`: what; `fix`: what to do."""
    raise Fault("ND815", message, fix)
