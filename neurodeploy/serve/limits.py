"""How much a request may be: its samples and steps, which routes check, and its body, which is counted as it arrives."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.inference.nouns import InferRequest
from neurodeploy.serve.options import Limits
from neurodeploy.serve.protocol.suits import extent_of
from neurodeploy.serve.replies import send_refusal
from neurodeploy.serve.service import Service

__all__ = ["FAULT", "GONE", "BodyLimits", "over_limits", "over_size"]

FAULT = "neurodeploy.fault"
"""Key of a scope whose body will not arrive: (finding, status), set by the connection."""
GONE = "neurodeploy.gone"
"""Key of a scope: a function that returns whether the client has gone, set by the connection."""
DISCARDED_S = 1.0
"""Seconds for which the rest of a body that is too large is read and thrown away, so that the client gets to read why."""


def over_limits(model: Model, request: InferRequest, limits: Limits) -> tuple[Diagnostic, ...]:
    """Return what a request asks too much of, as far as it shows before its samples are encoded: ND913.

    What it asks for is read from its parameters, the shapes of its values, and the rows of its events.
    """
    return over_size(*extent_of(model, request), limits)


def over_size(samples: int, steps: int, limits: Limits) -> tuple[Diagnostic, ...]:
    """Return what is too much about samples that are each shown for a number of steps: ND913."""
    asked = (
        ("samples", "sample", samples, limits.samples),
        ("steps", "step", steps, limits.steps),
        ("samples times steps", "step", samples * steps, limits.sample_steps),
    )
    return tuple(
        finding(
            "ND913",
            about("request", field=what.replace(" ", "_")),
            f"asks for {found} {what}; the server allows {limit}",
            found=found,
            limit=limit,
            unit=unit,
            fixes=["send several smaller requests"],
        )
        for what, unit, found, limit in asked
        if found > limit
    )


class BodyLimits:
    """Middleware that counts the body of a request while it arrives, whatever its headers say of its length."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service
        self.limits = service.options.limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on. One whose body is too large, or too much together with others, gets 413 or 503."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(self.service, scope, receive)
        declared = _declared(scope)
        if declared is not None and declared > self.limits.body_bytes:
            if not _waits_for_leave(scope):
                await body.discard()
            await send_refusal((_too_large(declared, self.limits),), 413, scope, receive, send)
            return
        try:
            await self.app(scope, body.receive, body.sender(send))
        finally:
            self.service.held_bytes -= body.held


class _Body:
    """The body of a request, as far as it has arrived."""

    __slots__ = ("held", "receiver", "scope", "service", "status")

    def __init__(self, service: Service, scope: Scope, receive: Receive) -> None:
        self.service, self.scope, self.receiver = service, scope, receive
        self.held = 0
        self.status: int | None = None
        """Status of the reply if the body was not read to its end."""

    async def receive(self) -> Message:
        """Return the next part of the body. Raises DiagnosticError: ND913 (too large, late), ND915 (all bodies together),
        ND912 (no HTTP any more)."""
        message = await self.receiver()
        arrived = len(message.get("body", b""))
        self.held += arrived
        self.service.held_bytes += arrived
        limits = self.service.options.limits
        if self.held > limits.body_bytes:
            await self.discard()
            self._fail(_too_large(self.held, limits), 413)
        if self.service.held_bytes > limits.held_bytes:
            self._fail(_too_much(limits), 503)
        if FAULT in self.scope:
            self._fail(*self.scope[FAULT])
        return message

    def _fail(self, found: Diagnostic, status: int) -> None:
        self.status = status
        raise DiagnosticError("serve", (found,))

    async def discard(self) -> None:
        """Read the rest of the body for a short time, and keep nothing of it."""
        end_s = time.monotonic() + DISCARDED_S
        with contextlib.suppress(asyncio.TimeoutError):
            while (left_s := end_s - time.monotonic()) > 0:
                message = await asyncio.wait_for(self.receiver(), left_s)
                if message["type"] != "http.request" or not message.get("more_body"):
                    return

    def sender(self, send: Send) -> Callable[[Message], Awaitable[None]]:
        """Return what sends the reply, and ends the connection if the body was not read to its end."""

        async def sent(message: Message) -> None:
            if self.status is not None and message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
                message["status"] = self.status
            await send(message)

        return sent


def _declared(scope: Scope) -> int | None:
    """The length that the headers say; None if they say none. The parser of HTTP has refused what is not a number."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value)
    return None


def _waits_for_leave(scope: Scope) -> bool:
    """Whether the client sends the body only once it is asked to (Expect: 100-continue)."""
    return any(name == b"expect" for name, _ in scope["headers"])


def _too_large(found: int, limits: Limits) -> Diagnostic:
    message = f"has a body of {found} bytes or more; the server allows {limits.body_bytes}"
    fixes = ["send several smaller requests", "start the server with a larger --max-body"]
    return finding("ND913", about("request"), message, found=found, limit=limits.body_bytes, unit="byte", fixes=fixes)


def _too_much(limits: Limits) -> Diagnostic:
    message = (
        f"comes while the bodies of all requests take {limits.held_bytes} bytes, which is all the server gives them"
    )
    return finding("ND915", about("server"), message, fixes=["send the request again later"])
