"""The log: one line for each request and event, as JSON or text, on the standard error.

A line holds what the server decided, never a token, a query string or a body. Characters that would end a line or steer a
terminal are escaped, so that no client can write a line of its own.
"""

from __future__ import annotations

import atexit
import json
import logging
import queue
import re
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timezone
from functools import lru_cache
from random import getrandbits
from typing import Literal, NamedTuple, TextIO

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.render import render, to_plain

__all__ = [
    "ACCESS",
    "EVENTS",
    "LogStyle",
    "Logged",
    "close",
    "configure",
    "dropped",
    "log",
    "log_findings",
    "request_id",
]

LogStyle = Literal["json", "text", "off"]
Logged = str | int | float | bool | None | list[dict[str, object]]
"""Values of the fields of a line."""
EVENTS = logging.getLogger("neurodeploy.serve")
"""What happens to the server."""
ACCESS = logging.getLogger("neurodeploy.serve.access")
"""One line for each request."""
UVICORN = logging.getLogger("uvicorn")
QUEUED_LINES = 10_000
"""Lines that wait for a slow reader of the log; further ones are dropped and counted, so that no request waits for it."""
TOGETHER_S = 0.05
"""Seconds in which lines gather that are written together."""
FLUSH_S = 2.0
"""Longest time for which the end of the server waits for the reader of the log."""
LONGEST_TEXT = 200
"""Characters of a field that a client chose."""
_ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,64}", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9._:+/@%-]+", re.ASCII)


def request_id(given: str | None) -> str:
    """Return the id of a request: the one `given` by X-Request-Id, if it has at most 64 harmless characters, else a new one."""
    return given if given is not None and _ID.fullmatch(given) else f"{getrandbits(64):016x}"


def log(event: str, *, level: int = logging.INFO, logger: logging.Logger = EVENTS, **fields: Logged) -> None:
    """Write a line of an `event`, a few words such as "reload", at a `level` of the standard library.

    `logger`: EVENTS or ACCESS. `fields`: what is known of it; None is left out.
    """
    if logger.isEnabledFor(level):
        _handle(logger, level, event, fields, ())


def log_findings(event: str, findings: Iterable[Diagnostic], *, level: int = logging.WARNING, **fields: Logged) -> None:
    """Write a line of an `event` with its `findings` as data, at a `level`. `fields`: what else is known of it."""
    if EVENTS.isEnabledFor(level):
        _handle(EVENTS, level, event, fields, tuple(findings))


def _handle(
    logger: logging.Logger, level: int, event: str, fields: dict[str, Logged], findings: tuple[Diagnostic, ...]
) -> None:
    """Pass a record on. It is made here because the logger would look up who called it, which takes longer than the rest."""
    if logger is ACCESS and _writers and not logger.handlers:
        _writers[-1].put(_Line(time.time(), level, event, fields))
        return
    record = logging.LogRecord(logger.name, level, "", 0, event, (), None)
    record.fields, record.findings = {name: item for name, item in fields.items() if item is not None}, findings
    logger.handle(record)


class _Line(NamedTuple):
    """A line of a request. The records of the standard library take as long to make as the rest of a request's line."""

    created_s: float
    level: int
    event: str
    fields: dict[str, Logged]


def _fields(record: logging.LogRecord) -> dict[str, Logged]:
    """The fields of a record that log() made; none of other records, such as those of uvicorn."""
    return getattr(record, "fields", {})


def _time(created_s: float) -> str:
    """When a line was made, ISO 8601 with milliseconds, UTC."""
    ms = int(created_s * 1000)
    return f"{_second(ms // 1000)}.{ms % 1000:03d}Z"


@lru_cache(8)
def _second(since: int) -> str:
    return datetime.fromtimestamp(since, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


class _JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        plain: dict[str, object] = {
            "time": _time(record.created),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        if record.name not in (EVENTS.name, ACCESS.name):
            plain["logger"] = record.name
        plain.update(_fields(record))
        found: tuple[Diagnostic, ...] = getattr(record, "findings", ())
        if found:
            plain["findings"] = [to_plain(item) for item in found]
        if record.exc_info:
            plain["traceback"] = self.formatException(record.exc_info)
        return _json(plain)

    @staticmethod
    def line(item: _Line) -> str:
        """The line of a request."""
        plain: dict[str, object] = {"time": _time(item.created_s), "level": _level(item.level), "event": item.event}
        plain.update((name, value) for name, value in item.fields.items() if value is not None)
        return _json(plain)


class _TextLines(logging.Formatter):
    """A record as one line of words; findings and tracebacks follow on lines that begin with spaces."""

    def format(self, record: logging.LogRecord) -> str:
        words = [_time(record.created), record.levelname.lower(), escaped(record.getMessage())]
        words += [f"{name}={_word(item)}" for name, item in _fields(record).items()]
        found: tuple[Diagnostic, ...] = getattr(record, "findings", ())
        more = [line for item in found for line in render(item).splitlines()]
        if record.exc_info:
            more += self.formatException(record.exc_info).splitlines()
        return "\n    ".join([" ".join(words), *(escaped(line) for line in more)])

    @staticmethod
    def line(item: _Line) -> str:
        """The line of a request."""
        words = [_time(item.created_s), _level(item.level), item.event]
        words += [f"{name}={_word(value)}" for name, value in item.fields.items() if value is not None]
        return " ".join(words)


def _level(number: int) -> str:
    return logging.getLevelName(number).lower()


def _json(plain: dict[str, object]) -> str:
    return json.dumps(plain, separators=(",", ":"), default=str)


def escaped(text: str) -> str:
    """Return a text without characters that end a line or steer a terminal: they are written as in JSON."""
    return text if text.isascii() and text.isprintable() else json.dumps(text)[1:-1]


def _word(value: Logged) -> str:
    """A value in a line of text; in quotes unless it is plain."""
    shown = f"{value:.3f}" if isinstance(value, float) else str(value)
    return shown if _PLAIN.fullmatch(shown) else json.dumps(shown)


class _Writer(logging.Handler):
    """Writes lines in a thread of its own, so that a reader of the log that is slow or stands still delays nobody."""

    def __init__(self, stream: TextIO, formatter: _JsonLines | _TextLines) -> None:
        super().__init__()
        self.stream, self.dropped = stream, 0
        self.formatter, self.line = formatter, formatter.line
        self.waiting = queue.SimpleQueue[logging.LogRecord | _Line | None]()
        self.thread = threading.Thread(target=self._write, name="neurodeploy-log", daemon=True)
        self.thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        self.put(record)

    def put(self, record: logging.LogRecord | _Line) -> None:
        """Write a record or a line, later."""
        if self.waiting.qsize() < QUEUED_LINES:
            self.waiting.put(record)
        else:
            self.dropped += 1

    def _write(self) -> None:
        """Write what waits a few times in a second: a thread that woke for every line would take turns with the requests."""
        going = True
        while going:
            waiting = [self.waiting.get()]
            time.sleep(TOGETHER_S)
            with suppress(queue.Empty):
                while waiting[-1] is not None and len(waiting) < QUEUED_LINES:
                    waiting.append(self.waiting.get_nowait())
            going = waiting[-1] is not None
            self._write_lines([item for item in waiting if item is not None])

    def _write_lines(self, items: list[logging.LogRecord | _Line]) -> None:
        for item in items:
            try:
                self.stream.write((self.line(item) if isinstance(item, _Line) else self.format(item)) + "\n")
            except (OSError, ValueError, TypeError):  # the reader is gone, or a message does not suit its arguments
                self.dropped += 1
        with suppress(OSError, ValueError):
            self.stream.flush()

    def close(self) -> None:
        self.waiting.put(None)
        self.thread.join(FLUSH_S)
        super().close()


_writers = list[_Writer]()
"""The writer in use, if any."""


def configure(style: LogStyle, stream: TextIO | None = None) -> None:
    """Write the log in a style from now on; uvicorn's own lines go the same way.

    `style`: json, text or off. `stream`: default: the standard error.
    """
    close()
    loggers = (EVENTS, UVICORN)
    if style == "off":
        for logger in loggers:
            logger.handlers, logger.propagate, logger.disabled = [logging.NullHandler()], False, True
        ACCESS.disabled = True
        return
    writer = _Writer(stream or sys.stderr, _JsonLines() if style == "json" else _TextLines())
    _writers.append(writer)
    for logger in loggers:
        logger.handlers, logger.propagate, logger.disabled = [writer], False, False
        logger.setLevel(logging.INFO)
    ACCESS.disabled = False


def close() -> None:
    """Write what waits, and end the log; without effect if it was not configured."""
    for logger in (EVENTS, UVICORN):
        logger.handlers = [item for item in logger.handlers if item not in _writers]
    while _writers:
        _writers.pop().close()


def dropped() -> int:
    """Return the lines that were dropped because the reader of the log is too slow or gone."""
    return sum(item.dropped for item in _writers)


atexit.register(close)
