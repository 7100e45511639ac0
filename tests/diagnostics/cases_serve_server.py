"""Triggers of findings about a server: what it listens on, who may use it, how much, and its end."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace

from pydantic import SecretStr

from neurodeploy.serve import extra, server
from neurodeploy.serve.auth import Access, open_to_others, read_token
from neurodeploy.serve.inference.models import Models
from neurodeploy.serve.limits import over_size
from neurodeploy.serve.listening import listen
from neurodeploy.serve.options import Limits, ServeOptions


def asked(options, **headers):
    """The findings with which a request is refused."""
    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    refused = Access(options).refused({"type": "http", "path": "/v2", "headers": named})
    return (refused[0],)


def without_extra(monkeypatch):
    """An installation without the web framework and the metrics."""
    have = extra.find_spec
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name in ("starlette", "uvicorn") else have(name))
    extra.require_extra()


def port_in_use(monkeypatch):
    """A socket whose port is taken, under a number that is always the same in the text."""

    def taken(*_):
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(socket.socket, "bind", taken)
    listen(ServeOptions())


def short_token():
    """A token that is guessed soon."""
    Path("token").write_text("secret\n")
    read_token(Path("token"))


def overran(monkeypatch):
    """A server that something kept from ending in time."""

    def late(service, _):
        def run(sockets):
            service.overran = True
            service.close()

        return SimpleNamespace(run=run)

    monkeypatch.setattr(server, "make_server", late)
    server.serve(Models({}), ServeOptions(port=0))


CASES = {
    "ND913": lambda _: over_size(8192, 1000, Limits()),
    "ND914": lambda _: asked(ServeOptions(token=SecretStr("x" * 16)), host="localhost", authorization="Bearer y"),
    "ND916": without_extra,
    "ND917": port_in_use,
    "ND918": lambda _: open_to_others(ServeOptions(host="0.0.0.0")),
    "ND919": lambda _: short_token(),
    "ND920": lambda _: asked(ServeOptions(), host="localhost:8000", origin="https://pages.example"),
    "ND921": overran,
}
