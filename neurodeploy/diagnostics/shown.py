"""Text quoted from files, made safe to print: control characters are escaped, long text is cut."""

from __future__ import annotations

import re

__all__ = ["shown"]

WORD_LETTERS, TEXT_LETTERS = 500, 4_000
"""Longest word, which may be a path, and longest text, in characters."""
WORD_KEPT = 60
_LONG_WORD = re.compile(rf"\S{{{WORD_LETTERS + 1},}}")


def shown(text: str, *, lines: bool = False) -> str:
    """Return the text with control characters and lone surrogates escaped, and with long words and texts cut.

    `lines`: keep line ends.
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
