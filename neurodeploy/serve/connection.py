"""A connection: what uvicorn makes of HTTP, with limits on how long and how much a client may send before it is answered.

uvicorn closes connections that are silent between two requests, but waits without end for the rest of a request, and its
parser takes headers of any length. A look at all connections, a few times in a second, ends those that are late; that costs a
request nothing but the time of its last byte.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any

from starlette.responses import Response
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.serve.limits import FAULT, GONE
from neurodeploy.serve.options import Limits
from neurodeploy.serve.replies import refusal

__all__ = ["Connection", "make_connection_class"]

SLOWEST_BYTES_S = 64 << 10
"""Bytes of a body that give it one second more."""
MOST_HEADERS = 256
"""Headers of a request, those behind a body in chunks included."""


class Connection(HttpToolsProtocol):
    """A connection of a client, and since when the server waits for something of it."""

    limits = Limits()
    cycle: Any
    """The last request whose headers are complete; None before the first."""
    headers: Any
    """Headers of the request that arrives; None before the first."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.refused = False
        """Whether it was answered for the last time; what arrives after that is not read."""
        self.in_head = False
        """Whether a part of the headers of a request has arrived, and nothing else of it."""
        self.since_s = self.loop.time()
        """When the request that is awaited or arriving began."""
        self.arrived_bytes = 0
        """Bytes of it that have arrived."""
        self.stalled_s: float | None = None
        """Since when the client has not read what it is sent."""

    @property
    def idle(self) -> bool:
        """Whether no request is in progress: none has come, or its headers are not complete, or the last one is answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection. One too many ends the idle one that has waited longest, or is refused."""
        super().connection_made(transport)
        if len(self.connections) <= self.limits.connections:
            return
        waiting = [item for item in self.connections if isinstance(item, Connection) and item is not self]
        waiting = [item for item in waiting if item.idle and not item.transport.is_closing()]
        if waiting:
            min(waiting, key=lambda item: item.since_s).transport.close()
        else:
            self.refuse(_too_many(self.limits), 503)

    def data_received(self, data: bytes) -> None:
        """Read what a client sends, up to the limit of headers."""
        if self.refused:
            return
        before = self.cycle
        in_body = before is not None and before.more_body
        super().data_received(data)
        if self.cycle is not before:
            self.in_head, self.since_s, self.arrived_bytes = False, self.loop.time(), 0
        elif not in_body and not self.in_head:
            self.in_head, self.arrived_bytes = True, 0
            self.since_s = self.since_s if before is None else self.loop.time()
        self.arrived_bytes += len(data)
        too_long = self.in_head and self.arrived_bytes > self.limits.head_bytes
        if not self.refused and (too_long or self._too_many_headers):
            self.refuse(_long_head(self.limits), 431)

    @property
    def _too_many_headers(self) -> bool:
        """Whether a request has too many headers so far, those behind its body included."""
        return self.headers is not None and len(self.headers) > MOST_HEADERS

    def on_headers_complete(self) -> None:
        """Begin to answer a request, unless it has too many headers."""
        if self._too_many_headers and not self.refused:
            self.refuse(_long_head(self.limits), 431)
        if not self.refused:
            self.scope[GONE] = self.gone  # type: ignore[typeddict-unknown-key]
            super().on_headers_complete()

    def gone(self) -> bool:
        """Return whether the client has gone. uvicorn learns it a moment later than writing to it fails."""
        if self.transport.is_closing():
            self.cycle.disconnected = True
        return self.transport.is_closing()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Answer a client that has ended its own side after a whole request; close the connection of any other."""
        if self.idle or self.cycle.more_body or self.scheme == "https":  # TLS has no half-closed connections
            return None
        self.cycle.keep_alive = False
        return True

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, in the form of all errors."""
        self.refuse(finding("ND912", about("request"), f"is not HTTP: {msg}"), 400)

    def look(self, now_s: float) -> None:
        """End the connection if its client is late. Called a few times in a second."""
        if self.flow.write_paused:
            self.stalled_s = now_s if self.stalled_s is None else self.stalled_s
            if now_s - self.stalled_s > self.limits.receive_s:
                self._cut()
            return
        self.stalled_s = None
        if self.pipeline or self.flow.read_paused:  # the client waits for the server
            self.since_s = now_s
        waited_s = now_s - self.since_s
        if waited_s <= self.limits.receive_s or self.transport.is_closing():
            return
        if self.idle:
            self._end_late_head()
        elif self.cycle.more_body and waited_s > self.limits.receive_s + self.arrived_bytes / SLOWEST_BYTES_S:
            self.refuse(_late_body(self.limits), 408)

    def _cut(self) -> None:
        """Close the connection and drop what its client has not read; the system would keep that for minutes."""
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _end_late_head(self) -> None:
        """End a connection on which no request came, or the start of one, or the rest of one that is answered already."""
        if self.in_head:
            self.refuse(_late_head(self.limits), 408)
        elif self.cycle is None or self.cycle.more_body:
            self.transport.close()

    def refuse(self, found: Diagnostic, status: int) -> None:
        """Answer with a finding once what is in progress is answered, and read no further."""
        self.refused = True
        if not self.idle:
            self.cycle.keep_alive = False
            if self.cycle.more_body:  # the request is not whole, and never will be
                self.scope[FAULT] = (found, status)  # type: ignore[typeddict-unknown-key]
                self.cycle.message_event.set()
            return
        scope: Any = {"type": "http", "method": "GET", "http_version": "1.1", "path": "", "headers": []}
        self.cycle = RequestResponseCycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self.on_response_complete,
        )
        self.cycle.more_body = False
        reply: Response = refusal((found,), status, {"Connection": "close"})
        task = self.loop.create_task(self.cycle.run_asgi(reply))  # type: ignore[arg-type]
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)


def make_connection_class(limits: Limits) -> type[Connection]:
    """Return the class of connections with the limits of a server."""
    return type("Connection", (Connection,), {"limits": limits})


def _too_many(limits: Limits) -> Diagnostic:
    message = f"has {limits.connections} connections with requests in progress, and takes no more"
    return finding("ND915", about("server"), message, fixes=["send the request again later"])


def _long_head(limits: Limits) -> Diagnostic:
    message = f"has headers of more than {limits.head_bytes} bytes, or more than {MOST_HEADERS} of them"
    return finding("ND913", about("request"), message, limit=limits.head_bytes, unit="byte")


def _late_body(limits: Limits) -> Diagnostic:
    message = f"did not arrive whole within {limits.receive_s:g} s"
    return finding("ND913", about("request"), message, limit=limits.receive_s, unit="s", fixes=["send it faster"])


def _late_head(limits: Limits) -> Diagnostic:
    message = f"did not send its headers within {limits.receive_s:g} s"
    return finding("ND913", about("request"), message, limit=limits.receive_s, unit="s", fixes=["send them faster"])
