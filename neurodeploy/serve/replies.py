"""Findings as replies of HTTP, and refusals of WebSockets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.serve.protocol.errors import error_json, error_text, status_of

__all__ = ["RETRY_S", "refusal", "send_refusal"]

RETRY_S = 1
"""Seconds after which a client that was refused for now should ask again."""
DENIAL = "websocket.http.response"
"""Extension of ASGI by which a WebSocket is refused with a reply of HTTP."""
POLICY = 1008
"""Code with which a WebSocket is closed that is not allowed."""
REASON_BYTES = 120
"""Bytes of the reason of a closed WebSocket."""
OF_STATUS: dict[int, dict[str, str]] = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": str(RETRY_S)}}
"""Headers that replies of a status have."""


def refusal(
    findings: Sequence[Diagnostic], status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the reply that says findings in the form of the protocol.

    `status`: by default the one of the first error's code. `headers`: further headers.
    """
    chosen = status_of(findings) if status is None else status
    given = {**OF_STATUS.get(chosen, {}), **(headers or {})}
    return Response(error_json(findings), chosen, given, media_type="application/json")


async def send_refusal(
    findings: Sequence[Diagnostic], status: int | None, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer a request with findings and end its connection; refuse a WebSocket with the same reply, before it is accepted.

    `status`: by default the one of the first error's code.
    """
    if scope["type"] == "http":
        await refusal(findings, status, {"Connection": "close"})(scope, receive, send)
    elif DENIAL in scope.get("extensions", {}):
        await refusal(findings, status)(scope, receive, send)
    else:
        reason = error_text(findings).encode()[:REASON_BYTES].decode(errors="ignore")
        await send({"type": "websocket.close", "code": POLICY, "reason": reason})
