"""Every request, from its first byte to the last of its reply: its id, its metrics, its line in the log and its spans."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neurodeploy.serve.observing import logs
from neurodeploy.serve.observing.seen import CURRENT, Seen
from neurodeploy.serve.observing.tracing import Tracing, find_tracing

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from neurodeploy.serve.service import Service

__all__ = ["Observing"]

STREAM = "STREAM"
"""What stands for the method of a stream, whose request lasts as long as the stream."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", STREAM})
"""Methods of HTTP that are told apart; the others count as "other"."""
CLOSED_BY_CLIENT = 499
"""Status under which a request is counted whose client has gone before its reply."""
ACCEPTED, REFUSED = 101, 403
"""Status of a stream that was opened, and of one that was closed before."""
ID_HEADER = b"x-request-id"


class Observing:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service
        self.tracing: Tracing | None = find_tracing()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of ASGI; lifespan events pass unseen."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        seen = Seen(logs.request_id(_given_id(scope)))
        token = CURRENT.set(seen)
        metrics, answers = self.service.metrics, int(scope["type"] == "http")
        metrics.in_progress += answers

        async def noted(message: Message) -> None:
            if not seen.status and (status := _status(message)):
                seen.status, seen.replied = status, perf_counter()
                if message["type"] != "websocket.close":
                    message = {**message, "headers": [*message.get("headers", ()), (ID_HEADER, seen.id.encode())]}
            await send(message)

        span = self.tracing.begin(Headers(scope=scope)) if self.tracing else None
        try:
            await self.app(scope, receive, noted)
        except Exception:
            seen.status = seen.status or 500
            raise
        finally:
            metrics.in_progress -= answers
            CURRENT.reset(token)
            self._done(scope, seen, span)

    def _done(self, scope: Scope, seen: Seen, span: Span | None) -> None:
        """Count and log a request that is answered, or whose client has gone."""
        done = perf_counter()
        seen.status = seen.status or CLOSED_BY_CLIENT
        route, model = route_of(scope), self._model_of(scope)
        given = _method(scope)
        method = given if given in METHODS else "other"
        self.service.metrics.request(route, method, model, seen.status, done - seen.begun)
        if logs.ACCESS.isEnabledFor(logging.INFO):
            _line(scope, seen, model, 1000 * (done - seen.begun))
        if span is not None and self.tracing is not None:
            self.tracing.end(span, f"{method} {route}", seen, model)

    def _model_of(self, scope: Scope) -> tuple[str, str]:
        """(name, version) of the served model that a request concerns; both empty if there is none."""
        chosen: dict[str, str] = scope.get("path_params") or {}
        versions = self.service.models.by_name.get(chosen.get("name", ""), ())
        wanted = chosen.get("version", "")
        for item in reversed(versions):
            if not wanted or wanted.startswith(item.version):
                return item.name, item.version
        return "", ""


def _status(message: Message) -> int:
    """The status with which a message begins a reply; 0 if it does not begin one."""
    kind = message["type"]
    if kind in ("http.response.start", "websocket.http.response.start"):
        return int(message["status"])
    return ACCEPTED if kind == "websocket.accept" else REFUSED if kind == "websocket.close" else 0


def _given_id(scope: Scope) -> str | None:
    """The header X-Request-Id."""
    for name, value in scope["headers"]:
        if name == ID_HEADER:
            return value.decode("latin-1")
    return None


def _method(scope: Scope) -> str:
    return str(scope["method"]) if scope["type"] == "http" else STREAM


def route_of(scope: Scope) -> str:
    """Return the address of a request with names of parameters in place of a client's words; "other" if there is none."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    if path:
        return str(path)
    return str(getattr(scope.get("endpoint"), "__name__", "other"))


def _line(scope: Scope, seen: Seen, model: tuple[str, str], ms: float) -> None:
    """Write the line of a request; it holds neither its query, which may have a token, nor its body."""
    client = scope.get("client")
    level = logging.ERROR if seen.status >= 500 and seen.status != 503 else logging.INFO
    logs.log(
        "request",
        level=level,
        logger=logs.ACCESS,
        id=seen.id,
        method=_method(scope)[: logs.LONGEST_TEXT],
        path=scope["path"][: logs.LONGEST_TEXT],
        status=seen.status,
        ms=round(ms, 3),
        model=model[0] or None,
        version=model[1] or None,
        client=client[0] if client else None,
    )
