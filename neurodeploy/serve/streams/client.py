"""The client of a stream: its messages, and what it is told. It holds its stream only while it sends and reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.serve.options import Limits
from neurodeploy.serve.protocol.errors import error_json

__all__ = ["CLOSE", "Client", "ClientGoneError"]

CLOSE = {"ND942": 1013, "ND943": 1009, "ND944": 1007}
"""Code of a finding -> code with which the connection closes; 1008 for the others."""
REFUSED, DISCONNECTED = 1008, 1005
TEXT_BYTES = 1 << 16
"""Bytes of a text."""
M = TypeVar("M", str, bytes)


class ClientGoneError(Exception):
    """The client neither reads nor closes, so nothing more can be said to it."""


class Client:
    """One connection that was accepted. `ending`: set when the server ends."""

    def __init__(self, socket: WebSocket, limits: Limits, ending: asyncio.Event) -> None:
        self.socket, self.limits, self.ending = socket, limits, ending

    async def receive(self) -> str | bytes | None:
        """Return the next message; None once the server ends.

        Only then does the connection read on, so that a client that sends too fast has to wait.

        Raises DiagnosticError: ND937 (a silent client), ND943 (too large). Raises WebSocketDisconnect: the client has closed.
        """
        receiving = asyncio.ensure_future(self.socket.receive())
        ending = asyncio.ensure_future(self.ending.wait())
        seconds = self.limits.stream_idle_s
        try:
            await asyncio.wait({receiving, ending}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not receiving.done():
                if ending.done():
                    return None
                message = f"has sent nothing for {seconds:g} s"
                raise DiagnosticError("stream", (finding("ND937", about("stream"), message),))
            message = receiving.result()
        finally:
            receiving.cancel()
            ending.cancel()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", DISCONNECTED))
        text: str | None = message.get("text")
        return _within(message["bytes"], self.limits.frame_bytes) if text is None else _within(text, TEXT_BYTES)

    async def send(self, message: str | bytes) -> None:
        """Send a message once the client has read those before. Raises ClientGoneError: it reads nothing.

        Raises WebSocketDisconnect: it has closed.
        """
        await self._in_time(
            self.socket.send_text(message) if isinstance(message, str) else self.socket.send_bytes(message)
        )

    async def close(self, code: int) -> None:
        """End the connection."""
        await self._in_time(self.socket.close(code))

    async def refuse(self, found: tuple[Diagnostic, ...]) -> None:
        """Say what was wrong, and end the connection."""
        first = next((item.code for item in found if item.severity == "error"), "")
        try:
            await self.send(error_json(found).decode())
            await self.close(CLOSE.get(first, REFUSED))
        except (WebSocketDisconnect, ClientGoneError):
            return

    async def _in_time(self, sending: Awaitable[None]) -> None:
        try:
            await asyncio.wait_for(sending, self.limits.stream_idle_s)
        except asyncio.TimeoutError:
            raise ClientGoneError from None


def _within(message: M, most_bytes: int) -> M:
    """A message, unless it is too large."""
    if len(message) <= most_bytes:
        return message
    numbers: dict[str, Any] = {"found": len(message), "limit": most_bytes, "unit": "byte"}
    raise DiagnosticError("stream", (finding("ND943", about("stream"), "message is too large", **numbers),))
