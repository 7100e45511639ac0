"""The application: the addresses of all groups, who may use them, and every error in the form of the protocol."""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketState

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.serve.auth import OPEN_PATHS, Access
from neurodeploy.serve.limits import GONE, BodyLimits
from neurodeploy.serve.observing.layer import Observing
from neurodeploy.serve.protocol.errors import error_text
from neurodeploy.serve.replies import REASON_BYTES, refusal, send_refusal
from neurodeploy.serve.routes import drift, health, inference, metrics, models, stream
from neurodeploy.serve.service import Service

__all__ = ["make_app"]

LOG = logging.getLogger("neurodeploy.serve")
INTERNAL_ERROR, POLICY = 1011, 1008
"""Codes with which a WebSocket is closed: an error of the server, and one of the client."""
LONGER_PATH = 7
"""Parts of the path of inference by a version, the empty one before the first slash included."""
MEANINGS = {
    404: "asks for '{path}', which is no address of this server",
    405: "uses {method}, which '{path}' does not have",
}
"""Status -> what is wrong with a request that no address takes."""


def make_app(service: Service) -> ASGIApp:
    """Return the application of a service."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with service.reloader.watching(files=service.options.watch):
            _spare_old_objects()
            yield
        service.end()
        await service.closed(service.options.limits.drain_s)

    groups = (health, inference, models, metrics, drift, stream)
    routes = [route for group in groups for route in group.routes(service)]
    handlers: dict[Any, Any] = {DiagnosticError: _refused, HTTPException: _no_address, ClientDisconnect: _gone}
    every = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    return Observing(Gate(BodyLimits(Front(every, inference.routes(service)), service), service), service)


def _spare_old_objects() -> None:
    """Leave what exists by now out of the collector's walks: programs and modules stay, and a walk over them stops all requests
    for as long as a hundred of them take."""
    gc.collect()
    gc.freeze()


class Front:
    """Requests of inference to their function, and all others to the router, whose layers take longer than reading a request."""

    def __init__(self, app: ASGIApp, routes: list[Route]) -> None:
        self.app = app
        self.by_length = {route.path.count("/"): route for route in routes}
        """Parts of a path -> the address that has so many."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        route = self._route_of(scope)
        if route is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = route
        try:
            await route.endpoint(scope, receive, send)
        except DiagnosticError as error:
            await _said(error)(scope, receive, send)
        except ClientDisconnect:
            return

    def _route_of(self, scope: Scope) -> Route | None:
        """The address of inference that a request is for, whose parameters are noted; None if it is for another."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return None
        parts = scope["path"].split("/")
        if parts[-1] != "infer" or len(parts) - 1 not in self.by_length or parts[1:3] != ["v2", "models"]:
            return None
        if len(parts) == LONGER_PATH and parts[4] != "versions":
            return None
        scope["path_params"] = (
            {"name": parts[3]} if len(parts) < LONGER_PATH else {"name": parts[3], "version": parts[5]}
        )
        return self.by_length[len(parts) - 1]


class Gate:
    """Middleware that lets a request in or answers it, counts those in progress, and answers what fails unexpectedly."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service
        self.access = Access(service.options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it is not allowed, or the server ends."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        service = self.service
        refused = self.access.refused(scope)
        if refused is None and service.ending.is_set() and scope["path"] not in OPEN_PATHS:
            refused = _ending(), 503
        if refused is not None:
            await send_refusal((refused[0],), refused[1], scope, receive, send)
            return
        service.in_progress += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            service.in_progress -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer for it if it fails unexpectedly or is given up."""
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            if not started and self.service.ending.is_set() and message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            started = True
            await send(message)

        try:
            await self.app(scope, receive, sent)
        except asyncio.CancelledError:
            if started or not self.service.ending.is_set():
                raise
            await send_refusal((_given_up(),), 503, scope, receive, send)
        except Exception as error:
            if GONE in scope and scope[GONE]():
                return
            found = _internal(error)
            if not started:
                await send_refusal((found,), 500, scope, receive, send)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": INTERNAL_ERROR, "reason": _reason((found,))})


def _internal(error: Exception) -> Diagnostic:
    """The finding of an unexpected exception, which only the log describes, under a number that both have."""
    number = secrets.token_hex(4)
    LOG.error("internal error %s", number, exc_info=error)
    fix = f"look for {number} in the log of the server, and report what is there"
    return finding("ND901", about("server"), f"internal error {number}", fixes=[fix])


def _ending() -> Diagnostic:
    fixes = ["send the request again, to another server or after the restart"]
    return finding("ND921", about("server"), "ends, and takes no more requests", fixes=fixes)


def _given_up() -> Diagnostic:
    fixes = ["send the request again, to another server or after the restart"]
    return finding("ND921", about("server"), "had to end before the request was answered", fixes=fixes)


def _reason(findings: tuple[Diagnostic, ...]) -> str:
    """The reason of a closed WebSocket, which is short."""
    return error_text(findings).encode()[:REASON_BYTES].decode(errors="ignore")


def _said(error: DiagnosticError) -> Response:
    """The reply that says findings."""
    later_s = getattr(error, "retry_after_s", None)
    return refusal(error.diagnostics, headers=None if later_s is None else {"Retry-After": str(later_s)})


async def _refused(asked: Request | WebSocket, error: Exception) -> Response | None:
    """The reply to a request with findings; a WebSocket is closed with them."""
    assert isinstance(error, DiagnosticError), "internal: registered for these"
    if isinstance(asked, Request):
        return _said(error)
    if asked.application_state is WebSocketState.CONNECTING:
        await send_refusal(error.diagnostics, None, asked.scope, asked.receive, asked.send)
    elif asked.application_state is WebSocketState.CONNECTED:
        await asked.close(POLICY, _reason(error.diagnostics))
    return None


async def _no_address(asked: Request | WebSocket, error: Exception) -> Response | None:
    """The reply to a request that no address takes, or not with its method."""
    assert isinstance(error, HTTPException), "internal: registered for these"
    path, method = asked.scope["path"], asked.scope.get("method", "")
    message = MEANINGS.get(error.status_code, "cannot be answered").format(path=path, method=method)
    found = finding("ND912", about("request"), message, fixes=["GET /v2/models lists what is served"])
    if isinstance(asked, Request):
        return refusal((found,), error.status_code, error.headers)
    await send_refusal((found,), error.status_code, asked.scope, asked.receive, asked.send)
    return None


async def _gone(_: Request | WebSocket, __: Exception) -> Response | None:
    """Nothing: the client is gone."""
    return Response(status_code=400)
