"""A server's life: it starts, answers, drains and ends.

Told to end (SIGTERM, SIGINT), it says that it is not ready, refuses new requests with a reply, answers those in progress and
ends their connections, has streams closed, and only then stops to listen. What is not answered in time is given up. A second
signal ends the process at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Generator
from types import FrameType

import uvicorn

from neurodeploy.serve.app import make_app
from neurodeploy.serve.connection import Connection, make_connection_class
from neurodeploy.serve.service import Service
from neurodeploy.serve.streams.connection import StreamConnection

__all__ = ["Server", "make_server"]

LOG = logging.getLogger("neurodeploy.serve")
NOTICE_S = 0.25
"""Shortest time for which new requests are refused with a reply before the server stops to listen, if a client is there."""
LOOK_S = 0.02
"""Seconds between two looks at whether everything is answered."""
GIVEN_UP_S = 0.5
"""Seconds in which requests that are given up are told so."""
WATCHES = 8
"""Looks at all connections within the time in which a request must arrive."""


class Server(uvicorn.Server):
    """uvicorn's server, which takes no further request once it is told to end, and answers those that it has taken."""

    def __init__(self, config: uvicorn.Config, service: Service, on_start: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self.service, self.on_start = service, on_start
        self.signals = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections, and say so."""
        await super().startup(sockets)
        LOG.info("started", extra={"fields": {"pid": os.getpid()}})
        self.watch = asyncio.create_task(self._watch())
        if self.on_start is not None:
            self.on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuse what is new, answer what is in progress, give up what is not answered in time, and close."""
        service, loop = self.service, asyncio.get_running_loop()
        start_s, left_s = loop.time(), service.options.limits.drain_s
        LOG.info("ending", extra={"fields": {"in_progress": service.in_progress}})
        service.end()
        for connection in self.server_state.connections:
            if isinstance(connection, Connection) and not connection.idle:
                connection.shutdown()  # no further request after this one
        notice_s = NOTICE_S if self.server_state.connections else 0.0
        while (took_s := loop.time() - start_s) < max(left_s, notice_s):
            if service.in_progress == 0 and took_s >= notice_s:
                break
            await asyncio.sleep(LOOK_S)
        if service.in_progress:
            service.overran = True
            fields = {"unanswered": service.in_progress, "drain_s": left_s}
            LOG.warning("gave up requests that were not answered in time", extra={"fields": fields})
            for task in list(self.server_state.tasks):
                task.cancel()
            await asyncio.sleep(0)
        self.config.timeout_graceful_shutdown = GIVEN_UP_S  # pyright: ignore[reportAttributeAccessIssue]
        self.watch.cancel()
        await super().shutdown(sockets)

    async def _watch(self) -> None:
        """Look at all connections, and end those whose clients are late."""
        loop, pause_s = asyncio.get_running_loop(), min(1.0, self.service.options.limits.receive_s / WATCHES)
        while True:
            await asyncio.sleep(pause_s)
            now_s = loop.time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection):
                    connection.look(now_s)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Have signals end the server while it runs in the main thread; afterwards they do what they did before."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the server at the first signal, and the process at the second."""
        self.signals += 1
        self.should_exit = True
        if self.signals > 1:
            os._exit(128 + sig)  # workers of backends end with the process


def make_server(service: Service, on_start: Callable[[], None] | None = None) -> Server:
    """Return the server of a service. `on_start`: called once it accepts connections."""
    options, limits = service.options, service.options.limits
    config = uvicorn.Config(
        make_app(service),
        http=make_connection_class(limits),
        ws=StreamConnection,
        ws_max_size=limits.frame_bytes,
        ws_per_message_deflate=False,
        ws_ping_interval=None,  # an answer waits behind the events that a client has sent ahead
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=limits.keep_alive_s,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.private_key,
        workers=1,  # more would be other processes, in which a model is loaded again
    )
    return Server(config, service, on_start)
