"""Standard streams that accept every character and never raise.

A closed pipe (`| head -1`), a full disk or a closed descriptor must not end a run whose files are still to be written: the
first error of a stream is kept and reported at the end, and further output is dropped.
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
"""Name of the codec error handler that replaces characters by plain ones."""
PLAIN: Mapping[str, str] = {
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{MICRO SIGN}": "u",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
}
"""Replacements of characters in our output that do not decompose to ASCII."""
ESCAPED_BYTE = range(0xDC80, 0xDD00)
"""Surrogates by which Python represents undecodable bytes of file names."""


def _plain(letter: str) -> str:
    if ord(letter) in ESCAPED_BYTE:
        return f"\\x{ord(letter) - 0xDC00:02x}"
    plain = PLAIN.get(letter) or unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return plain or letter.encode("ascii", "backslashreplace").decode()


def plain_letters(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: return plain replacements for unencodable characters, and the next position."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


codecs.register_error(ERRORS, plain_letters)


def tolerant(*streams: object) -> None:
    """Let text streams replace characters that their encoding does not contain."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


class Stream(io.FileIO):
    """A descriptor whose writes never raise; `lost` is the first error."""

    def __init__(self, descriptor: int, lost: OSError | None = None) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.lost = lost

    def write(self, content: Buffer, /) -> int:
        """Write the content; drop it after an error."""
        while self.lost is None:
            try:
                written: int | None = super().write(content)
            except OSError as error:
                self.lost = error
            else:
                if written is not None:
                    return written
                select.select((), (self,), ())  # a full non-blocking descriptor: wait
        return memoryview(content).nbytes


def fill_descriptors() -> None:
    """Open closed standard descriptors, so that no other file gets their numbers."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def guarded(descriptor: int, current: TextIO | None) -> tuple[TextIO, Stream]:
    """Return a text stream that replaces a standard one, and its descriptor. `current`: None if it was closed."""
    closed = OSError(errno.EBADF, os.strerror(errno.EBADF)) if current is None else None
    stream = Stream(descriptor, closed)
    encoding = getattr(current, "encoding", None) or "utf-8"
    by_line = bool(getattr(current, "line_buffering", False))
    return io.TextIOWrapper(io.BufferedWriter(stream), encoding, ERRORS, line_buffering=by_line), stream
