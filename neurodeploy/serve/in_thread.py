"""A server in a thread of this process, for tests and notebooks."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

from neurodeploy.serve.inference.models import Models
from neurodeploy.serve.lifecycle import Server, make_server
from neurodeploy.serve.listening import address_of
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.server import opened
from neurodeploy.serve.service import Service

__all__ = ["running"]

FREE = ServeOptions(port=0)
SPARE_S = 10.0
"""Seconds that the end of a server may take beyond those in which it answers requests in progress."""


@contextmanager
def running(models: Models | Service, options: ServeOptions = FREE) -> Generator[str]:
    """Serve models in a thread while the context is open.

    `models`: what is served, or a service, whose own options hold then. `options`: by default a free port of 127.0.0.1.
    Yields the address, such as "http://127.0.0.1:40000". Requests in progress are answered before the context closes.

    Example:
        with running(load_models([Path("digits.ndp")])) as address:
            urllib.request.urlopen(f"{address}/v2/health/ready")

    Raises DiagnosticError: ND917, ND918, ND919, as `serve`.
    """
    service = models if isinstance(models, Service) else Service(models, options)
    listener, _ = opened(service.options)
    address = address_of(listener, service.options)
    up, failed = threading.Event(), list[BaseException]()
    server = make_server(service, up.set)
    thread = threading.Thread(target=_serve, args=(server, listener, up, failed), name="neurodeploy-serve", daemon=True)
    thread.start()
    try:
        up.wait()
        if not failed:
            yield address
    finally:
        server.should_exit = True
        thread.join(service.options.limits.drain_s + SPARE_S)
        listener.close()
    if failed:
        raise failed[0]


def _serve(server: Server, listener: object, up: threading.Event, failed: list[BaseException]) -> None:
    """Run the server, and keep what ends it otherwise than its end."""
    try:
        server.run(sockets=[listener])  # pyright: ignore[reportArgumentType]
    except BaseException as error:
        failed.append(error)
    finally:
        up.set()
