"""A line of the log for each request and event; no client writes a line of its own, and no reader of the log delays a request."""

from __future__ import annotations

import io
import json
import logging
import threading

import pytest
from asgi_calls import call, infer_body, tiny_service

from neurodeploy.diagnostics import about, finding
from neurodeploy.serve.app import make_app
from neurodeploy.serve.observing import logs

FORGED = '/v2/models/x\n{"time":"2020","level":"error"}\r\x1b[2J\u2028\x85'


@pytest.fixture
def written():
    """(configure a style, the lines written so far)."""
    stream = io.StringIO()

    def lines() -> list[str]:
        logs.close()
        return stream.getvalue().splitlines()

    yield (lambda style: logs.configure(style, stream)), lines
    logs.configure("off")


def test_a_request_is_one_line_of_json(written):
    configure, lines = written
    configure("json")
    service = tiny_service()
    reply = call(make_app(service), "POST", "/v2/models/tiny/infer", infer_body(), [("X-Request-Id", "my-id.1")])
    assert reply.headers["x-request-id"] == "my-id.1"
    (line,) = map(json.loads, lines())
    version = service.models.by_name["tiny"][0].version
    assert {name: line[name] for name in line if name not in ("time", "ms")} == {
        "level": "info",
        "event": "request",
        "id": "my-id.1",
        "method": "POST",
        "path": "/v2/models/tiny/infer",
        "status": 200,
        "model": "tiny",
        "version": version,
        "client": "127.0.0.1",
    }
    assert line["time"][10] == "T"
    assert line["time"][-1] == "Z"
    assert line["ms"] > 0


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_client_writes_no_line_of_its_own_and_no_secret_is_written(written, style):
    configure, lines = written
    configure(style)
    headers = [("X-Request-Id", "a\nforged"), ("Authorization", "Bearer secret-token")]
    reply = call(make_app(tiny_service()), "GET", FORGED + "x" * 1000, b"secret-body", headers)
    assert reply.headers["x-request-id"].isalnum()
    (line,) = lines()
    assert line.isascii()
    assert line.isprintable()
    assert "secret" not in line
    assert "hidden" not in line  # of the query
    assert len(line) < 600


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0af7-651916cd:43dd_8448.eb", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("", False),
        ("a b", False),
        ("a\n", False),
        ("é", False),
        (None, False),
    ],
)
def test_ids_of_clients_are_kept_if_they_are_harmless(given, kept):
    made = logs.request_id(given)
    assert (made == given) is kept
    assert 1 <= len(made) <= 64
    assert made.isascii()


def test_findings_are_data(written):
    configure, lines = written
    configure("json")
    found = finding("ND910", about("model", "digits"), "is not served here")
    logs.log_findings("reload", [found], model="digits", version=None)
    (line,) = map(json.loads, lines())
    assert (line["level"], line["event"], line["model"]) == ("warning", "reload", "digits")
    assert "version" not in line
    assert line["findings"][0]["code"] == "ND910"
    assert line["findings"][0]["subject"]["name"] == "digits"


def test_findings_as_text_stand_below_their_line(written):
    configure, lines = written
    configure("text")
    logs.log_findings("reload", [finding("ND910", about("model", "a\nb"), "is\x1b not served")], model="a b")
    first, *more = lines()
    assert first.endswith('Z warning reload model="a b"')
    assert more
    assert all(item.startswith("    ") and item.isprintable() for item in more)


@pytest.mark.parametrize("style", ["json", "text"])
def test_lines_of_uvicorn_go_the_same_way(written, style):
    configure, lines = written
    configure(style)
    try:
        raise ValueError("bad\nforged line")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("failed %s", "a\nb")
    first, *more = lines()
    if style == "json":
        line = json.loads(first)
        assert (line["logger"], line["event"], line["level"]) == ("uvicorn.error", "failed a\nb", "error")
        assert "forged line" in line["traceback"]
        assert more == []
    else:
        assert first.endswith("error failed a\\nb")
        assert all(item.startswith("    ") for item in more)


def test_off_writes_nothing(written):
    configure, lines = written
    configure("off")
    assert call(make_app(tiny_service()), "GET", "/v2/health/live").status == 200
    logs.log("ends")
    logging.getLogger("uvicorn.error").error("x")
    assert lines() == []


def test_an_error_of_the_server_is_a_line_of_an_error(written, monkeypatch):
    configure, lines = written
    configure("json")
    service = tiny_service()

    async def broken(*_: object) -> None:
        raise RuntimeError("internal")

    monkeypatch.setattr(service.batcher, "infer", broken)
    reply = call(make_app(service), "POST", "/v2/models/tiny/infer", infer_body())
    error, line = map(json.loads, lines())
    assert (line["level"], line["status"], reply.status) == ("error", 500, 500)
    assert error["event"].removeprefix("internal error ") in json.loads(reply.body)["error"]
    assert "RuntimeError: internal" in error["traceback"]
    assert b"RuntimeError" not in reply.body
    assert [labels[-1] for labels in service.metrics.requests] == [500]
    assert service.metrics.in_progress == 0


def test_a_reader_that_stands_still_delays_nobody():
    """The stream blocks at its first line; further lines wait, and are dropped and counted once too many do.

    The writer holds as many lines as may wait, besides those that do.
    """
    go_on = threading.Event()

    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            assert go_on.wait(30)
            return super().write(text)

    stream = Stuck()
    logs.configure("json", stream)
    sent = 3 * logs.QUEUED_LINES
    for number in range(sent):
        logs.log("event", number=number)
    dropped = logs.dropped()
    assert logs.QUEUED_LINES <= dropped < 2 * logs.QUEUED_LINES
    go_on.set()
    logs.close()
    logs.configure("off")
    assert len(stream.getvalue().splitlines()) == sent - dropped


def test_a_reader_that_is_gone_ends_nothing():
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    logs.configure("text", Gone())
    logs.log("event")
    logs.log("event")
    logs.close()
    logs.configure("off")
    assert logs.dropped() == 0  # counted by the writer that has ended
