"""What a finding repeats of a file: quoted where a terminal would obey it, cut where it has no end. Knows no finding."""

from __future__ import annotations

import re

__all__ = ["shown"]

WORD_LETTERS, TEXT_LETTERS = 500, 4_000
"""Of one word without a space, which may be a path, and of one text."""
WORD_KEPT = 60
_LONG_WORD = re.compile(rf"\S{{{WORD_LETTERS + 1},}}")


def shown(text: str, *, lines: bool = False) -> str:
    """Return a text for people: control characters, escape sequences and half characters as \\x.., long words and texts cut.

    `lines`: line ends are the writer's own and stay.
    """
    if not text.isprintable():
        text = "".join(
            letter if letter.isprintable() or (lines and letter == "\n") else _quoted(letter) for letter in text
        )
    if len(text) > WORD_LETTERS:
        text = _LONG_WORD.sub(_cut_word, text)
    if len(text) > TEXT_LETTERS:
        text = f"{text[:TEXT_LETTERS]}... ({len(text):,} letters)"
    return text


def _quoted(letter: str) -> str:
    return letter.encode("unicode_escape", "backslashreplace").decode("ascii")


def _cut_word(match: re.Match[str]) -> str:
    word = match[0]
    return f"{word[:WORD_KEPT]}...{word[-WORD_KEPT // 2 :]} ({len(word):,} letters)"
