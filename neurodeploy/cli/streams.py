"""Command line: standard output and error that take every letter, and whose failure ends nothing and is known at the end.

A reader that leaves (`| head -1`), a full disk or a closed descriptor must not end a run whose files are still to be
written: the first fault of a stream is kept, and what is written after it is dropped.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Stream", "fill_descriptors", "guarded", "plain_letters", "tolerant"]

ERRORS = "neurodeploy-plain"
"""Name of the error handler of an encoding that writes what a terminal lacks in plain letters."""
PLAIN: Mapping[str, str] = {
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{MICRO SIGN}": "u",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
}
"""What of our own text is not ASCII, nor made of ASCII and an accent."""
ESCAPED_BYTE = range(0xDC80, 0xDD00)
"""Letters by which Python names the bytes of a file name that is no UTF-8."""


def _plain(letter: str) -> str:
    if ord(letter) in ESCAPED_BYTE:
        return f"\\x{ord(letter) - 0xDC00:02x}"
    near = PLAIN.get(letter) or unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return near or letter.encode("ascii", "backslashreplace").decode()


def plain_letters(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for letters that an encoding lacks, and where to go on; a handler of `codecs`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


codecs.register_error(ERRORS, plain_letters)


def tolerant(*streams: object) -> None:
    """Let streams write letters that their encoding lacks in other letters, where they can be told to."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


class Stream(io.FileIO):
    """A descriptor that is written to and raises nothing; `lost` is the first fault."""

    def __init__(self, descriptor: int, lost: OSError | None = None) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.lost = lost

    def write(self, content: Buffer, /) -> int:
        """Write, or drop what can no longer be written."""
        while self.lost is None:
            try:
                written: int | None = super().write(content)
            except OSError as error:
                self.lost = error
            else:
                if written is not None:
                    return written
                select.select((), (self,), ())  # it does not block, and is full: wait
        return memoryview(content).nbytes


def fill_descriptors() -> None:
    """Open the standard descriptors that are closed, so that no file takes their place and is written into by a print."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def guarded(descriptor: int, current: TextIO | None) -> tuple[TextIO, Stream]:
    """Return a text stream in the place of a standard one, and what knows of its faults. None: it was closed at the start."""
    closed = OSError(errno.EBADF, os.strerror(errno.EBADF)) if current is None else None
    stream = Stream(descriptor, closed)
    encoding = getattr(current, "encoding", None) or "utf-8"
    by_line = bool(getattr(current, "line_buffering", False))
    return io.TextIOWrapper(io.BufferedWriter(stream), encoding, ERRORS, line_buffering=by_line), stream
